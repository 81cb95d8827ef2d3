import { assertNever } from '../base/assert.ts'
import type { MonoMs, Ticks } from '../base/time.ts'
import type { Packet } from '../ports/camera.ts'

/** No part is longer, whatever the rules say: it is what a thief gets at most. */
export const PART_MS_MAX = 2000

export type CutRules = {
  /** A part is closed as soon as it lasts this long. */
  readonly partMs: number
  /** A longer clip continues in a next one. */
  readonly clipMsMax: number
}

/** Why a clip ended. `recovered`: it did not; the power went, and the next start closed it. */
export type Ended = 'quiet' | 'max-length' | 'camera-lost' | 'stopped' | 'recovered'

/** Which packets belong to one clip, and where its parts are cut. */
export type CutState =
  /** No key frame has come yet. */
  | { readonly phase: 'waiting' }
  | Growing
  /**
   * A next clip begins with the key frame `key`. Whether this one still needs it shows only the packet behind it:
   * `taken` once that was shown before the key frame.
   */
  | (Omit<Growing, 'phase'> & {
      readonly phase: 'handing-over'
      readonly key: Packet
      readonly taken: boolean
    })
  | { readonly phase: 'finished' }

type Growing = {
  readonly phase: 'growing'
  readonly timescale: number
  /** The first packet, a key frame: shown first. */
  readonly first: Packet
  /** Shown last of all so far. */
  readonly last: Packet
  /** While true, nothing was shown after `first` yet, and what is shown before it is dropped. */
  readonly isLeading: boolean
  /** The part in the making. */
  readonly part: readonly Packet[]
  /** The visit is over at this time. */
  readonly endAt: MonoMs | undefined
}

export type CutEvent =
  | { readonly kind: 'packet'; readonly packet: Packet; readonly timescale: number }
  | { readonly kind: 'end'; readonly at: MonoMs }
  | { readonly kind: 'run-ended' }
  | { readonly kind: 'stop' }

export type CutAction =
  | { readonly do: 'begin'; readonly first: Packet }
  | { readonly do: 'store'; readonly packets: readonly Packet[] }
  /** The next clip of the visit begins with this packet. */
  | { readonly do: 'continue'; readonly key: Packet }
  /** `last` is the picture shown last; undefined when the clip never began. */
  | { readonly do: 'finish'; readonly ended: Ended; readonly last: Packet | undefined }

export type CutStep = { readonly state: CutState; readonly actions: readonly CutAction[] }

export const waiting: CutState = { phase: 'waiting' }

/** One packet or word in, the next state and what to do out. Pure. */
export function cut(state: CutState, event: CutEvent, rules: CutRules): CutStep {
  switch (event.kind) {
    case 'packet':
      return takePacket(state, event, rules)
    case 'end':
      return takeEnd(state, event.at)
    case 'run-ended':
      return state.phase === 'growing' ? finish(state, endOfRun(state)) : leave(state, 'camera-lost')
    case 'stop':
      return state.phase === 'growing' ? finish(state, 'stopped') : leave(state, 'stopped')
    default:
      return assertNever(event)
  }
}

/** When the picture that is shown last goes away, on the clock that `at` is on. */
export const shownUntil = (last: Packet, timescale: number): MonoMs =>
  (last.at + (last.duration * 1000) / timescale) as MonoMs

function takePacket(state: CutState, event: Extract<CutEvent, { kind: 'packet' }>, rules: CutRules): CutStep {
  const { packet, timescale } = event
  switch (state.phase) {
    case 'finished':
      return { state, actions: [] }
    case 'waiting':
      return packet.isKey ? begin(packet, timescale, rules) : { state, actions: [] }
    case 'handing-over':
      return handOver(state, packet, rules)
    case 'growing':
      return grow(state, packet, rules)
    default:
      return assertNever(state)
  }
}

function begin(first: Packet, timescale: number, rules: CutRules): CutStep {
  const state: Growing = {
    phase: 'growing',
    timescale,
    first,
    last: first,
    isLeading: true,
    part: [],
    endAt: undefined,
  }
  const added = add(state, first, rules)
  return { state: added.state, actions: [{ do: 'begin', first }, ...added.actions] }
}

function grow(state: Growing, packet: Packet, rules: CutRules): CutStep {
  // It refers to pictures from before the clip: a decoder could only guess.
  if (state.isLeading && packet.pts < state.first.pts) return { state, actions: [] }
  const isAnchor = packet.pts > state.last.pts
  if (isAnchor && isShownToEnd(state)) return finish(state, 'quiet')
  if (packet.isKey && state.endAt === undefined && lengthMs(state, packet.pts) >= rules.clipMsMax) {
    const next: CutState = { ...state, phase: 'handing-over', key: packet, taken: false }
    return { state: next, actions: [{ do: 'continue', key: packet }] }
  }
  return add({ ...state, isLeading: state.isLeading && !isAnchor }, packet, rules)
}

function handOver(
  state: Extract<CutState, { phase: 'handing-over' }>,
  packet: Packet,
  rules: CutRules,
): CutStep {
  const { key, taken, ...rest } = state
  const old: Growing = { ...rest, phase: 'growing' }
  if (packet.pts >= key.pts) return finish(old, 'max-length')
  const withKey = taken ? { state: old, actions: [] } : add(old, key, rules)
  const withBoth = add(withKey.state, packet, rules)
  return {
    state: { ...withBoth.state, phase: 'handing-over', key, taken: true },
    actions: [...withKey.actions, ...withBoth.actions],
  }
}

function takeEnd(state: CutState, at: MonoMs): CutStep {
  if (state.phase === 'growing') return { state: { ...state, endAt: at }, actions: [] }
  // A clip that is handing over ends by itself; one that never began has nothing to end.
  return state.phase === 'waiting' ? leave(state, 'quiet') : { state, actions: [] }
}

/** The end of a clip that is not simply growing: its last words are known already. */
function leave(state: CutState, ended: Ended): CutStep {
  switch (state.phase) {
    case 'waiting':
      // A camera that went away may come back while the visit goes on.
      if (ended === 'camera-lost') return { state, actions: [] }
      return { state: { phase: 'finished' }, actions: [{ do: 'finish', ended, last: undefined }] }
    case 'handing-over':
      return finish({ ...state, phase: 'growing' }, 'max-length')
    case 'finished':
    case 'growing':
      return { state, actions: [] }
    default:
      return assertNever(state)
  }
}

/** The camera went away; but if the visit was over by then, nothing is missing. */
const endOfRun = (state: Growing): Ended => (isShownToEnd(state) ? 'quiet' : 'camera-lost')

/** Asked at an anchor, when everything that is shown before the last picture is there. */
const isShownToEnd = ({ endAt, last, timescale }: Growing): boolean =>
  endAt !== undefined && shownUntil(last, timescale) >= endAt

function finish(state: Growing, ended: Ended): CutStep {
  return {
    state: { phase: 'finished' },
    actions: [...store(state.part), { do: 'finish', ended, last: state.last }],
  }
}

type Added = { readonly state: Growing; readonly actions: readonly CutAction[] }

/** Puts the packet into the part in the making; closes the part before it, behind it, or not yet. */
function add(state: Growing, packet: Packet, { partMs }: CutRules): Added {
  const start = state.part[0]
  const isTooLong = start !== undefined && spanMs(start, packet, state.timescale) > PART_MS_MAX
  const part = isTooLong ? [packet] : [...state.part, packet]
  const isFull = spanMs(part[0] ?? packet, packet, state.timescale) >= partMs
  const last = packet.pts > state.last.pts ? packet : state.last
  return {
    state: { ...state, last, part: isFull ? [] : part },
    actions: [...(isTooLong ? store(state.part) : []), ...(isFull ? store(part) : [])],
  }
}

const store = (packets: readonly Packet[]): readonly CutAction[] =>
  packets.length === 0 ? [] : [{ do: 'store', packets }]

/** From the decoding of one packet to the end of another. */
const spanMs = (from: Packet, to: Packet, timescale: number): number =>
  ((to.dts + to.duration - from.dts) * 1000) / timescale

const lengthMs = (state: Growing, pts: Ticks): number => ((pts - state.first.pts) * 1000) / state.timescale
