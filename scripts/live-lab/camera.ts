/** A camera that shows a film's packets over and over in real time, with a preroll, as the doorbell has them. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { monoMs, ticks, type MonoMs } from '../../src/base/time.ts'
import { openPackets, probeVideo } from '../../src/drivers/ffmpeg/index.ts'
import type { Packet, Track } from '../../src/ports/camera.ts'

export type Film = { readonly track: Track; readonly packets: readonly Omit<Packet, 'at'>[] }

/** All packets of a film; `name` below `test-fixtures/`, or an absolute path. */
export async function readFilm(name: string): Promise<Film> {
  const video = await probeVideo(resolve(import.meta.dirname, '../../test-fixtures', name))
  await using source = await openPackets(video)
  const packets: Omit<Packet, 'at'>[] = []
  for (let samples = await source.read(); samples.length > 0; samples = await source.read())
    packets.push(...samples)
  return { track: { codec: video.codec === 'hevc' ? 'hevc' : 'h264', ...source.init }, packets }
}

/** The film's packets from `startMs` on, round after round without end. */
export function* roundsOf({ track, packets }: Film, startMs: number): Generator<Packet, never> {
  const last = packets.at(-1)
  const [first] = packets
  if (first === undefined || last === undefined) throw new Error('the film is empty')
  const roundTicks = last.dts + last.duration - first.dts
  for (let round = 0; ; round++) {
    for (const packet of packets) {
      const shift = round * roundTicks - first.dts
      const [pts, dts] = [ticks(packet.pts + shift), ticks(packet.dts + shift)]
      yield { ...packet, pts, dts, at: monoMs(startMs + (pts / track.timescale) * 1000) }
    }
  }
}

export type Taker = { beginRun(track: Track): void; take(packet: Packet): void; endRun(): void }

/** Plays until aborted. `since` is what `prerollSince` of the doorbell is: the newest group of pictures. */
export function playFilm(
  film: Film,
  now: () => MonoMs,
): {
  readonly since: () => readonly Packet[]
  readonly keys: () => number
  run(taker: Taker, signal: AbortSignal): Promise<void>
} {
  let group: Packet[] = []
  let keys = 0
  return {
    since: () => group,
    keys: () => keys,
    async run(taker, signal) {
      const startMs = now()
      taker.beginRun(film.track)
      for (const packet of roundsOf(film, startMs)) {
        const waitMs = startMs + (packet.dts / film.track.timescale) * 1000 - now()
        if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {})
        if (signal.aborted) break
        if (packet.isKey) {
          group = []
          keys++
        }
        group.push(packet)
        taker.take(packet)
      }
      taker.endRun()
    },
  }
}
