import { monoMs, type MonoMs } from '../base/time.ts'
import type { Grid } from './grid.ts'
import type { Track } from './tracks.ts'

/** A part of the picture; all from 0 (left, top) to 1 (right, bottom). */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

export type MotionEvent =
  /** `at` is when it really began: some frames before it was certain. */
  | { readonly kind: 'motion-began'; readonly at: MonoMs }
  /** `at` is the last moment at which something moved; `hasLeft`: nobody stands there still. */
  | { readonly kind: 'motion-ended'; readonly at: MonoMs; readonly hasLeft: boolean }

export type MotionResult = {
  readonly moving: boolean
  /** How certain it is that somebody is there, 0 to 1. */
  readonly score: number
  readonly boxes: readonly Box[]
  readonly events: readonly MotionEvent[]
}

/** Movement that was reported and has not ended. */
export type Spell =
  | { readonly phase: 'quiet'; readonly since: number }
  /** `someoneStays`: one of them stood still for so long that it counts as background. */
  | { readonly phase: 'moving'; readonly movedAt: number; readonly someoneStays: boolean }

export const BEFORE_ALL: Spell = { phase: 'quiet', since: -Infinity }
export const STILL: MotionResult = { moving: false, score: 0, boxes: [], events: [] }

/** Onsets are not looked for further back than this. */
const ONSET_MS_MAX = 3000
/** Movement with shorter breaks is one movement. */
const BREAK_MS_MAX = 1000
/** For so long after the last change somebody still counts as moving. */
const MOVING_MS = 500

export type Verdict = { readonly spell: Spell; readonly result: MotionResult }

/** What the tracks of a frame mean: who is there, since when, and until when. */
export function judge(
  tracks: readonly Track[],
  spell: Spell,
  { at, stays }: { readonly at: MonoMs; readonly stays: boolean },
  grid: Grid,
): Verdict {
  const visitors = tracks.filter(({ id, phase }) => id !== 0 && phase === 'visitor')
  const boxes = visitors.filter(({ label }) => label !== 0).map((track) => boxOf(track, grid))
  const seen = { score: scoreOf(tracks), boxes }
  const movedAt = Math.max(-Infinity, ...visitors.map((track) => track.movedAt))
  if (spell.phase === 'quiet') {
    if (at - movedAt > MOVING_MS) return { spell, result: { ...seen, moving: false, events: [] } }
    const since = Math.min(...visitors.map((track) => track.since))
    const began = monoMs(Math.max(since, spell.since, at - ONSET_MS_MAX))
    const events = [{ kind: 'motion-began', at: began } as const]
    const next = { phase: 'moving', movedAt, someoneStays: stays } as const
    return { spell: next, result: { ...seen, moving: true, events } }
  }
  const latest = Math.max(movedAt, spell.movedAt)
  const someoneStays = spell.someoneStays || stays
  if (visitors.length === 0 && at - latest > BREAK_MS_MAX) {
    return {
      spell: { phase: 'quiet', since: latest },
      result: { ...seen, moving: false, events: endSpell({ ...spell, someoneStays }) },
    }
  }
  const moving = at - latest <= MOVING_MS
  return {
    spell: { phase: 'moving', movedAt: latest, someoneStays },
    result: { ...seen, moving, events: [] },
  }
}

export const endSpell = (spell: Spell): readonly MotionEvent[] =>
  spell.phase === 'quiet'
    ? []
    : [{ kind: 'motion-ended', at: monoMs(spell.movedAt), hasLeft: !spell.someoneStays }]

function scoreOf(tracks: readonly Track[]): number {
  let most = 0
  for (const { id, phase, evidence } of tracks) {
    if (id !== 0) most = Math.max(most, phase === 'visitor' ? 1 : Math.min(1, evidence / 2))
  }
  return most
}

const boxOf = ({ left, right, top, bottom }: Track, { cols, rows }: Grid): Box => ({
  x: left / cols,
  y: top / rows,
  width: (right + 1 - left) / cols,
  height: (bottom + 1 - top) / rows,
})
