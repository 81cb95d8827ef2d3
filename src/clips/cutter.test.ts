import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { monoMs, ticks } from '../base/time.ts'
import type { Packet } from '../ports/camera.ts'
import {
  cut,
  PART_MS_MAX,
  waiting,
  type CutAction,
  type CutRules,
  type CutState,
  type Ended,
} from './cutter.ts'

const TIMESCALE = 1000
const rules: CutRules = { partMs: 1500, clipMsMax: 10_000 }

/** One clip as the cutter described it. */
type Cut = { parts: Packet[][]; ended: Ended | undefined; last: Packet | undefined }
type Plan = { readonly endAt?: number; readonly endAfter?: number; readonly rules?: CutRules }

/** Feeds a whole run, following the visit from clip to clip; `end` is said after packet number `endAfter`. */
function record(packets: readonly Packet[], plan: Plan = {}): readonly Cut[] {
  const clips: { state: CutState; cut: Cut }[] = [{ state: waiting, cut: emptyCut() }]
  const apply = (clip: (typeof clips)[number], event: Parameters<typeof cut>[1]): void => {
    const { state, actions } = cut(clip.state, event, plan.rules ?? rules)
    clip.state = state
    for (const action of actions) {
      note(clip.cut, action)
      if (action.do !== 'continue') continue
      const next = { state: waiting, cut: emptyCut() }
      clips.push(next)
      apply(next, { kind: 'packet', packet: action.key, timescale: TIMESCALE })
    }
  }
  packets.forEach((packet, index) => {
    for (const clip of clips.slice()) apply(clip, { kind: 'packet', packet, timescale: TIMESCALE })
    if (index === plan.endAfter)
      for (const clip of clips) apply(clip, { kind: 'end', at: monoMs(plan.endAt ?? 0) })
  })
  for (const clip of clips) apply(clip, { kind: 'run-ended' })
  return clips.map(({ cut: made }) => made)
}

const emptyCut = (): Cut => ({ parts: [], ended: undefined, last: undefined })

function note(made: Cut, action: CutAction): void {
  if (action.do === 'store') made.parts.push([...action.packets])
  if (action.do === 'finish') {
    made.ended = action.ended
    made.last = action.last
  }
}

/** Pictures named by their place in the order shown, with `K` for key frames, in decoding order: 'K0 4 2 1 3 K8 6'. */
function stream(text: string, frameMs = 100): readonly Packet[] {
  return text.split(' ').map((word, index) => ({
    data: new Uint8Array([index]),
    pts: ticks(Number(word.replace('K', '')) * frameMs),
    dts: ticks((index - 3) * frameMs),
    duration: ticks(frameMs),
    isKey: word.startsWith('K'),
    at: monoMs(5000 + Number(word.replace('K', '')) * frameMs),
  }))
}

const shown = (clip: Cut | undefined): readonly number[] =>
  (clip?.parts.flat() ?? []).map(({ pts }) => pts / 100).sort((a, b) => a - b)
const decoded = (clip: Cut | undefined): string =>
  (clip?.parts.flat() ?? []).map(({ pts, isKey }) => `${isKey ? 'K' : ''}${pts / 100}`).join(' ')

describe('the cutter', () => {
  it('begins at the first key frame that comes', () => {
    expect(decoded(record(stream('1 2 K3 4 5'))[0])).toBe('K3 4 5')
  })

  it('drops the pictures of an open group that are shown before its first key frame', () => {
    expect(decoded(record(stream('K4 2 1 3 8 6 5 7'))[0])).toBe('K4 8 6 5 7')
  })

  it('never begins when no key frame comes', () => {
    expect(record(stream('1 2 3'))).toEqual([emptyCut()])
  })

  it('ends after the last picture of the visit, with all pictures that are shown before it', () => {
    const [clip] = record(stream('K0 4 2 1 3 8 6 5 7 12 10 9 11'), { endAfter: 2, endAt: 5000 + 750 })
    expect(shown(clip)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(clip).toMatchObject({ ended: 'quiet', last: { pts: 800 } })
  })

  it('ends at once when the end is in the past', () => {
    const [clip] = record(stream('K0 4 2 1 3 8 6 5 7'), { endAfter: 2, endAt: 0 })
    expect(shown(clip)).toEqual([0, 1, 2, 3, 4])
  })

  it('ends when the camera goes away, and says which of the two it was', () => {
    expect(record(stream('K0 1 2'))[0]).toMatchObject({ ended: 'camera-lost', last: { pts: 200 } })
    expect(record(stream('K0 1 2'), { endAfter: 2, endAt: 5301 })[0]).toMatchObject({ ended: 'camera-lost' })
    expect(record(stream('K0 1 2'), { endAfter: 2, endAt: 5300 })[0]).toMatchObject({ ended: 'quiet' })
  })

  it('closes a part once it is long enough', () => {
    const [clip] = record(stream(`K0 ${Array.from({ length: 40 }, (_, i) => i + 1).join(' ')}`))
    expect(clip?.parts.map((part) => part.length)).toEqual([15, 15, 11])
  })

  it('closes a part before a picture that would make it too long, and lets that one stand alone', () => {
    const packets = stream('K0 1 2 3').map((packet, index) => ({
      ...packet,
      pts: ticks([0, 1400, 4400, 4500][index] ?? 0),
      dts: ticks([0, 1400, 4400, 4500][index] ?? 0),
      duration: ticks([1400, 3000, 100, 100][index] ?? 0),
    }))
    const [clip] = record(packets)
    expect(clip?.parts.map((part) => part.map(({ pts }) => pts))).toEqual([[0], [1400], [4400, 4500]])
  })

  it('continues a long visit in a next clip at a key frame', () => {
    const short = { ...rules, clipMsMax: 400 }
    const clips = record(stream('K0 1 2 K3 4 K5 6 7 8 K9'), { rules: short })
    expect(clips.map(decoded)).toEqual(['K0 1 2 K3 4', 'K5 6 7 8', 'K9'])
    expect(clips.map(({ ended }) => ended)).toEqual(['max-length', 'max-length', 'camera-lost'])
  })

  it('gives the pictures shown before that key frame to the old clip, with the key frame that they need', () => {
    const short = { ...rules, clipMsMax: 400 }
    const clips = record(stream('K0 4 2 1 3 K8 6 5 7 12 10 9 11'), { rules: short })
    expect(clips.map(decoded)).toEqual(['K0 4 2 1 3 K8 6 5 7', 'K8 12 10 9 11'])
  })

  it('begins no next clip once the visit is over', () => {
    const short = { ...rules, clipMsMax: 200 }
    const clips = record(stream('K0 1 K2 3 K4'), { rules: short, endAfter: 1, endAt: 5350 })
    expect(clips.map(decoded)).toEqual(['K0 1 K2 3'])
  })

  it('stops where it is when the doorbell stops', () => {
    const begun = cut(waiting, { kind: 'packet', packet: stream('K0')[0]!, timescale: TIMESCALE }, rules)
    const stopped = cut(begun.state, { kind: 'stop' }, rules)
    expect(stopped.actions.map((action) => action.do)).toEqual(['store', 'finish'])
    expect(stopped.actions[1]).toMatchObject({ ended: 'stopped' })
    expect(cut(waiting, { kind: 'stop' }, rules).actions).toEqual([
      { do: 'finish', ended: 'stopped', last: undefined },
    ])
  })
})

/** One group of pictures: how many, whether B-frames stand between the anchors, whether it is open at its start. */
type Group = { readonly anchors: number; readonly between: number; readonly isOpen: boolean }

const groups = fc.array(
  fc.record({
    anchors: fc.integer({ min: 1, max: 12 }),
    between: fc.integer({ min: 0, max: 3 }),
    isOpen: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)
const frameTimes = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 40 })

/**
 * A run in decoding order. Each anchor is followed by the pictures shown before it. A key frame of an open group has such
 * pictures too; the first group has none, as there is nothing before it.
 */
function runOf(shape: readonly Group[], times: readonly number[]): readonly Packet[] {
  const order: { place: number; isKey: boolean }[] = []
  let place = 0
  shape.forEach(({ anchors, between, isOpen }, group) => {
    for (let anchor = 0; anchor < anchors; anchor++) {
      const isKey = anchor === 0
      const before = isKey && (group === 0 || !isOpen) ? 0 : between
      order.push({ place: place + before, isKey })
      for (let b = 0; b < before; b++) order.push({ place: place + b, isKey: false })
      place += before + 1
    }
  })
  const timeOf = [0]
  for (let i = 0; i < order.length; i++) timeOf.push((timeOf[i] ?? 0) + (times[i % times.length] ?? 1))
  return order.map(({ place: shownAs, isKey }, index) => ({
    data: new Uint8Array([index & 255, index >> 8]),
    pts: ticks((timeOf[shownAs] ?? 0) + 4000),
    dts: ticks(timeOf[index] ?? 0),
    duration: ticks((timeOf[index + 1] ?? 0) - (timeOf[index] ?? 0)),
    isKey,
    at: monoMs((timeOf[shownAs] ?? 0) + 50_000),
  }))
}

describe('whatever the structure of the stream,', () => {
  const long = fc.record({ shape: groups, times: frameTimes, clipMsMax: fc.integer({ min: 500, max: 8000 }) })

  it('a long visit loses no picture between its clips, and each picture is the camera’s own packet', () => {
    fc.assert(
      fc.property(long, ({ shape, times, clipMsMax }) => {
        const run = runOf(shape, times)
        const clips = record(run, { rules: { partMs: 1500, clipMsMax } })
        const kept = new Set(clips.flatMap((clip) => clip.parts.flat()))
        expect(kept).toEqual(new Set(run))
      }),
    )
  })

  it('each clip begins with a key frame that is shown first, is in decoding order, and shows all between its first and last', () => {
    fc.assert(
      fc.property(long, ({ shape, times, clipMsMax }) => {
        const run = runOf(shape, times)
        const clips = record(run, { rules: { partMs: 1500, clipMsMax } })
        for (const clip of clips) expectWhole(clip, run)
      }),
    )
  })

  it('each clip is whole also when the visit ends at any time, and reaches to that time', () => {
    const ending = fc.record({
      shape: groups,
      times: frameTimes,
      end: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(ending, ({ shape, times, end }) => {
        const run = runOf(shape, times)
        const endAfter = Math.floor(end * (run.length - 1))
        const endAt = (run[endAfter]?.at ?? 0) + 300
        const [clip] = record(run, { rules: { partMs: 1500, clipMsMax: 1e9 }, endAfter, endAt })
        if (clip === undefined) throw new Error('no clip')
        expectWhole(clip, run)
        const { last } = clip
        const until = (last?.at ?? 0) + (last?.duration ?? 0)
        expect(clip.ended).toBe(until >= endAt ? 'quiet' : 'camera-lost')
        expect(clip.ended === 'quiet' || clip.parts.flat().length === run.length).toBe(true)
      }),
    )
  })

  it('no part is longer than two seconds, unless it is one single picture', () => {
    fc.assert(
      fc.property(long, fc.integer({ min: 200, max: 2000 }), ({ shape, times, clipMsMax }, partMs) => {
        for (const clip of record(runOf(shape, times), { rules: { partMs, clipMsMax } })) {
          for (const part of clip.parts) {
            const [first, last] = [part[0]!, part.at(-1)!]
            const ms = last.dts + last.duration - first.dts
            expect(ms <= PART_MS_MAX || part.length === 1).toBe(true)
          }
        }
      }),
    )
  })
})

function expectWhole(clip: Cut, run: readonly Packet[]): void {
  const packets = clip.parts.flat()
  const [first] = packets
  if (first === undefined) throw new Error('a clip without packets')
  expect(first.isKey).toBe(true)
  const lastPts = Math.max(...packets.map(({ pts }) => pts))
  const between = run.filter(({ pts }) => pts >= first.pts && pts <= lastPts)
  expect(packets).toEqual(between)
}
