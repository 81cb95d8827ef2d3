import type { Actor, Scene, Stop } from './catalogue.ts'
import { mix, wave } from './chance.ts'
import type { Pose } from './figures.ts'
import { place, type View } from './view.ts'

/** All from 0 (left, top) to 1 (right, bottom). */
export type TruthBox = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export type Seen = { readonly label: Actor['kind']; readonly isMoving: boolean; readonly box: TruthBox }

export type Interval = readonly [fromS: number, toS: number]

/** What is really in the picture, in the words of the hand-made labels of real footage. */
export type Truth = {
  readonly actors: readonly { readonly label: Actor['kind']; readonly fromS: number; readonly toS: number }[]
  /** Somebody moves: has to be found. */
  readonly motion: readonly Interval[]
  /** Somebody stands, or is too small or at the rim: counts neither way. */
  readonly ignore: readonly Interval[]
  /** Nobody: whatever is found here is false. */
  readonly quiet: readonly Interval[]
  /** Somebody is in the picture: one visit. */
  readonly present: readonly Interval[]
  readonly seenAt: (atS: number) => readonly Seen[]
}

const WALKING_M_PER_S = 0.12
/** Smaller than this share of the picture nobody has to be found. */
const SHARE_MIN = 0.002
/** What wall, beam and post of the porch leave open. */
const OPEN = { left: 0.085, top: 0.055, right: 0.925 }
const STEP_S = 0.05
const HALF_WIDE_M = { person: 0.32, car: 2.15, dog: 0.55, parcel: 0.2 }
const TALL_M = { person: 1.8, car: 1.45, dog: 0.75, parcel: 0.31 }

/** Where an actor is; undefined before it comes and after it is gone. */
export function poseAt({ kind, stops }: Actor, atS: number): Pose | undefined {
  const first = stops[0]
  if (first === undefined || atS < first.atS) return undefined
  let walked = 0
  let before: Stop = first
  for (const next of stops.slice(1)) {
    const length = Math.sqrt((next.x - before.x) ** 2 + (next.z - before.z) ** 2)
    if (atS < next.atS) return poseBetween(before, next, { atS, walked, length })
    walked += length
    before = next
  }
  if (kind !== 'parcel') return undefined
  return { x: before.x, z: before.z, walked, speedX: 0, speedZ: 0, reach: 0, sway: 0, carries: false }
}

function poseBetween(
  from: Stop,
  to: Stop,
  { atS, walked, length }: { atS: number; walked: number; length: number },
): Pose {
  const lasts = to.atS - from.atS
  const done = (atS - from.atS) / lasts
  return {
    x: mix(from.x, to.x, done),
    z: mix(from.z, to.z, done),
    walked: walked + length * done,
    speedX: (to.x - from.x) / lasts,
    speedZ: (to.z - from.z) / lasts,
    reach: mix(from.reach ?? 0, to.reach ?? 0, done),
    sway: 0.014 * wave(atS * 0.21) + 0.006 * wave(atS * 0.63),
    carries: from.carries === true,
  }
}

export function truthOf(scene: Scene, view: View, seconds: number): Truth {
  const seenAt = (atS: number): readonly Seen[] =>
    scene.actors.flatMap((actor) => seen(actor, view, atS) ?? [])
  const count = Math.round(seconds / STEP_S)
  const kinds = Array.from({ length: count }, (_, n) => kindOf(seenAt(n * STEP_S), scene, n * STEP_S))
  const where = (isIt: (kind: Kind) => boolean): readonly Interval[] => intervals(kinds, isIt)
  return {
    actors: scene.actors.map((actor) => ({ label: actor.kind, ...spanOf(actor, view, seconds) })),
    motion: where((kind) => kind === 'motion'),
    ignore: where((kind) => kind === 'ignore'),
    quiet: where((kind) => kind === 'quiet'),
    present: where((kind) => kind !== 'quiet'),
    seenAt,
  }
}

type Kind = 'motion' | 'ignore' | 'quiet'

function kindOf(found: readonly Seen[], { actors }: Scene, atS: number): Kind {
  const alive = found.filter(({ label }) => label !== 'parcel')
  if (alive.some(({ isMoving, box }) => isMoving && box.width * box.height >= SHARE_MIN)) return 'motion'
  const isComing = actors.some((actor) => actor.kind !== 'parcel' && poseAt(actor, atS) !== undefined)
  return alive.length > 0 || isComing ? 'ignore' : 'quiet'
}

function seen(actor: Actor, view: View, atS: number): Seen | undefined {
  const pose = poseAt(actor, atS)
  if (pose === undefined) return undefined
  const half = HALF_WIDE_M[actor.kind]
  const [left, top] = place(view, pose.x - half, pose.z, TALL_M[actor.kind])
  const [right, bottom] = place(view, pose.x + half, pose.z, 0)
  const [x, y] = [Math.max(OPEN.left, left / view.width), Math.max(OPEN.top, top / view.height)]
  const width = Math.min(OPEN.right, right / view.width) - x
  const box = { x, y, width, height: Math.min(1, bottom / view.height) - y }
  if (box.width <= 0 || box.height <= 0) return undefined
  const speed = Math.sqrt(pose.speedX ** 2 + pose.speedZ ** 2)
  return { label: actor.kind, isMoving: speed > WALKING_M_PER_S, box }
}

function spanOf(actor: Actor, view: View, seconds: number): { fromS: number; toS: number } {
  const times = Array.from({ length: Math.round(seconds / STEP_S) }, (_, n) => n * STEP_S)
  const there = times.filter((atS) => seen(actor, view, atS) !== undefined)
  return { fromS: round(there[0] ?? 0), toS: round((there.at(-1) ?? -STEP_S) + STEP_S) }
}

function intervals(kinds: readonly Kind[], isIt: (kind: Kind) => boolean): readonly Interval[] {
  const found: Interval[] = []
  let from: number | undefined
  for (let n = 0; n <= kinds.length; n++) {
    const kind = kinds[n]
    const holds = kind !== undefined && isIt(kind)
    if (holds) from ??= n
    if (holds || from === undefined) continue
    found.push([round(from * STEP_S), round(n * STEP_S)])
    from = undefined
  }
  return found
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100
