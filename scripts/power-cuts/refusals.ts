/** A disk that refuses: nothing is acknowledged that is not there, and presses ring on. */
import path from 'node:path'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { DiskLife } from './disk-life.ts'
import { Recorder } from './recorder.ts'
import type { Tally } from './tally.ts'
import { KINDS, readTrace, traceWith, type Place, type Refusal } from './tracer.ts'

/** The index grows with every life; a new disk keeps reading it cheap. */
const SAMPLES_A_DISK = 30
/** Before the first life has shown how often each call is made. */
const CALLS_AT_FIRST = 20
/** Clips of lives longer ago are gone. */
const LIVES_REMEMBERED = 10
const PRESSES_AT_MS = [5, 90, 180]

/** All of them, one after the other; each disk's error once and for good. */
const COMBINATIONS = KINDS.flatMap(({ call, target, errnos }) =>
  errnos.flatMap((errno) => [false, true].map((forGood) => ({ call, target, errno, forGood }))),
)

/** How often a call was made in a life, as far as is known: where to aim. */
type Known = Map<string, number>

const nameOf = ({ call, target }: Pick<Refusal, 'call' | 'target'>): string => `${call} ${target}`

/** The `n`-th refusal of a seed. Which call is the one depends on how many a life makes. */
function planRefusal(seed: number, n: number, known: Known): Refusal {
  const combination = COMBINATIONS[n % COMBINATIONS.length]
  if (combination === undefined) throw new Error('there is nothing to refuse')
  const calls = known.get(nameOf(combination)) ?? CALLS_AT_FIRST
  return { ...combination, from: 1 + Math.floor(createSeededRandom(lifeSeed(seed, n)).uniform() * calls) }
}

const lifeSeed = (seed: number, n: number): number => seed * 100_003 + n

/** A life that begins with the tracer beside it; loaded ahead. */
type Traced = {
  readonly n: number
  readonly refusal: Refusal
  readonly place: Place
  readonly recorder: Recorder
}

/** Every `lanes`-th from `first` on, until `samples` of them were hit by a refusal. */
export async function runRefusals(
  seed: number,
  numbers: { readonly first: number; readonly lanes: number; readonly samples: number },
  tally: Tally,
): Promise<void> {
  const known: Known = new Map()
  const healthy = new Recorder()
  let n = numbers.first
  let hit = 0
  const bench: Bench = {
    seed,
    lanes: numbers.lanes,
    known,
    tally,
    healthy,
    nextNumber: () => (n += numbers.lanes) - numbers.lanes,
    isEnough: () => hit >= numbers.samples || tally.hasFailed,
    countHit: () => hit++,
  }
  try {
    while (!bench.isEnough()) await refuseOnOneDisk(bench)
  } finally {
    healthy.kill()
    await healthy.ended()
  }
}

type Bench = {
  readonly seed: number
  readonly lanes: number
  readonly known: Known
  readonly tally: Tally
  /** Restarts without errors: one process for all of them. */
  readonly healthy: Recorder
  nextNumber(): number
  isEnough(): boolean
  countHit(): void
}

async function refuseOnOneDisk(bench: Bench): Promise<void> {
  const life = await DiskLife.begin('ordered')
  let ahead = await begin(life, bench)
  try {
    for (let at = 0; at < SAMPLES_A_DISK && !bench.isEnough(); at++) {
      const traced = ahead
      ahead = await begin(life, bench)
      await refuseOnce(life, traced, bench)
      // Now and then the next disk refuses before this one's cut was recovered from.
      const isLast = at === SAMPLES_A_DISK - 1 || bench.isEnough()
      if (isLast || traced.n % 3 !== 2 || !mayLook(ahead.refusal))
        await life.settle(bench.healthy, lifeSeed(bench.seed, traced.n) + 0.5)
      if (await bench.tally.failed(life, describe(traced))) return
    }
    if (await bench.tally.failed(life, 'at the end')) return
  } finally {
    ahead.recorder.kill()
    await ahead.recorder.ended()
  }
  bench.tally.count(life.witness.counts())
  await life[Symbol.asyncDispose]()
}

/** Looking opens files too, and would be refused. */
const mayLook = ({ call }: Refusal): boolean => call !== 'openat'

const describe = ({ n, refusal: { call, target, errno, from, forGood } }: Traced): string =>
  `sample ${n}: ${call} on the ${target} refused with ${errno} ${forGood ? 'for good from' : 'once, at'} call ${from}`

async function begin({ image }: DiskLife, bench: Bench): Promise<Traced> {
  const { seed } = bench
  const n = bench.nextNumber()
  const refusal = planRefusal(seed, n, bench.known)
  const file = (ending: string): string => path.join(image.folder, `traced-${n}.${ending}`)
  const earlier = numbersBefore(n, bench.lanes).map((before) => lifeSeed(seed, before))
  const place = { root: image.root, seed: lifeSeed(seed, n), earlier, log: file('log'), script: file('sh') }
  return { n, refusal, place, recorder: new Recorder(await traceWith(refusal, place)) }
}

const numbersBefore = (n: number, step: number): readonly number[] =>
  Array.from({ length: LIVES_REMEMBERED }, (_, back) => n - (back + 1) * step).filter((before) => before >= 0)

/** One life with refusals, until the presses have rung and the visit is over; then the power goes too. */
async function refuseOnce(life: DiskLife, traced: Traced, bench: Bench): Promise<void> {
  const { recorder, place, refusal } = traced
  life.listenTo(recorder, { healthy: false })
  const { root, seed } = place
  const { scratch } = life.image
  recorder.live({
    root,
    scratch,
    seed,
    pressesAtMs: PRESSES_AT_MS,
    until: 'recording-over',
    look: mayLook(refusal),
    thenClose: false,
  })
  const end = await recorder.until('done', 'crashed', 'start-refused')
  // What the refused sync should have kept must really not be there.
  await life.cut(recorder, { kind: 'journal-lost', next: 'ordered' })
  const { calls, refused, elsewhere } = await readTrace(place.log, root)
  // A life that was hit is cut short, so the most that was seen counts; one that was not hit says it exactly.
  const atLeast = refused === 0 ? 1 : (bench.known.get(nameOf(refusal)) ?? 1)
  bench.known.set(nameOf(refusal), Math.max(calls, atLeast))
  if (refused > 0) bench.countHit()
  bench.tally.refusal(refusal, { refused, isStarted: end?.tell === 'done' })
  life.problems.push(...elsewhere.map((line) => `the tracer hit a call that was not meant: ${line}`))
  if (end === undefined) life.problems.push('the process ended by itself')
  if (end?.tell === 'done' && end.unrung > 0)
    life.problems.push(`${end.unrung} presses were not heard inside`)
  if (end?.tell === 'start-refused' && refused === 0)
    life.problems.push(`the start was refused without a refusal of the disk: ${end.problem}`)
}
