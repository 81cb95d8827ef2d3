import type { Readable } from 'node:stream'
import { Fault } from '../../base/fault.ts'
import type { Tool } from './run-tool.ts'

/** Ticks of which `timescale` are a second. */
export type TimedLuma = { readonly luma: Uint8Array; readonly pts: number; readonly timescale: number }

const TEXT_CHARS_MAX = 65_536

/**
 * Raw pictures from one pipe, and their times from the lines of `-f framecrc` on another: `#tb 0: 1/90000`, then
 * `stream, dts, pts, duration, size, checksum`. Throws the tool's `Fault` when it did not end well.
 */
export async function* framesWithTimes(
  tool: Pick<Tool, 'ended'>,
  {
    width,
    height,
    out,
    times,
  }: { readonly width: number; readonly height: number; readonly out: Readable; readonly times: Readable },
): AsyncGenerator<TimedLuma, void> {
  const stamps = stampsIn(times)
  try {
    for await (const luma of piecesOf(out, width * height)) {
      const { value, done } = await stamps.next()
      if (done === true) break
      yield { luma, ...value }
    }
  } catch (error) {
    await tool.ended // Why it ended says more than that its pipe broke.
    throw error
  } finally {
    times.destroy()
  }
  await tool.ended
}

async function* piecesOf(out: Readable, bytes: number): AsyncGenerator<Uint8Array, void> {
  let piece = new Uint8Array(bytes)
  let held = 0
  for await (const chunk of out) {
    if (!Buffer.isBuffer(chunk)) continue
    for (let at = 0; at < chunk.length;) {
      const taken = Math.min(bytes - held, chunk.length - at)
      piece.set(chunk.subarray(at, at + taken), held)
      held += taken
      at += taken
      if (held < bytes) continue
      yield piece
      piece = new Uint8Array(bytes)
      held = 0
    }
  }
}

async function* stampsIn(times: Readable): AsyncGenerator<Omit<TimedLuma, 'luma'>, void> {
  let rest = ''
  let timescale = 1
  for await (const chunk of times) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > TEXT_CHARS_MAX)
      throw new Fault('corrupt', 'wanted lines about pictures, got one without an end')
    for (const line of lines) {
      const [, num, den] = /^#tb 0: (\d+)\/(\d+)/.exec(line) ?? []
      if (num !== undefined) timescale = Number(den) / Number(num)
      if (line.startsWith('#')) continue
      const pts = Number(line.split(',')[2])
      if (Number.isFinite(pts)) yield { pts, timescale }
    }
  }
}
