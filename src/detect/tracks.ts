import { type MonoMs } from '../base/time.ts'
import { blameFor, blameOf, calmDown, createAlarms, type Alarms } from './alarms.ts'
import type { Blob, Blobs } from './blobs.ts'
import type { Grid } from './grid.ts'

/** Something that is followed from frame to frame: noise at first, a visitor when the evidence suffices. */
export type Track = {
  /** 0 when the place in the list is free. */
  id: number
  phase: 'suspect' | 'visitor'
  /** 1 makes a visitor. */
  evidence: number
  evidenceMost: number
  /** What the second sight of something fast would have been worth, had its course been known. */
  withheld: number
  since: MonoMs
  seenAt: MonoMs
  movedAt: MonoMs
  frames: number
  firstX: number
  firstY: number
  /** How far it went, with all detours, in cells. */
  path: number
  x: number
  y: number
  /** Cells per second. */
  speedX: number
  speedY: number
  area: number
  /** The largest it was lately. */
  areaMost: number
  /** What is left behind when something splits, or the place it has left. */
  isRest: boolean
  left: number
  top: number
  right: number
  bottom: number
  /** Label of the blob it is in this frame; 0 when it was not seen. */
  label: number
}

export const TRACKS_MAX = 48

export type Tracks = {
  readonly list: readonly Track[]
  nextId: number
  /** Which track (place in the list + 1) a cell belonged to in the frame before. */
  readonly owners: Uint8Array
  readonly shares: Int32Array
  readonly alarms: Alarms
}

export type TrackRules = {
  /** Cells of movement that make a clear case in one frame. */
  readonly areaClear: number
  /** Without movement for so long, a visitor is a thing, and a thing belongs to the background. */
  readonly visitorStillMs: number
  /** The same for what somebody left behind: a bottle on the table, or the place where it stood. */
  readonly restStillMs: number
  readonly suspectStillMs: number
  /** Out of sight for so long, it is gone. */
  readonly lostMs: number
}

export function createTracks(grid: Grid): Tracks {
  const { cells } = grid
  return {
    alarms: createAlarms(grid),
    list: Array.from({ length: TRACKS_MAX }, freeTrack),
    nextId: 1,
    owners: new Uint8Array(cells),
    shares: new Int32Array(TRACKS_MAX + 1),
  }
}

const freeTrack = (): Track => ({
  id: 0,
  phase: 'suspect',
  evidence: 0,
  evidenceMost: 0,
  withheld: 0,
  since: 0 as MonoMs,
  seenAt: 0 as MonoMs,
  movedAt: 0 as MonoMs,
  frames: 0,
  firstX: 0,
  firstY: 0,
  path: 0,
  x: 0,
  y: 0,
  speedX: 0,
  speedY: 0,
  area: 0,
  areaMost: 0,
  isRest: false,
  left: 0,
  top: 0,
  right: 0,
  bottom: 0,
  label: 0,
})

export type Moment = {
  readonly at: MonoMs
  readonly elapsedS: number
  /** Mean value of the cells, as the background remembers them. */
  readonly brightness: number
}

/** Gives every blob to the track it continues, or begins one; lets go of those that are gone. */
export function followBlobs(
  tracks: Tracks,
  blobs: Blobs,
  moment: Moment,
  rules: TrackRules,
  grid: Grid,
): void {
  const isDark = moment.brightness < DARK
  calmDown(tracks.alarms, moment.elapsedS)
  for (const track of tracks.list) track.label = 0
  for (let n = 0; n < blobs.count; n++) {
    const blob = blobs.list[n]
    if (blob !== undefined)
      followBlob(tracks, blobs, blob, { moment, rules, grid, alarms: tracks.alarms, isDark })
  }
  for (const track of tracks.list) {
    if (track.id === 0 || track.label !== 0) continue
    const lostMs = track.phase === 'visitor' ? rules.lostMs : rules.lostMs / 2
    if (moment.at - track.seenAt <= Math.max(lostMs, moment.elapsedS * 1500)) continue
    track.id = 0
    blameFor(tracks.alarms, track)
  }
  noteOwners(tracks, blobs)
}

const DARK = 190 // A luma of about 80.

type Circumstances = {
  readonly moment: Moment
  readonly rules: TrackRules
  readonly grid: Grid
  readonly alarms: Alarms
  /** The picture is dark: night, most likely with the camera's own lamp. */
  readonly isDark: boolean
}

function followBlob(tracks: Tracks, blobs: Blobs, blob: Blob, circumstances: Circumstances): void {
  const { cols } = circumstances.grid
  const { shares, owners } = tracks
  shares.fill(0)
  for (let y = blob.top; y <= blob.bottom; y++) {
    for (let i = y * cols + blob.left; i <= y * cols + blob.right; i++) {
      const owner = owners[i] ?? 0
      if (blobs.labels[i] === blob.label && owner > 0) shares[owner] = (shares[owner] ?? 0) + 1
    }
  }
  const overlapping = overlappingTrack(tracks)
  const free = overlapping?.label === 0 ? overlapping : nearestTrack(tracks, blob, circumstances.moment)
  if (free !== undefined) {
    if (overlapping?.phase === 'visitor') free.phase = 'visitor'
    const shared = (shares[tracks.list.indexOf(free) + 1] ?? 0) / Math.min(blob.area, free.area)
    continueTrack(
      free,
      blob,
      Math.max(cohesionOf(shared), steadinessOf(free, blob, circumstances.moment)),
      circumstances,
    )
  } else beginTrack(tracks, blob, overlapping, circumstances)
}

/** A visitor keeps what it overlaps, however little; among equals the largest share wins. */
function overlappingTrack({ list, shares }: Tracks): Track | undefined {
  let best: Track | undefined
  let bestShare = 0
  for (let n = 0; n < list.length; n++) {
    const track = list[n]
    const share = shares[n + 1] ?? 0
    if (track === undefined || track.id === 0 || share === 0) continue
    const value = share * (track.phase === 'visitor' ? 1e6 : 1) * (track.label === 0 ? 1e3 : 1)
    if (value > bestShare) {
      best = track
      bestShare = value
    }
  }
  return best
}

/** Fast things do not overlap themselves from frame to frame; they are where they were heading. */
function nearestTrack({ list }: Tracks, blob: Blob, moment: Moment): Track | undefined {
  const x = blob.sumX / blob.area
  const y = blob.sumY / blob.area
  const reach = 2 + 0.8 * Math.max(blob.right - blob.left + 1, blob.bottom - blob.top + 1)
  let best: Track | undefined
  let bestApart = reach
  for (const track of list) {
    if (track.id === 0 || track.label !== 0) continue
    const likeness = Math.max(track.area, blob.area) / Math.min(track.area, blob.area)
    const apart = fromExpected(track, x, y, moment)
    if (likeness < 4 && apart < bestApart) {
      best = track
      bestApart = apart
    }
  }
  return best
}

function beginTrack(
  tracks: Tracks,
  blob: Blob,
  parent: Track | undefined,
  circumstances: Circumstances,
): void {
  const track = tracks.list.find(({ id }) => id === 0)
  if (track === undefined) return // All are taken: what moves there is enough already.
  const { at } = circumstances.moment
  track.id = tracks.nextId++
  track.phase = parent?.phase ?? 'suspect'
  track.evidence = track.evidenceMost = track.withheld = 0
  track.since = at
  track.movedAt = parent?.movedAt ?? at
  track.frames = 0
  track.x = track.firstX = blob.sumX / blob.area
  track.y = track.firstY = blob.sumY / blob.area
  track.speedX = 0
  track.speedY = 0
  track.seenAt = at
  track.path = 0
  track.area = track.areaMost = blob.area
  track.isRest = parent !== undefined
  continueTrack(track, blob, FIRST_SIGHT, circumstances)
}

function continueTrack(track: Track, blob: Blob, cohesion: number, circumstances: Circumstances): void {
  const { moment } = circumstances
  const x = blob.sumX / blob.area
  const y = blob.sumY / blob.area
  const sinceS = Math.max(0.01, (moment.at - track.seenAt) / 1000)
  const isSecond = track.frames === 1
  track.speedX = mixed(track.speedX, (x - track.x) / sinceS, isSecond)
  track.speedY = mixed(track.speedY, (y - track.y) / sinceS, isSecond)
  track.path += Math.hypot(x - track.x, y - track.y)
  track.x = x
  track.y = y
  track.area = blob.area
  track.areaMost = Math.max(blob.area, track.areaMost * Math.exp(-moment.elapsedS / 10))
  track.left = blob.left
  track.right = blob.right
  track.top = blob.top
  track.bottom = blob.bottom
  track.label = blob.label
  track.seenAt = moment.at
  track.frames++
  weigh(track, blob, cohesion, circumstances)
}

const mixed = (before: number, now: number, isFirst: boolean): number =>
  isFirst ? now : 0.5 * (before + now)

/** How far a place is from where the track should be by now. */
function fromExpected(track: Track, x: number, y: number, { at }: Moment): number {
  const sinceS = (at - track.seenAt) / 1000
  return Math.hypot(x - track.x - track.speedX * sinceS, y - track.y - track.speedY * sinceS)
}

/** Movement of the visitor itself: more than a few restless cells. */
const CHANGED_SHARE_MIN = 0.03
const CHANGED_MIN = 3

function weigh(track: Track, blob: Blob, cohesion: number, circumstances: Circumstances): void {
  const { rules, alarms, isDark } = circumstances
  const { at, elapsedS } = circumstances.moment
  track.evidence *= Math.exp(-elapsedS / 2)
  if (track.phase === 'suspect' && track.evidence < 0.1) beginAnew(track, at)
  const isMoving = blob.changed >= Math.max(CHANGED_MIN, blob.area * CHANGED_SHARE_MIN)
  if (isMoving) track.movedAt = at
  const most = Math.min(0.6, Math.max(0.15, 2 * elapsedS))
  const news =
    ((0.5 * blob.fresh * sharpnessOf(blob)) / rules.areaClear) *
    (1 - lightnessOf(blob, isDark && isGlare(blob)))
  const innocence = 1 - BLAME_WEIGHT * blameOf(alarms, track)
  track.evidence += (Math.min(most, news * cohesion) + released(track, cohesion)) * innocence
  if (track.frames === 2 && cohesion === 0) track.withheld = Math.min(most, news * STEADY)
  track.evidenceMost = Math.max(track.evidence, track.evidenceMost)
  if (track.evidence >= evidenceWanted(track, blob, isDark)) track.phase = 'visitor'
}

const BLAME_WEIGHT = 0.8

const evidenceWanted = (track: Track, blob: Blob, isDark: boolean): number =>
  (hasTravelled(track) ? 1 : IN_PLACE) * (isDark && isGlare(blob) ? GLARE : 1)

/** What flies past the infrared lamp is brighter than all around it, and soon gone. */
const GLARE = 1.8

const isGlare = ({ brighter, contrast }: Blob): boolean => brighter > 0.85 * contrast

/** Once the course proves steady, the second sight counts as well. */
function released(track: Track, cohesion: number): number {
  if (track.frames < 3) return 0
  const { withheld } = track
  track.withheld = 0
  return cohesion > 0 ? withheld : 0
}

/** What stirs in one place needs to stir for longer than what comes along. */
const IN_PLACE = 2

/** It came along, and not by swinging to and fro. */
function hasTravelled({ x, y, firstX, firstY, path, area }: Track): boolean {
  const apart = Math.hypot(x - firstX, y - firstY)
  return apart > Math.max(1.2, 0.2 * Math.sqrt(area)) && apart > STRAIGHT * path
}

const STRAIGHT = 0.45

/** The evidence so far has faded: should this become a visitor, it came now. */
function beginAnew(track: Track, at: MonoMs): void {
  track.since = at
  track.firstX = track.x
  track.firstY = track.y
  track.path = 0
}

const FIRST_SIGHT = 0.8

/** How much of a thing is where something was a moment ago: rain and insects are never there again. */
const cohesionOf = (stays: number): number => Math.min(1, Math.max(0, (stays - 0.1) / 0.3))

const STEADY = 0.6

/** Few pictures a second show a walker each time on new ground: a steady course speaks for a thing as well. */
function steadinessOf(track: Track, blob: Blob, moment: Moment): number {
  if (track.frames < 2) return 0
  const apart = fromExpected(track, blob.sumX / blob.area, blob.sumY / blob.area, moment)
  return apart < 0.35 * Math.max(blob.right - blob.left + 1, blob.bottom - blob.top + 1) ? STEADY : 0
}

/** 0 for light, which has soft edges; 1 for things. */
export function sharpnessOf({ edge, edgeCells, contrast, area }: Blob): number {
  const sharpness = edge / Math.max(1, edgeCells) / (1 + contrast / area)
  return Math.min(1, Math.max(0, (sharpness - 0.25) / 0.25))
}

/** 1 for a change of the light: under it the texture of the ground is still there. */
function lightnessOf({ along, textureNow, textureUsual, area }: Blob, isSuspicious: boolean): number {
  if (textureUsual < TEXTURE_MIN * area) return 0
  const likeness = along / Math.sqrt(textureNow * textureUsual)
  const least = (isSuspicious ? 0.05 : 0.15) + CHANCE / Math.sqrt(area)
  return Math.min(1, Math.max(0, (likeness - least) / 0.15))
}

const TEXTURE_MIN = 8
/** How alike a few cells look by chance. */
const CHANCE = 2.2

function noteOwners({ list, owners, shares }: Tracks, { labels }: Blobs): void {
  shares.fill(0)
  const places = new Map(
    list.flatMap((track, n) => (track.label === 0 ? [] : [[track.label, n + 1] as const])),
  )
  for (let i = 0; i < owners.length; i++) owners[i] = labels[i] === 0 ? 0 : (places.get(labels[i] ?? 0) ?? 0)
}

/** Still for so long that it is no visitor, or none any more. */
export function isStill(track: Track, at: MonoMs, rules: TrackRules): boolean {
  if (track.phase === 'suspect') return at - track.movedAt > rules.suspectStillMs
  return at - track.movedAt > (isLeftBehind(track) ? rules.restStillMs : rules.visitorStillMs)
}

/** What somebody put down, or the place where something stood; not somebody. */
export const isLeftBehind = (track: Track): boolean =>
  track.isRest || track.area < REST_SHARE * track.areaMost

const REST_SHARE = 0.7
