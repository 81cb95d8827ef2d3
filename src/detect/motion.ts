import { Fault } from '../base/fault.ts'
import { monoMs, type MonoMs } from '../base/time.ts'
import type { LumaFrame } from '../ports/camera.ts'
import { accept, compare, createBackground, learn, type Background, type Comparison } from './background.ts'
import { createBlobs, findBlobs, type Blobs } from './blobs.ts'
import { gridFor, readCells, type Grid } from './grid.ts'
import { createLight, measureLight, type Light } from './light.ts'
import { createMarks, markForeground, type Marks } from './marks.ts'
import {
  createTracks,
  followBlobs,
  isStill,
  type Moment,
  type Track,
  type TrackRules,
  type Tracks,
} from './tracks.ts'
import { watchedCells, type Zone } from './zones.ts'

export type MotionRules = {
  /** 0: only what is large and clear; 1: everything that moves. */
  readonly sensitivity: number
  readonly zones: readonly Zone[]
}

/** A part of the picture; all from 0 (left, top) to 1 (right, bottom). */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

export type MotionEvent =
  /** `at` is when it really began: some frames before it was certain. */
  | { readonly kind: 'motion-began'; readonly at: MonoMs }
  /** `at` is the last moment at which something moved. */
  | { readonly kind: 'motion-ended'; readonly at: MonoMs }

export type MotionResult = {
  readonly moving: boolean
  /** How certain it is that somebody is there, 0 to 1. */
  readonly score: number
  readonly boxes: readonly Box[]
  readonly events: readonly MotionEvent[]
}

export interface MotionDetector {
  step(frame: LumaFrame): MotionResult
}

/** All that the detector remembers of one camera; made anew when the size of the picture changes. */
type Memory = {
  readonly width: number
  readonly height: number
  readonly grid: Grid
  readonly background: Background
  readonly light: Light
  readonly comparison: Comparison
  readonly marks: Marks
  readonly blobs: Blobs
  readonly tracks: Tracks
  readonly watched: Uint8Array
  /** Values of this frame's cells, with their light and without. */
  readonly values: Float32Array
  readonly picture: Float32Array
  /** Who covers a cell: nobody (0), a visitor (1), or something unexplained (2). */
  readonly visitors: Uint8Array
  readonly rules: TrackRules
  readonly tolerance: number
  at: MonoMs
}

/** Movement that was reported and has not ended. */
type Spell =
  | { readonly phase: 'quiet'; readonly since: number }
  | { readonly phase: 'moving'; readonly movedAt: MonoMs }

const VISITOR = 1
const SUSPECT = 2

type Verdict = { readonly spell: Spell; readonly result: MotionResult }

const STILL: MotionResult = { moving: false, score: 0, boxes: [], events: [] }
const STEP_S_MAX = 2
/** Onsets are not looked for further back than this. */
const ONSET_MS_MAX = 1500
/** Movement with shorter breaks is one movement. */
const BREAK_MS_MAX = 1000
const MOVING_MS = 500

export function createMotionDetector(rules: MotionRules): MotionDetector {
  const { sensitivity } = rules
  if (!(sensitivity >= 0 && sensitivity <= 1))
    throw new Fault('invalid', `sensitivity: wanted a number from 0 to 1, got ${sensitivity}`)
  let memory: Memory | undefined
  let spell: Spell = { phase: 'quiet', since: -Infinity }
  return {
    step(frame) {
      checkFrame(frame)
      if (memory?.width !== frame.width || memory.height !== frame.height) {
        memory = beginMemory(frame, rules)
        const events = endSpell(spell)
        spell = { phase: 'quiet', since: frame.at }
        return { ...STILL, events }
      }
      if (frame.at <= memory.at) return STILL // Seen already, or out of order: time does not go back.
      const moment = momentOf(memory, frame)
      lookAt(memory, frame, moment, rules)
      const verdict = judge(memory, spell, moment)
      spell = verdict.spell
      return verdict.result
    },
  }
}

function checkFrame({ width, height, luma }: LumaFrame): void {
  if (width < 8 || height < 8 || luma.length < width * height)
    throw new Fault(
      'invalid',
      `luma picture: wanted ${width}×${height} bytes, 8×8 at least, got ${luma.length}`,
    )
}

function beginMemory(frame: LumaFrame, rules: MotionRules): Memory {
  const { width, height, at } = frame
  const grid = gridFor(frame)
  const values = new Float32Array(grid.cells)
  readCells(frame, grid, values)
  return {
    width,
    height,
    at,
    grid,
    values,
    rules: trackRules(grid, rules),
    tolerance: TOLERANCE * 2 ** (1 - 2 * rules.sensitivity),
    watched: watchedCells(rules.zones, grid),
    background: createBackground(grid, values),
    light: createLight(grid),
    comparison: { distance: new Float32Array(grid.cells), mode: new Uint8Array(grid.cells) },
    marks: createMarks(grid, values),
    blobs: createBlobs(grid),
    tracks: createTracks(grid),
    picture: new Float32Array(grid.cells),
    visitors: new Uint8Array(grid.cells),
  }
}

const TOLERANCE = 6
const AREA_CLEAR_SHARE = 0.0012

const trackRules = ({ cells }: Grid, { sensitivity }: MotionRules): TrackRules => ({
  areaClear: Math.max(4, cells * AREA_CLEAR_SHARE * 4 ** (1 - 2 * sensitivity)),
  visitorStillMs: 12_000,
  restStillMs: 2500,
  suspectStillMs: 1200,
  lostMs: 800,
})

const momentOf = (memory: Memory, { at }: LumaFrame): Moment => ({
  at,
  elapsedS: Math.min(STEP_S_MAX, (at - memory.at) / 1000),
})

function lookAt(memory: Memory, frame: LumaFrame, moment: Moment, { zones: _ }: MotionRules): void {
  const { grid, values, picture, light, background, comparison, marks, blobs, tracks, visitors, tolerance } =
    memory
  const { elapsedS } = moment
  memory.at = frame.at
  readCells(frame, grid, values)
  measureLight(light, values, background.means, visitors, grid)
  for (let i = 0; i < picture.length; i++) picture[i] = (values[i] ?? 0) - (light.field[i] ?? 0)
  compare(background, picture, tolerance, comparison)
  markForeground(
    marks,
    { picture, background, comparison, watched: memory.watched, visitors, tolerance, elapsedS },
    grid,
  )
  findBlobs(blobs, marks, Math.max(1, Math.round(grid.cols / 60)), grid)
  followBlobs(tracks, blobs, moment, memory.rules, grid)
  acceptStill(memory, moment)
  noteVisitors(memory)
  learn(background, {
    picture,
    light: light.field,
    comparison,
    foreground: marks.foreground,
    visitors,
    elapsedS,
  })
}

/** What came and stays without moving is background from now on. */
function acceptStill({ tracks, background, picture, rules }: Memory, { at }: Moment): void {
  for (let n = 0; n < tracks.list.length; n++) {
    const track = tracks.list[n]
    if (track === undefined || track.id === 0 || !isStill(track, at, rules)) continue
    track.id = 0
    for (let i = 0; i < picture.length; i++) {
      if (tracks.owners[i] === n + 1) accept(background, i, picture[i] ?? 0)
    }
  }
}

function noteVisitors({ visitors, tracks, marks }: Memory): void {
  for (let i = 0; i < visitors.length; i++) {
    const owner = tracks.owners[i] ?? 0
    const isVisitor = owner > 0 && tracks.list[owner - 1]?.phase === 'visitor'
    visitors[i] = isVisitor ? VISITOR : (marks.foreground[i] ?? 0) * SUSPECT
  }
}

function judge({ tracks, grid }: Memory, spell: Spell, { at }: Moment): Verdict {
  const visitors = tracks.list.filter(({ id, phase }) => id !== 0 && phase === 'visitor')
  const score = tracks.list.reduce(
    (most, { id, evidence, phase }) => Math.max(most, id === 0 ? 0 : phase === 'visitor' ? 1 : evidence),
    0,
  )
  const boxes = visitors.filter(({ label }) => label !== 0).map((track) => boxOf(track, grid))
  const movedAt = visitors.reduce((latest, track) => Math.max(latest, track.movedAt), -Infinity) as MonoMs
  if (spell.phase === 'quiet') {
    if (visitors.length === 0 || at - movedAt > MOVING_MS)
      return { spell, result: { moving: false, score, boxes, events: [] } }
    const since = Math.min(...visitors.map((track) => track.since))
    const began = monoMs(Math.max(since, spell.since, at - ONSET_MS_MAX))
    return {
      spell: { phase: 'moving', movedAt },
      result: { moving: true, score, boxes, events: [{ kind: 'motion-began', at: began }] },
    }
  }
  const latest = Math.max(movedAt, spell.movedAt) as MonoMs
  if (visitors.length === 0 && at - latest > BREAK_MS_MAX) {
    return {
      spell: { phase: 'quiet', since: latest },
      result: { moving: false, score, boxes, events: endSpell(spell) },
    }
  }
  return {
    spell: { phase: 'moving', movedAt: latest },
    result: { moving: at - latest <= MOVING_MS, score, boxes, events: [] },
  }
}

const endSpell = (spell: Spell): readonly MotionEvent[] =>
  spell.phase === 'quiet' ? [] : [{ kind: 'motion-ended', at: spell.movedAt }]

const boxOf = ({ left, right, top, bottom }: Track, { cols, rows }: Grid): Box => ({
  x: left / cols,
  y: top / rows,
  width: (right + 1 - left) / cols,
  height: (bottom + 1 - top) / rows,
})
