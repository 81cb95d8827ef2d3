import { describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import type { DeviceEvent } from '../web/index.ts'
import { createRings, type Rings } from './index.ts'

const press = (n: number): { press: string; visit: string; atUnixMs: number } => ({
  press: `p${n}`,
  visit: 'v',
  atUnixMs: 1000 + n,
})

function desk(): { rings: Rings; clock: SimClock; heard: DeviceEvent[] } {
  const clock = new SimClock({ bootWall: unixMs(0) })
  const rings = createRings({ clock, log: silentLog })
  const heard: DeviceEvent[] = []
  rings.subscribe((event) => heard.push(event))
  return { rings, clock, heard }
}

describe('a press', () => {
  it('is heard by everybody at once, the picture follows', async () => {
    const { rings, clock, heard } = desk()
    const other: DeviceEvent[] = []
    rings.subscribe((event) => other.push(event))
    rings.press({ ...press(1), picture: async () => utf8('sealed') })
    expect(heard).toEqual([{ type: 'press', ...press(1), hasPicture: true }])
    expect(other).toEqual(heard)
    expect(rings.picture('p1')).toBeUndefined()
    await clock.advance(0)
    expect(heard.at(-1)).toEqual({ type: 'press-picture', press: 'p1' })
    expect(rings.picture('p1')).toEqual(utf8('sealed'))
  })

  it('is heard by a page that comes while it rings, and not when it is over', () => {
    const { rings } = desk()
    rings.press(press(1))
    rings.over('p1', 'answered', 'Anna')
    rings.press({ ...press(2), isSilent: true })
    const late: DeviceEvent[] = []
    rings.subscribe((event) => late.push(event))
    expect(late).toEqual([{ type: 'press', ...press(2), hasPicture: false, silent: true }])
  })

  it('rings without a picture, and when a subscriber throws', async () => {
    const { rings, clock } = desk()
    rings.subscribe(() => {
      throw new Error('a page went away')
    })
    const late: DeviceEvent[] = []
    rings.subscribe((event) => late.push(event))
    rings.press({
      ...press(1),
      picture: async () => {
        throw new Fault('missing', 'no decoder')
      },
    })
    rings.press(press(2))
    await clock.advance(0)
    expect(late).toMatchObject([
      { type: 'press', press: 'p1' },
      { type: 'press', press: 'p2', hasPicture: false },
    ])
  })

  it('is over once: who answers first', async () => {
    const { rings, clock, heard } = desk()
    rings.press(press(1))
    rings.over('p1', 'answered', 'Anna')
    rings.over('p1', 'ignored', 'Bert')
    rings.over('unknown', 'ignored', 'Bert')
    await clock.advance(120_000)
    expect(heard.slice(1)).toEqual([{ type: 'press-over', press: 'p1', how: 'answered', by: 'Anna' }])
  })

  it('is over with a later one that somebody answers', () => {
    const { rings, heard } = desk()
    for (const n of [1, 2, 3]) rings.press(press(n))
    rings.over('p2', 'answered', 'Anna')
    const late: DeviceEvent[] = []
    rings.subscribe((event) => late.push(event))
    expect(heard.filter(({ type }) => type === 'press-over')).toMatchObject([
      { press: 'p1' },
      { press: 'p2' },
    ])
    expect(late).toMatchObject([{ press: 'p3' }])
  })

  it('times out after a minute', async () => {
    const { rings, clock, heard } = desk()
    rings.press(press(1))
    await clock.advance(59_999)
    expect(heard).toHaveLength(1)
    await clock.advance(1)
    expect(heard.at(-1)).toEqual({ type: 'press-over', press: 'p1', how: 'timed-out' })
  })

  it('is forgotten with its picture when eight newer ones came', async () => {
    const { rings, clock } = desk()
    for (let n = 1; n <= 9; n++) rings.press({ ...press(n), picture: async () => utf8(`sealed ${n}`) })
    await clock.advance(0)
    expect(rings.picture('p1')).toBeUndefined()
    expect(rings.picture('p2')).toEqual(utf8('sealed 2'))
    expect(rings.picture('p9')).toEqual(utf8('sealed 9'))
  })
})

describe('looks', () => {
  it('go to those who asked for them, while they want them', () => {
    const { rings, heard } = desk()
    const look = { type: 'look', atUnixMs: 1, score: 0.5, moving: true, boxes: [] } as const
    const seen: DeviceEvent[] = []
    expect(rings.wantsLooks()).toBe(false)
    const watching = rings.subscribeLooks((event) => seen.push(event))
    expect(rings.wantsLooks()).toBe(true)
    rings.look(look)
    watching[Symbol.dispose]()
    rings.look(look)
    expect(seen).toEqual([look])
    expect(heard).toEqual([])
    expect(rings.wantsLooks()).toBe(false)
  })
})
