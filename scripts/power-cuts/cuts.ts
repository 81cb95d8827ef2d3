/** Power cuts while the runtime records: the next process finds what the one before was told it had. */
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import type { Random } from '../../src/ports/random.ts'
import { DiskLife } from './disk-life.ts'
import { DATA_MODES, type CutKind, type DataMode } from './image.ts'
import { Recorder } from './recorder.ts'
import type { Tally } from './tally.ts'

/** The index grows with every life; a new disk keeps reading it cheap, and first starts are cut too. */
const CUTS_A_DISK = 40
/** So many things happen in a life that is not cut, about. Many are cut early: recovery is interrupted too, and recovers. */
const REPORTS_A_LIFE = 220
const ANSWER_MS_MAX = 8

export type CutPlan = {
  readonly seed: number
  readonly pressesAtMs: readonly number[]
  /** The power goes when so much has been told. */
  readonly afterReports: number
  /** And so much later. */
  readonly laterMs: number
  readonly kind: CutKind
  readonly next: DataMode
}

/** The `n`-th cut of a seed. What the machine makes of it differs from run to run; the plan does not. */
export function planCut(seed: number, n: number): CutPlan {
  const random = createSeededRandom(seed * 100_003 + n)
  return {
    seed: seed * 100_003 + n,
    pressesAtMs: presses(random),
    afterReports: 1 + Math.floor(random.uniform() ** 1.2 * REPORTS_A_LIFE),
    laterMs: random.uniform() * 3,
    kind: kindOf(random.uniform()),
    next: DATA_MODES[n % 2] ?? 'ordered',
  }
}

function presses(random: Random): readonly number[] {
  let atMs = random.uniform() * 30
  return Array.from({ length: 6 }, () => (atMs += 40 + random.uniform() * 100))
}

/** Most of the time everything that was not synced goes. */
function kindOf(chance: number): CutKind {
  if (chance < 0.6) return 'journal-lost'
  return chance < 0.9 ? 'journal-written' : 'all-written'
}

/** Cuts `numbers` of a seed, one after the other. Ends early when something was lost: the disk is then left for looking into. */
export async function runCuts(seed: number, numbers: readonly number[], tally: Tally): Promise<void> {
  let ahead = new Recorder()
  const nextRecorder = (): Recorder => {
    const now = ahead
    ahead = new Recorder()
    return now
  }
  try {
    for (let at = 0; at < numbers.length && !tally.hasFailed; at += CUTS_A_DISK)
      await cutOneDisk(seed, numbers.slice(at, at + CUTS_A_DISK), { tally, nextRecorder })
  } finally {
    ahead.kill()
    await ahead.ended()
  }
}

type Bench = { readonly tally: Tally; readonly nextRecorder: () => Recorder }

async function cutOneDisk(
  seed: number,
  numbers: readonly number[],
  { tally, nextRecorder }: Bench,
): Promise<void> {
  const life = await DiskLife.begin(DATA_MODES[(numbers[0] ?? 0) % 2 === 0 ? 1 : 0] ?? 'ordered')
  for (const n of numbers) {
    const plan = planCut(seed, n)
    await cutOnce(life, nextRecorder(), plan)
    tally.cut(plan.kind)
    if (await tally.failed(life, `cut ${n}`)) return
  }
  const last = nextRecorder()
  await life.settle(last, planCut(seed, numbers.at(-1) ?? 0).seed + 0.5)
  last.kill()
  await last.ended()
  tally.count(life.witness.counts())
  if (!(await tally.failed(life, `after cut ${numbers.at(-1)}`))) await life[Symbol.asyncDispose]()
}

async function cutOnce(life: DiskLife, recorder: Recorder, plan: CutPlan): Promise<void> {
  const random = createSeededRandom(plan.seed)
  const answerMs = (): number => (random.uniform() < 0.5 ? 0 : random.uniform() * ANSWER_MS_MAX)
  let heard = 0
  let enough: () => void = () => {}
  const isTime = new Promise<void>((resolve) => (enough = resolve))
  life.listenTo(recorder, { healthy: true, answerMs }, ({ tell }) => {
    if (tell !== 'loaded') heard++
    if (heard === plan.afterReports) enough()
  })
  const { root, scratch } = life.image
  const { seed, pressesAtMs } = plan
  recorder.live({
    root,
    scratch,
    seed,
    pressesAtMs: [...pressesAtMs],
    until: 'recording-over',
    look: true,
    thenClose: false,
  })
  await Promise.race([isTime, recorder.until('done', 'crashed', 'start-refused')])
  await new Promise((resolve) => setTimeout(resolve, plan.laterMs))
  await life.cut(recorder, plan)
}
