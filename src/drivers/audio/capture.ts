import { Fault, isAbort, isFault, messageOf } from '../../base/fault.ts'
import { monoMs } from '../../base/time.ts'
import { OpusOggReader } from '../../media/index.ts'
import type { SoundPacket } from '../../ports/audio.ts'
import type { Clock } from '../../ports/clock.ts'
import { chunksOf, startTool } from '../ffmpeg/run-tool.ts'
import { inputArgs, whyMissing, type SoundSource } from './places.ts'

const PACKET_MS = 20
/** Packets come in jerks, sound does not: their times follow the samples, until they are this far from when they came. */
const DRIFT_MS_MAX = 100

/** One packet a page, and each page at once. */
const OPUS = [
  ...['-ac', '1', '-ar', '48000', '-c:a', 'libopus', '-application', 'voip', '-frame_duration', '20'],
  ...['-b:a', '32k', '-map_metadata', '-1', '-page_duration', '20000', '-flush_packets', '1'],
  ...['-f', 'ogg', 'pipe:1'],
] as const
const SOON = ['-v', 'error', '-nostdin', '-fflags', 'nobuffer', '-probesize', '5000'] as const

/** What the source sounds like, as ffmpeg and libopus encode it. */
export async function* captureSound(
  source: SoundSource,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<SoundPacket, void> {
  const input = inputArgs(source)
  if (input === undefined) throw new Fault('missing', whyMissing('microphone', source))
  await using tool = startTool('ffmpeg', [...SOON, ...input, ...OPUS], { failure: 'unavailable', signal })
  const reader = new OpusOggReader()
  let nextMs = -Infinity
  try {
    for await (const chunk of chunksOf(tool))
      for (const opus of reader.push(chunk)) {
        const cameMs = clock.mono() - PACKET_MS
        if (Math.abs(cameMs - nextMs) > DRIFT_MS_MAX) nextMs = cameMs
        yield { opus, at: monoMs(nextMs) }
        nextMs += PACKET_MS
      }
    throw new Fault('unavailable', 'the microphone gives no more sound')
  } catch (cause) {
    if (signal.aborted || isAbort(cause)) return
    if (isFault(cause, 'missing', 'corrupt')) throw cause
    throw new Fault('unavailable', whyMissing('microphone', source, messageOf(cause)), { cause })
  }
}

/** Whether the device can be opened now; undefined: it can, else why not. */
export async function tryMicrophone(source: SoundSource, signal: AbortSignal): Promise<string | undefined> {
  const input = inputArgs(source)
  if (input === undefined) return whyMissing('microphone', source)
  if (source.kind !== 'alsa') return undefined
  const args = ['-v', 'error', '-nostdin', ...input, '-frames:a', '1', '-f', 'null', '-']
  await using tool = startTool('ffmpeg', args, { failure: 'unavailable', signal })
  tool.stdout.resume()
  try {
    await tool.ended
    return undefined
  } catch (error) {
    if (isFault(error, 'missing')) return messageOf(error)
    return whyMissing('microphone', source, messageOf(error))
  }
}
