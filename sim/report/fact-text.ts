/** What became of a press or a clip, for people. */
import type { ClipFact, PressFact } from '../trace.ts'
import { bytesText, momentText, spanText } from './moment-text.ts'

/** One fact a line. */
export function pressLines(press: PressFact, number: number): readonly string[] {
  const { pressedAtMs, chimedAtMs, acknowledgedAtMs, notifiedAtMs } = press
  const after = (what: string, atMs: number | undefined): string =>
    atMs === undefined
      ? `never ${what}`
      : `${what} at ${momentText(atMs)}, ${spanText(atMs - pressedAtMs)} later`
  return [
    `press ${number} at ${momentText(pressedAtMs)}`,
    after('chimed', chimedAtMs),
    after('in the outbox for good', acknowledgedAtMs),
    after('told to the household', notifiedAtMs),
  ]
}

/** One fact a line. */
export function clipLines(clip: ClipFact, number: number): readonly string[] {
  const at = (what: string, ms: number | undefined): string =>
    ms === undefined ? `never ${what}` : `${what} at ${momentText(ms)}`
  return [
    `clip ${number}, ${clip.id} of visit ${clip.visit}`,
    `footage from ${momentText(clip.fromMs)} to ${clip.toMs === undefined ? '?' : momentText(clip.toMs)}`,
    `${clip.parts} parts, ${bytesText(clip.bytes)}, ${clip.complete ? 'complete' : 'not complete'}, ended: ${clip.ended ?? 'never'}`,
    at('sealed', clip.sealedAtMs),
    at('uploaded', clip.uploadedAtMs),
    ...(clip.expired ? ['expired'] : []),
  ]
}
