import type { Random } from '../../src/ports/random.ts'
import type { Doing, Moment, TroubleName } from '../story/story.ts'
import type { World } from './world.ts'

/**
 * Weather for all of a story. `begin` sets the devices; `moments` are things that happen now and then, seeded, until
 * `untilMs`. When the story is over, the world heals: see `heal`.
 */
export type Trouble = {
  /** A sentence for people. */
  readonly about: string
  readonly begin?: (world: World) => void
  /** `near`: when the story itself does something; bad luck is most telling around then. */
  readonly moments?: (random: Random, span: Span) => readonly Timed[]
}

type Span = { readonly untilMs: number; readonly near: readonly number[] }
type Timed = { readonly atMs: number } & Doing

export const TROUBLE_TABLE: Readonly<Record<TroubleName, Trouble>> = {
  'slow-store': {
    about: 'the store takes 1 to 8 s for each object',
    begin: ({ network }) => network.set({ delayMs: { least: 1000, most: 8000 } }, 'store'),
  },
  'flaky-store': {
    about: 'a fifth of all requests is answered with 5xx, a tenth with 429',
    begin: ({ network }) => network.set({ serverErrorRate: 0.2, throttleRate: 0.1 }, 'store'),
  },
  'lossy-network': {
    about: '30 % of all requests or answers are lost',
    begin: ({ network }) => network.set({ lossRate: 0.3 }),
  },
  'duplicate-messages': {
    about: 'half of all requests and messages arrive twice',
    begin: ({ network }) => network.set({ duplicateRate: 0.5 }),
  },
  'wrong-checksums': {
    about: 'a fifth of all uploads is damaged on the way',
    begin: ({ network }) => network.set({ wrongChecksumRate: 0.2 }, 'store'),
  },
  'expired-credentials': {
    about: 'the store refuses our credentials until the end of the story',
    begin: ({ network }) => network.set({ credentials: 'expired' }, 'store'),
  },
  'slow-drip': {
    about: '4 kB a second get through to the store',
    begin: ({ network }) => network.set({ dripBytesPerS: 4000 }, 'store'),
  },
  'slow-disk': {
    about: 'each sync takes 50 to 900 ms',
    begin: ({ disk }) => void (disk.pace = 'slow'),
  },
  'lying-disk': {
    about: 'the disk says that it has synced, and has not',
    begin: (world) => world.lieAboutSyncs(true),
  },
  'clock-steps': {
    about: 'the wall clock is set forwards and back',
    moments: (random, span) =>
      some(random, span, 20_000).map((atMs) => ({
        atMs,
        do: 'clock',
        step: Math.round((random.uniform() - 0.5) * 7_200_000),
      })),
  },
  'clock-drift': {
    about: 'the wall clock is 200 ppm too fast',
    begin: ({ wall, now }) => wall.drift(now, 200),
  },
  'no-network-time': {
    about: 'nobody tells the time until the end of the story',
    begin: ({ wall }) => wall.loseMs(3 * 86_400_000),
  },
  'bouncing-button': {
    about: 'every press bounces for up to 12 ms',
    begin: ({ gpio }) => void (gpio.bounceMsMin = 12),
  },
  'long-wire': {
    about: 'spikes of about 1 ms on the button’s wire',
    moments: (random, span) =>
      some(random, span, 4000).map((atMs) => ({
        atMs,
        do: 'glitch',
        input: 'button',
        forMs: 0.2 + random.uniform(),
      })),
  },
  'nervous-pir': {
    about: 'the PIR sees people where there are none',
    moments: (random, span) =>
      some(random, span, 30_000).map((atMs) => ({ atMs, do: 'pulse', holdMs: 2500 })),
  },
  'dropped-packets': {
    about: 'the camera loses packets',
    moments: (random, span) =>
      some(random, span, 5000).map((atMs) => ({
        atMs,
        do: 'camera',
        what: 'drop',
        packets: 1 + Math.floor(random.uniform() * 4),
      })),
  },
  'corrupt-packets': {
    about: 'the camera’s packets are damaged',
    moments: (random, span) =>
      some(random, span, 8000).map((atMs) => ({ atMs, do: 'camera', what: 'corrupt', packets: 1 })),
  },
  'camera-reconnects': {
    about: 'the camera goes away and comes back',
    moments: (random, span) =>
      some(random, span, 12_000).map((atMs) => ({ atMs, do: 'camera', what: 'reconnect', packets: 0 })),
  },
  'camera-clock-drift': {
    about: 'the camera’s clock is 500 ppm too slow',
    begin: ({ stage }) => stage.driftPpm(-500),
  },
  'no-detector': {
    about: 'no detector of people is installed',
    begin: ({ vision }) => void (vision.health = 'missing'),
  },
  'crashing-detector': {
    about: 'every look ends the detector of people',
    begin: ({ vision }) => void (vision.health = 'crashing'),
  },
  'hot-summer': {
    about: 'the board has 85 °C',
    begin: ({ board }) => void (board.celsius = 85),
  },
  'power-cuts': {
    about: 'the plug is pulled now and then',
    moments: (random, span) =>
      some(random, span, 25_000).flatMap((atMs) => [
        { atMs, do: 'power', state: 'cut' },
        { atMs: atMs + 500 + random.uniform() * 8000, do: 'power', state: 'on' },
      ]),
  },
}

/** A day of them must not take a day. */
const MOMENTS_MAX = 12
/** Two of three happen around something of the story’s own. */
const NEAR_SHARE = 2 / 3
const NEAR_MS = 30_000

/** Moments at random, in order: about one in `everyMs` of a short story, and a handful of a long one. */
function some(random: Random, { untilMs, near }: Span, everyMs: number): readonly number[] {
  const count = Math.min(MOMENTS_MAX, Math.max(1, Math.round(untilMs / everyMs)))
  const moments = Array.from({ length: count }, () => {
    const [is, where, when] = [random.uniform(), random.uniform(), random.uniform()]
    const close = near[Math.floor(where * near.length)]
    if (close === undefined || is > NEAR_SHARE) return when * untilMs
    return Math.max(0, close + (when - 0.2) * NEAR_MS)
  })
  return moments.map((ms) => 100 + Math.round(ms)).sort((a, b) => a - b)
}

/** What the troubles of a story do by themselves, in order of time. */
export function troubleMoments(
  names: readonly TroubleName[],
  randomOf: (name: string) => Random,
  span: Span,
): readonly Moment[] {
  return names
    .flatMap((name) => TROUBLE_TABLE[name].moments?.(randomOf(name), span) ?? [])
    .map((doing): Moment => ({ line: 0, ...doing }))
    .sort((a, b) => a.atMs - b.atMs)
}

/** The weather clears up, the plug is in, the disk works again. */
export function heal(world: World): void {
  const { network, disk, wall, gpio, stage, board, vision, now } = world
  network.heal()
  disk.pace = 'quick'
  world.breakDisk(false)
  world.fillDisk(false)
  world.lieAboutSyncs(false)
  wall.drift(now, 0)
  wall.correct(now)
  gpio.release()
  stage.heal()
  board.heal()
  vision.health = 'well'
  world.powerOn()
}
