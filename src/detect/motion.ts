import { Fault } from '../base/fault.ts'
import type { MonoMs } from '../base/time.ts'
import type { LumaFrame } from '../ports/camera.ts'
import { accept, compare, createBackground, learn, type Background, type Comparison } from './background.ts'
import { createBlobs, findBlobs, type Blobs } from './blobs.ts'
import { gridFor, readCells, type Grid } from './grid.ts'
import { viewOf, type MotionView } from './inspect.ts'
import { createLight, measureLight, type Light } from './light.ts'
import { createMarks, markForeground, type Marks } from './marks.ts'
import {
  createTracks,
  followBlobs,
  isLeftBehind,
  isStill,
  type Moment,
  type TrackRules,
  type Tracks,
} from './tracks.ts'
import { BEFORE_ALL, endSpell, judge, STILL, type MotionResult, type Spell } from './spell.ts'
import { watchedCells, type Zone } from './zones.ts'

export type MotionRules = {
  /** 0: only what is large and clear; 1: everything that moves. */
  readonly sensitivity: number
  readonly zones: readonly Zone[]
}

export interface MotionDetector {
  step(frame: LumaFrame): MotionResult
  /** What it holds for the empty view at the moment, for tuning; undefined before the first picture. */
  inspect(): MotionView | undefined
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
  /** How much of the picture stood out in the frame before. */
  share: number
  unsettledUntil: number
  /** A visitor, and not what he put down, has just become background. */
  stays: boolean
}

const STEP_S_MAX = 2
/**
 * More pictures a second are not looked at: from one to the next a slow walker moves by less than the noise, and every
 * rate from 7 to 60 sees the same.
 */
const STEP_MS_MIN = 140
export function createMotionDetector(rules: MotionRules): MotionDetector {
  const { sensitivity } = rules
  if (!(sensitivity >= 0 && sensitivity <= 1))
    throw new Fault('invalid', `sensitivity: wanted a number from 0 to 1, got ${sensitivity}`)
  let memory: Memory | undefined
  let spell: Spell = BEFORE_ALL
  let latest = STILL
  return {
    step(frame) {
      checkFrame(frame)
      if (memory?.width !== frame.width || memory.height !== frame.height) {
        memory = beginMemory(frame, rules)
        const events = endSpell(spell)
        spell = { phase: 'quiet', since: frame.at }
        latest = STILL
        return { ...STILL, events }
      }
      if (frame.at <= memory.at) return STILL // Seen already, or out of order: time does not go back.
      if (frame.at - memory.at < STEP_MS_MIN) return { ...latest, events: [] }
      const moment = lookAt(memory, frame)
      const verdict = judge(memory.tracks.list, spell, { at: moment.at, stays: memory.stays }, memory.grid)
      spell = verdict.spell
      latest = verdict.result
      return latest
    },
    inspect: () => memory && viewOf(memory.grid, memory.background, memory.marks.foreground),
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
    share: 0,
    unsettledUntil: -Infinity,
    stays: false,
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
  visitorStillMs: 4000,
  restStillMs: 1800,
  suspectStillMs: 1200,
  lostMs: 800,
})

const momentOf = (memory: Memory, { at }: LumaFrame): Moment => ({
  at,
  elapsedS: Math.min(STEP_S_MAX, (at - memory.at) / 1000),
  brightness: meanOf(memory.background.means.subarray(0, memory.grid.cells)),
})

function meanOf(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum / values.length
}

/** One frame after the other goes through the same stations; what they find is in `memory`. */
function lookAt(memory: Memory, frame: LumaFrame): Moment {
  const {
    grid,
    values,
    picture,
    light,
    background,
    comparison,
    marks,
    blobs,
    tracks,
    visitors,
    tolerance,
    watched,
  } = memory
  readCells(frame, grid, values)
  const moment = momentOf(memory, frame)
  const { elapsedS } = moment
  memory.at = frame.at
  measureLight(light, values, background.means, visitors, grid)
  for (let i = 0; i < picture.length; i++) picture[i] = (values[i] ?? 0) - (light.field[i] ?? 0)
  compare(background, picture, tolerance, comparison)
  markForeground(marks, { picture, background, comparison, watched, visitors, tolerance, elapsedS }, grid)
  if (noticeUpheaval(memory, moment.at)) acceptAll(memory)
  findBlobs(blobs, marks, Math.max(1, Math.round(grid.cols / 60)), grid)
  followBlobs(tracks, blobs, moment, memory.rules, grid)
  acceptStill(memory, moment)
  noteVisitors(memory)
  const { foreground } = marks
  learn(background, { picture, light: light.field, comparison, foreground, visitors, elapsedS })
  return moment
}

const UPHEAVAL_MS = 1500
/** What stands out in every quarter of the picture, and in the whole of it. */
const UPHEAVAL = { least: 0.15, whole: 0.4 }
const UNSETTLED_SHARE = 0.08

/**
 * The camera switched to infrared, was moved, or a lamp went on: suddenly all quarters of the picture are different.
 * Nobody fills all of it from one frame to the next, nor without having been noticed before. Afterwards the camera
 * takes a moment to settle.
 */
function noticeUpheaval(memory: Memory, at: MonoMs): boolean {
  const shares = quarterShares(memory.marks.foreground, memory.grid)
  const whole = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const isVisited = memory.tracks.list.some(({ id, phase }) => id !== 0 && phase === 'visitor')
  const isSudden = memory.share < UPHEAVAL.least || !isVisited
  memory.share = whole
  const isUpheaval = isSudden && whole > UPHEAVAL.whole && Math.min(...shares) > UPHEAVAL.least
  if (isUpheaval) memory.unsettledUntil = at + UPHEAVAL_MS
  return isUpheaval || (at < memory.unsettledUntil && whole > UNSETTLED_SHARE)
}

function quarterShares(foreground: Uint8Array, { cols, rows, cells }: Grid): readonly number[] {
  const counts = [0, 0, 0, 0]
  for (let y = 0, i = 0; y < rows; y++) {
    for (let x = 0; x < cols; x++, i++) {
      if (foreground[i] === 0) continue
      const quarter = (2 * y < rows ? 0 : 2) + (2 * x < cols ? 0 : 1)
      counts[quarter] = (counts[quarter] ?? 0) + 1
    }
  }
  return counts.map((count) => (4 * count) / cells)
}

function acceptAll({ marks, background, picture, tracks }: Memory): void {
  for (let i = 0; i < picture.length; i++) {
    if (marks.foreground[i] === 1) accept(background, i, picture[i] ?? 0)
  }
  marks.foreground.fill(0)
  for (const track of tracks.list) if (track.phase === 'suspect') track.id = 0
}

/** What came and stays without moving is background from now on. */
function acceptStill(memory: Memory, { at }: Moment): void {
  const { tracks, background, picture, rules } = memory
  memory.stays = false
  for (let n = 0; n < tracks.list.length; n++) {
    const track = tracks.list[n]
    if (track === undefined || track.id === 0 || !isStill(track, at, rules)) continue
    memory.stays ||= track.phase === 'visitor' && !isLeftBehind(track)
    track.id = 0
    for (let i = 0; i < picture.length; i++) {
      if (tracks.owners[i] === n + 1) accept(background, i, picture[i] ?? 0)
    }
  }
}

const VISITOR = 1
const SUSPECT = 2

function noteVisitors({ visitors, tracks, marks }: Memory): void {
  for (let i = 0; i < visitors.length; i++) {
    const owner = tracks.owners[i] ?? 0
    const isVisitor = owner > 0 && tracks.list[owner - 1]?.phase === 'visitor'
    visitors[i] = isVisitor ? VISITOR : (marks.foreground[i] ?? 0) * SUSPECT
  }
}
