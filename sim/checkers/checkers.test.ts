import { describe, expect, it } from 'vitest'
import { Fault } from '../../src/base/fault.ts'
import type { ClipId } from '../../src/base/ids.ts'
import type { Change } from '../../src/ports/records.ts'
import { openGate } from '../devices/sim-files.ts'
import type { Story } from '../story/story.ts'
import { playStory } from '../world/play.ts'
import type { World } from '../world/world.ts'
import { fieldsOf } from '../world/evidence.ts'
import { excessesOf } from './bounds.ts'
import { checkersFor, openHousehold } from './index.ts'

/** Somebody comes and rings. */
const story: Story = {
  title: 'a visitor who rings',
  seed: 5,
  board: 'sim',
  camera: { kind: 'drawn' },
  timeline: [
    { atMs: 12_000, line: 0, do: 'visitor', forMs: 4000 },
    { atMs: 14_000, line: 0, do: 'press', holdMs: 150, bounceMs: 0 },
  ],
  troubles: [],
  expect: [],
  settings: ['visit.quietAfterMs=2000'],
  untilMs: 25_000,
}

/** What is wrong in a world, so that the checker of that name has something to say. */
const MUTANTS: Readonly<Record<string, (world: World) => void>> = {
  'nothing-crashes': (world) =>
    wrap(world.broker, 'openClient', (client) => ({
      ...client,
      publish: async () => {
        throw new TypeError('a bug of the driver')
      },
    })),
  'press-heard': (world) =>
    wrap(world.gpio, 'openClient', (client) => ({
      ...client,
      async *edges() {},
    })),
  'press-chimes': (world) => wrap(world.gpio, 'openClient', (client) => ({ ...client, set: async () => {} })),
  'press-sounds': (world) => wrap(world.speaker, 'openClient', (audio) => ({ ...audio, play: () => false })),
  'quiet-kept': (world) =>
    atTheEnd(world, async () => {
      world.evidence.chimes.push(5000)
    }),
  'press-notified-once': (world) => {
    const push = world.evidence.told.push.bind(world.evidence.told)
    world.evidence.told.push = (...told) => push(...told.filter(({ topic }) => !topic.endsWith('/press')))
  },
  'part-survives': (world) =>
    wrap(world.store, 'openClient', (client) => ({ ...client, put: async () => 'stored' as const })),
  'deleted-is-gone': (world) =>
    atTheEnd(world, async () => {
      const [part] = world.evidence.parts.values()
      if (part === undefined) throw new Error('the story has no part')
      const happening = {
        kind: 'clip-expired',
        clip: part.clip as ClipId,
        why: 'owner',
        uploaded: true,
      } as const // Out of the index.
      world.evidence.happenings.push({ atMs: world.now, life: 0, happening })
    }),
  'clip-ends': (world) =>
    wrap(world.records, 'open', (records) => ({
      ...records,
      write: (changes: readonly Change[]) => records.write(changes.map(stillGrowing)),
    })),
  'index-matches-disk': (world) =>
    atTheEnd(world, async () => {
      for (const [path] of world.files.files()) if (path.endsWith('0001.age')) world.files.damage(path, 300)
    }),
  'clip-playable': (world) =>
    atTheEnd(world, async () => {
      for (const [path] of world.files.files()) if (path.endsWith('.age')) world.files.damage(path, 300)
      const spoilt = [...world.store.objects].map(
        ([name, object]) => [name, { ...object, bytes: object.bytes.map((byte) => byte ^ 1) }] as const,
      )
      world.store.restore(new Map(spoilt))
    }),
  'places-agree': (world) =>
    atTheEnd(world, async () => {
      const kept = [...world.store.objects].filter(([name]) => name !== 'checkpoint')
      world.store.restore(new Map(kept))
    }),
  'no-plaintext': (world) =>
    atTheEnd(world, async () => {
      const file = await world.files.openClient(openGate).createFile('leak', { mode: 0o600 })
      await file.write(world.stage.show.canary)
    }),
  'bounds-kept': (world) =>
    wrap(world, 'doorbell', (doorbell) => ({ ...doorbell, held: () => ({ prerollBytes: 1e9 }) })),
  'comes-to-rest': (world) =>
    wrap(world.store, 'openClient', (client) => ({
      ...client,
      put: async () => {
        throw new Fault('unavailable', 'never again')
      },
    })),
}

const household = await openHousehold()
const names = checkersFor(new Uint8Array(16)).map(({ name }) => name)

describe('the checkers', () => {
  it('have nothing to say of a world in which nothing is wrong', async () => {
    const { violations } = await playStory(story, { household, scene: { kind: 'drawn' } })
    expect(violations).toEqual([])
  })

  it('are each shown to be able to fail', () => {
    expect(Object.keys(MUTANTS).sort()).toEqual([...names].sort())
  })

  it.each(names)('%s complains of a world in which its promise is broken', async (name) => {
    const change = MUTANTS[name]
    const { violations } = await playStory(story, {
      household,
      scene: { kind: 'drawn' },
      ...(change === undefined ? {} : { change }),
    })
    expect(violations.map(({ checker }) => checker)).toContain(name)
  })
})

describe('what waits or is held', () => {
  const room = { prerollBytesMax: 100, presses: 3, objects: 10, entries: 2 }

  it('may be as much as its bounds', () => {
    expect(excessesOf({ prerollBytes: 100, messages: 1003, uploads: 65 }, room)).toEqual([])
  })

  it('is too much above them', () => {
    expect(excessesOf({ prerollBytes: 101, messages: 1004, uploads: 66 }, room)).toEqual([
      'bytes of preroll: wanted at most 100, got 101',
      'waiting messages: wanted at most 1003, got 1004',
      'waiting uploads: wanted at most 65, got 66',
    ])
  })
})

/** What a device gives from now on is something else. Methods of what it gives are bound to it first. */
function wrap<D extends object, K extends keyof D>(
  device: D,
  method: K,
  change: (given: D[K] extends (...args: never[]) => infer R ? R : never) => unknown,
): void {
  const original = device[method]
  if (typeof original !== 'function') throw new Error(`${String(method)} is no method`)
  Object.defineProperty(device, method, {
    value: (...args: unknown[]) => change(bound(Reflect.apply(original, device, args))),
  })
}

/** So that it can be spread. The type is that of what the method gave. */
function bound<T>(given: T): T {
  if (typeof given !== 'object' || given === null) return given
  const names = new Set<PropertyKey>([
    ...Reflect.ownKeys(given),
    ...Reflect.ownKeys(Reflect.getPrototypeOf(given) ?? {}),
  ])
  const members = [...names].map((name) => {
    const member: unknown = Reflect.get(given, name)
    return [name, typeof member === 'function' ? member.bind(given) : member] as const
  })
  return Object.fromEntries(members) as T // The same members, bound.
}

/** When the doorbell has ended for the last time, and the checkers are about to look. */
function atTheEnd(world: World, spoil: () => Promise<void>): void {
  const stop = world.stopLife.bind(world)
  world.stopLife = async () => {
    await stop()
    await spoil()
  }
}

function stillGrowing(change: Change): Change {
  if (!('put' in change) || change.put !== 'clip') return change
  const row = fieldsOf(change.row)
  return { ...change, row: { ...row, phase: 'growing' } as Change extends { row: infer R } ? R : never }
}
