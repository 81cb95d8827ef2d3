/** Opus packets (RFC 6716), as far as they can be told without decoding them. Opus always counts 48,000 samples a second. */

export const OPUS_HZ = 48_000
/** RFC 6716, 3.2.1: a frame has at most 1,275 bytes; a packet of 20 ms holds at most eight. */
const FRAME_BYTES_MAX = 1275
/** RFC 6716, 3.2.5 [R5]: a packet lasts at most 120 ms. */
const SAMPLES_MAX = 5760

/** How many samples a packet lasts; undefined when no Opus packet looks like this (RFC 6716, 3.1 and 3.2). */
export function opusSamples(packet: Uint8Array): number | undefined {
  const [toc, second] = packet
  if (toc === undefined) return undefined
  const frames = framesOf(toc, second)
  if (frames === undefined || packet.length > 2 + frames * (FRAME_BYTES_MAX + 2)) return undefined
  const samples = frames * frameSamples(toc >> 3)
  return samples > SAMPLES_MAX ? undefined : samples
}

function framesOf(toc: number, second: number | undefined): number | undefined {
  const code = toc & 3
  if (code === 0) return 1
  if (code < 3) return 2
  const count = second === undefined ? 0 : second & 0x3f
  return count === 0 ? undefined : count
}

/** RFC 6716, table 2: SILK 10, 20, 40, 60 ms; hybrid 10, 20 ms; CELT 2.5, 5, 10, 20 ms. */
function frameSamples(config: number): number {
  if (config < 12) return [480, 960, 1920, 2880][config & 3] ?? 960
  if (config < 16) return (config & 1) === 0 ? 480 : 960
  return 120 << (config & 3)
}
