/**
 * What a story's file may say, as zod schemas: one for each device of the board and each kind of expectation, so that a
 * mistake is explained by the one that was meant. `read.ts` reads with them; editors get the same as JSON Schema.
 */
import { z } from 'zod'
import { sceneNames } from '../scenes/index.ts'
import { TROUBLES, type Doing, type Expectation } from './story.ts'
import { countBound, deadline, SPELT, stepMs, timeBound, timeMs } from './words.ts'

/** What is meant where a story does not say. Milliseconds. */
export const UNSAID = {
  /** How long a finger stays on a button. */
  pressHoldMs: 150,
  /** What an HC-SR501 with its trimmer fully left holds its output for. */
  pirHoldMs: 2500,
  glitchMs: 1,
  /** How long a board takes to be back after its voltage dipped. */
  brownOutMs: 2000,
  packets: 1,
}

export const STORY_LIMITS = {
  /** More is no story any more; a random one is told in fewer. */
  timeline: 10_000,
  expect: 1000,
  /** A year. */
  ms: 366 * 86_400_000,
}

const TIME_WANTED = 'wanted a time such as 4.5s or 500ms'

const spelt = (spelling: RegExp, wanted: string) => z.string({ error: wanted }).regex(spelling, wanted)

const time = z
  .union([z.number().min(0), z.string().regex(SPELT.time, { error: ({ input }) => timeWanted(input) })], {
    error: TIME_WANTED,
  })
  .transform((text, context) => {
    const ms = timeMs(text)
    if (ms > STORY_LIMITS.ms) context.addIssue({ code: 'custom', message: 'wanted a time of at most 366d' })
    return ms
  })

const timeWanted = (input: unknown): string =>
  String(input).startsWith('-') ? 'wanted a time of 0s or later' : TIME_WANTED

const at = time.describe('when: 4.5s, 500ms, 2m, 1h, 3d after the beginning; a bare number is seconds')
const bounce = time.describe('how long the contact flutters first').default(0)
const holdFor = (fallbackMs: number) =>
  time.describe(`how long it stays active; ${fallbackMs}ms if not said`).prefault(`${fallbackMs}ms`)
const lasts = (fallbackMs: number) =>
  time.describe(`how long it lasts; ${fallbackMs}ms if not said`).prefault(`${fallbackMs}ms`)

type Timed = { readonly atMs: number } & Doing

const button = z
  .discriminatedUnion('button', [
    z.strictObject({ at, button: z.literal('press'), hold: holdFor(UNSAID.pressHoldMs), bounce }),
    z.strictObject({ at, button: z.enum(['down', 'up']), bounce }),
    z.strictObject({ at, button: z.literal('glitch'), for: lasts(UNSAID.glitchMs) }),
  ])
  .transform((it): Timed => {
    if (it.button === 'press') return { atMs: it.at, do: 'press', holdMs: it.hold, bounceMs: it.bounce }
    if (it.button === 'glitch') return { atMs: it.at, do: 'glitch', input: 'button', forMs: it.for }
    return { atMs: it.at, do: 'line', input: 'button', active: it.button === 'down', bounceMs: it.bounce }
  })

const pir = z
  .discriminatedUnion('pir', [
    z.strictObject({ at, pir: z.literal('pulse'), hold: holdFor(UNSAID.pirHoldMs) }),
    z.strictObject({ at, pir: z.enum(['rise', 'fall']), bounce }),
    z.strictObject({ at, pir: z.literal('glitch'), for: lasts(UNSAID.glitchMs) }),
  ])
  .transform((it): Timed => {
    if (it.pir === 'pulse') return { atMs: it.at, do: 'pulse', holdMs: it.hold }
    if (it.pir === 'glitch') return { atMs: it.at, do: 'glitch', input: 'pir', forMs: it.for }
    return { atMs: it.at, do: 'line', input: 'pir', active: it.pir === 'rise', bounceMs: it.bounce }
  })

const downOrUp = z.enum(['down', 'up'])
const network = z
  .strictObject({ at, network: downOrUp })
  .transform((it): Timed => ({ atMs: it.at, do: 'network', state: it.network }))
const store = z
  .strictObject({ at, store: downOrUp })
  .transform((it): Timed => ({ atMs: it.at, do: 'store', state: it.store }))
const broker = z
  .strictObject({ at, broker: downOrUp })
  .transform((it): Timed => ({ atMs: it.at, do: 'broker', state: it.broker }))

const power = z
  .discriminatedUnion('power', [
    z.strictObject({ at, power: z.enum(['cut', 'on']) }),
    z.strictObject({ at, power: z.literal('brown-out'), for: lasts(UNSAID.brownOutMs) }),
  ])
  .transform((it): Timed =>
    it.power === 'brown-out'
      ? { atMs: it.at, do: 'brown-out', forMs: it.for }
      : { atMs: it.at, do: 'power', state: it.power },
  )

const doorbell = z
  .strictObject({ at, doorbell: z.enum(['restart', 'upgrade', 'freeze']) })
  .transform((it): Timed => ({ atMs: it.at, do: 'doorbell', what: it.doorbell }))

const packets = z.number().int().min(1).max(100_000).describe('how many').default(UNSAID.packets)
const camera = z
  .discriminatedUnion('camera', [
    z.strictObject({
      at,
      camera: z.enum(['stall', 'resume', 'unplug', 'plug', 'reconnect', 'resize']),
    }),
    z.strictObject({ at, camera: z.enum(['drop', 'corrupt']), packets }),
  ])
  .transform((it): Timed => {
    const counted = it.camera === 'drop' || it.camera === 'corrupt'
    return { atMs: it.at, do: 'camera', what: it.camera, packets: counted ? it.packets : 0 }
  })

const disk = z
  .strictObject({
    at,
    disk: z.enum(['full', 'roomy', 'broken', 'mended', 'slow', 'quick', 'lying', 'honest']),
  })
  .transform((it): Timed => ({ atMs: it.at, do: 'disk', state: it.disk }))

const index = z
  .strictObject({ at, index: z.enum(['corrupt', 'gone']) })
  .transform((it): Timed => ({ atMs: it.at, do: 'index', state: it.index }))

const CLOCK_WANTED = 'wanted trusted, untrusted, { step: +1h } or { drift: 50ppm }'
const clock = z
  .strictObject({
    at,
    clock: z.union(
      [
        z.enum(['trusted', 'untrusted']),
        z.strictObject({ step: spelt(SPELT.step, 'wanted a step with its sign, such as +1h or -90s') }),
        z.strictObject({ drift: spelt(SPELT.drift, 'wanted a drift such as 50ppm or -20ppm') }),
      ],
      { error: CLOCK_WANTED },
    ),
  })
  .transform(({ at: atMs, clock: it }): Timed => {
    if (it === 'trusted' || it === 'untrusted') return { atMs, do: 'clock', trusted: it === 'trusted' }
    if ('step' in it) return { atMs, do: 'clock', step: stepMs(it.step) }
    return { atMs, do: 'clock', driftPpm: Number.parseFloat(it.drift) }
  })

const temperature = z
  .strictObject({ at, temperature: z.number().min(-60).max(150).describe('degrees Celsius of the board') })
  .transform((it): Timed => ({ atMs: it.at, do: 'temperature', celsius: it.temperature }))

const detector = z
  .strictObject({ at, detector: z.enum(['well', 'missing', 'crashing', 'garbage']) })
  .transform((it): Timed => ({ atMs: it.at, do: 'detector', state: it.detector }))

const recipients = z
  .strictObject({ at, recipients: z.enum(['add', 'remove']) })
  .transform((it): Timed => ({ atMs: it.at, do: 'recipients', what: it.recipients }))

const owner = z
  .strictObject({ at, owner: z.literal('delete').describe('deletes the oldest clip that has ended') })
  .transform((it): Timed => ({ atMs: it.at, do: 'owner', what: it.owner }))

const visitor = z
  .strictObject({ at, visitor: time.describe('how long somebody stands before a drawn camera') })
  .transform((it): Timed => ({ atMs: it.at, do: 'visitor', forMs: it.visitor }))

/** What board `sim` has, and what can happen to it. */
export const MOMENTS = {
  ...{ button, pir, visitor, camera, network, store, broker, power, doorbell },
  ...{ disk, index, clock, temperature, recipients, owner, detector },
}

const n = z.number().int().min(1).max(100_000)
const COUNT_WANTED = 'wanted a number, `at most 2`, `at least 2` or `2 to 3`'
const count = z
  .union([z.number().int().min(0), z.string().regex(SPELT.countBound, COUNT_WANTED)], {
    error: COUNT_WANTED,
  })
  .transform(countBound)
const due = spelt(
  SPELT.deadline,
  'wanted `within 1s`, `within 1s of network up`, `by 90s` or `never`',
).transform(deadline)
const when = spelt(SPELT.timeBound, 'wanted `at most 0.5s`, `at least 20s` or `4s to 5s`').transform(
  timeBound,
)

/** An expectation before it has its line and its words. */
export type Expected = DistributiveOmit<Expectation, 'line' | 'text'>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

const press = z
  .strictObject({
    press: n.describe('which press, counted from 1'),
    notified: due.describe('when the household has heard of it').exactOptional(),
    chimed: due.describe('when the chime has rung for it').exactOptional(),
  })
  .transform(({ press: which, ...rest }): Expected => ({ about: 'press', n: which, ...rest }))

const clip = z
  .strictObject({
    clip: n.describe('which clip, counted from 1'),
    from: when.describe('when the light of its first picture came').exactOptional(),
    to: when.describe('when the light of its last picture came').exactOptional(),
    parts: count.describe('how many parts it has').exactOptional(),
    complete: z.boolean().describe('it ended, and no part is missing').exactOptional(),
    ended: z
      .enum(['quiet', 'max-length', 'camera-lost', 'stopped', 'recovered'])
      .describe('why it ended')
      .exactOptional(),
    uploaded: due.describe('when all of it is in the store; `within` counts from its end').exactOptional(),
  })
  .transform(({ clip: which, ...rest }): Expected => ({ about: 'clip', n: which, ...rest }))

type Counted = Extract<Expectation, { about: 'count' }>['what']
const counted = (what: Counted, bound: z.output<typeof count>): Expected => ({
  about: 'count',
  what,
  count: bound,
})

/** What a story may expect. */
export const EXPECTATIONS = {
  press,
  clip,
  presses: z.strictObject({ presses: count }).transform((it) => counted('presses', it.presses)),
  visits: z.strictObject({ visits: count }).transform((it) => counted('visits', it.visits)),
  recognised: z
    .strictObject({ recognised: count.describe('visits in which it was seen who or what came') })
    .transform((it) => counted('recognised', it.recognised)),
  clips: z.strictObject({ clips: count }).transform((it) => counted('clips', it.clips)),
  alarms: z.strictObject({ alarms: count }).transform((it) => counted('alarms', it.alarms)),
  boots: z.strictObject({ boots: count }).transform((it) => counted('boots', it.boots)),
  motions: z.strictObject({ motions: count }).transform((it) => counted('motions', it.motions)),
}

export const CAMERAS = {
  video: z.strictObject({
    video: z.string().min(1).max(1000).describe('a fixture by name, or a path relative to the story'),
  }),
  scene: z.strictObject({ scene: z.enum(sceneNames).describe('a generated scene') }),
}

const listOf = <T extends z.ZodType>(entry: T, most: number) => z.array(entry).max(most).default([])

/** The parts of a story that are read one by one, each with the schema of what it is about. */
type Parts = { readonly camera: z.ZodType; readonly moment: z.ZodType; readonly expectation: z.ZodType }

const storyOf = <P extends Parts>({ camera: seen, moment, expectation }: P) =>
  z.strictObject({
    title: z
      .string()
      .regex(/^[^\p{Cc}\u2028\u2029]{1,200}$/u, 'wanted one line of 1 to 200 characters')
      .describe('what happens, in a line'),
    seed: z.number().int().min(0).max(0xffffffff).describe('of all that is left to chance').default(1),
    board: z.enum(['sim']).describe('the hardware').default('sim'),
    camera: seen,
    timeline: listOf(moment, STORY_LIMITS.timeline).describe('in order of time'),
    troubles: z.array(z.enum(TROUBLES)).describe('weather that lasts for all of the story').default([]),
    settings: z
      .record(z.string(), z.unknown())
      .describe('settings that differ from the defaults, by their full key: { visit.quietAfterMs: 5000 }')
      .default({}),
    until: time.describe('the world goes on until then at least').exactOptional(),
    expect: listOf(expectation, STORY_LIMITS.expect).describe('what has to be true'),
  })

/** The frame of a story, whose parts are not looked at yet. */
export const storyFrame = storyOf({
  camera: z.unknown().optional(),
  moment: z.unknown(),
  expectation: z.unknown(),
})

/** All of a story in one schema. */
export const wholeStory = storyOf({
  camera: z
    .union([z.literal('drawn'), ...Object.values(CAMERAS)])
    .describe('what the camera sees; `drawn`: no video, quick enough for days'),
  moment: z.union(Object.values(MOMENTS)),
  expectation: z.union(Object.values(EXPECTATIONS)),
})

/**
 * `sim/stories/story.schema.json`, for editors. After a change here it is written anew with
 * `node -e "import('./sim/story/schema.ts').then((it) => console.log(JSON.stringify(it.storyJsonSchema())))"` and `oxfmt`.
 */
export const storyJsonSchema = () => ({
  ...z.toJSONSchema(wholeStory, { io: 'input' }),
  title: 'a story for lintel sim',
})
