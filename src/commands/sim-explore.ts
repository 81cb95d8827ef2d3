import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { openHousehold } from '../../sim/checkers/index.ts'
import { failsLike, playDrawn, type SeedResult } from '../../sim/explore/explore.ts'
import { randomStory } from '../../sim/explore/random-story.ts'
import { shrinkStory } from '../../sim/explore/shrink.ts'
import { describeOutcome } from '../../sim/report/index.ts'
import { storyText } from '../../sim/story/write.ts'
import { wholeNumber } from './option-values.ts'
import { createProgress } from './progress.ts'
import { writePage } from './sim-stories.ts'
import type { Job } from './sim-work/job.ts'
import { runJobs } from './sim-work/pool.ts'

type ExploreOptions = {
  readonly seeds: number
  readonly from: number
  readonly workers: number
  readonly twiceEvery: number
  readonly report: string
  readonly shrink: boolean
  readonly hashes?: boolean
}

const SEEDS_A_JOB = 20

export function exploreCommand(): Command {
  return new Command('explore')
    .description(
      'Plays random stories, one a seed, on all cores; what fails is shrunk to the smallest story that fails.',
    )
    .option('--seeds <number>', 'how many', wholeNumber(1, 1e9), 1000)
    .option('--from <seed>', 'the first seed', wholeNumber(0, 0xffffffff), 1)
    .option('--workers <number>', 'threads', wholeNumber(1, 256), Math.max(1, availableParallelism()))
    .option(
      '--twice-every <number>',
      'play every n-th seed twice and compare the traces',
      wholeNumber(1, 1e9),
      20,
    )
    .option('--report <dir>', 'where the smallest failing story and its page go', 'lintel-report')
    .option('--no-shrink', 'leave a failing story as it is')
    .option('--hashes', 'print the hash of every seed’s trace instead of a summary')
    .action(explore)
}

async function explore(options: ExploreOptions): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const startedMs = performance.now()
  const progress = createProgress('seeds', options.seeds)
  const sums = { seeds: 0, virtualMs: 0, presses: 0, visits: 0, parts: 0, boots: 0 }
  const failed: SeedResult[] = []
  const hashes: string[] = []
  await runJobs(jobsOf(options), {
    workers: options.workers,
    signal: stop.signal,
    onResult(result) {
      if (result.what !== 'explore') return true
      for (const each of result.results) {
        sums.seeds++
        for (const key of ['virtualMs', 'presses', 'visits', 'parts', 'boots'] as const)
          sums[key] += each[key]
        if (each.violations.length > 0) failed.push(each)
        hashes.push(`${each.seed} ${each.hash}`)
      }
      progress.at(sums.seeds)
      return failed.length === 0
    },
  })
  progress.end()
  if (options.hashes === true) process.stdout.write(`${inOrder(hashes).join('\n')}\n`)
  else process.stdout.write(`${describe(sums, (performance.now() - startedMs) / 1000, failed.length)}\n`)
  const [first] = failed.toSorted((a, b) => a.seed - b.seed)
  if (first !== undefined) await reportFailure(first, options, stop.signal)
  if (first !== undefined || sums.seeds < options.seeds) process.exitCode = stop.signal.aborted ? 130 : 1
}

const inOrder = (lines: readonly string[]): readonly string[] =>
  lines.toSorted((a, b) => Number.parseInt(a) - Number.parseInt(b))

function* jobsOf({ from, seeds, twiceEvery }: ExploreOptions): Generator<Job, undefined> {
  for (let done = 0; done < seeds; done += SEEDS_A_JOB)
    yield { what: 'explore', fromSeed: from + done, seeds: Math.min(SEEDS_A_JOB, seeds - done), twiceEvery }
  return undefined
}

type Sums = Readonly<Record<'seeds' | 'virtualMs' | 'presses' | 'visits' | 'parts' | 'boots', number>>

function describe(sums: Sums, tookS: number, failed: number): string {
  const days = (sums.virtualMs / 86_400_000).toFixed(1)
  const counts = `${sums.presses} presses, ${sums.visits} visits, ${sums.parts} parts, ${sums.boots} starts`
  const verdict = failed === 0 ? 'none failed' : `${failed} FAILED`
  return `${sums.seeds} seeds, ${verdict}: ${days} days of virtual time, ${counts}, in ${tookS.toFixed(0)} s`
}

/** The seed, the command that plays it again, the smallest story that fails in the same way, and its page. */
async function reportFailure(
  { seed, violations }: SeedResult,
  { report, shrink }: ExploreOptions,
  signal: AbortSignal,
): Promise<void> {
  const [first] = violations
  if (first === undefined) return
  process.stdout.write(`seed ${seed} fails: ${first.checker}: ${first.message}\n`)
  process.stdout.write(`play it again: scripts/lintel sim explore --from ${seed} --seeds 1 --no-shrink\n`)
  const household = await openHousehold()
  const whole = randomStory(seed)
  const onTry = (tries: number): void =>
    void (process.stderr.isTTY && process.stderr.write(`\rshrinking: ${tries} `))
  const story =
    shrink && first.checker !== 'same-trace'
      ? await shrinkStory(whole, failsLike(first.checker, household), onTry)
      : whole
  await mkdir(report, { recursive: true })
  const file = join(report, `seed-${seed}.yaml`)
  await writeFile(file, storyText(story))
  const outcome = await playDrawn(story, household)
  const page = await writePage(
    report,
    { file, story, video: undefined },
    { file, outcome, durationS: 0 },
    signal,
  )
  process.stdout.write(`${describeOutcome(outcome)}\n`)
  process.stdout.write(`the smallest story that fails: scripts/lintel sim ${file}\nits page: ${page}\n`)
}
