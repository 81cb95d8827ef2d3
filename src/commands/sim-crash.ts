import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { Fault } from '../base/fault.ts'
import { nearestName } from '../base/nearest.ts'
import type { CrashReport } from '../../sim/crash/crash.ts'
import { PROCEDURES } from '../../sim/crash/procedures.ts'
import { wholeNumber } from './option-values.ts'
import { createProgress } from './progress.ts'
import type { Job } from './sim-work/job.ts'
import { runJobs } from './sim-work/pool.ts'

type CrashOptions = { readonly procedure?: string; readonly workers: number; readonly every: number }

/** Work is handed out in shares, so that no core waits for another’s long procedure. */
const SHARES = 12
/** What a disk writes whole; of the size in between, every eighth crash point. */
const SECTORS = [
  { bytes: 4096, every: 1 },
  { bytes: 512, every: 1 },
  { bytes: 2048, every: 8 },
] as const
const FAILURES_TOLD_MAX = 10

export function crashCommand(): Command {
  return new Command('crash')
    .description(
      'Cuts the power before every call to disk and index, with every subset of what was not synced, and starts again.',
    )
    .option('--procedure <name>', `only this one: ${PROCEDURES.map(({ name }) => name).join(', ')}`)
    .option('--every <n>', 'only every n-th crash point', wholeNumber(1, 1000), 1)
    .option('--workers <number>', 'threads', wholeNumber(1, 256), Math.max(1, availableParallelism()))
    .action(crash)
}

async function crash(options: CrashOptions): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const wanted = indexesOf(options.procedure)
  const jobs = [...jobsOf(wanted, options.every)]
  const startedMs = performance.now()
  const progress = createProgress('shares', jobs.length)
  const reports: CrashReport[] = []
  await runJobs(jobs.values(), {
    workers: options.workers,
    signal: stop.signal,
    onResult(result) {
      if (result.what === 'crash') reports.push(result.report)
      progress.at(reports.length)
      return true
    },
  })
  progress.end()
  for (const index of wanted)
    process.stdout.write(`${describeProcedure(PROCEDURES[index]?.name ?? '', reports)}\n`)
  const states = reports.reduce((sum, report) => sum + report.states, 0)
  const failures = reports.flatMap((report) => report.failures)
  const tookS = (performance.now() - startedMs) / 1000
  const verdict = failures.length === 0 ? 'none failed' : `${failures.length} FAILED`
  process.stdout.write(`${states} crash states, ${verdict}, in ${tookS.toFixed(0)} s\n`)
  for (const { procedure, point, call, subset, checker, message } of failures.slice(0, FAILURES_TOLD_MAX))
    process.stdout.write(
      `  ${procedure}, before call ${point} (${call}), survived ${subset}: ${checker}: ${message}\n`,
    )
  if (failures.length > 0 || reports.length < jobs.length) process.exitCode = stop.signal.aborted ? 130 : 1
}

function indexesOf(name: string | undefined): readonly number[] {
  const names = PROCEDURES.map((procedure) => procedure.name)
  if (name === undefined) return names.map((_, index) => index)
  if (names.includes(name)) return [names.indexOf(name)]
  const near = nearestName(name, names)
  throw new Fault(
    'invalid',
    `--procedure: wanted one of ${names.join(', ')}, got “${name}”${near === undefined ? '' : `; did you mean ${near}?`}`,
  )
}

const jobOf = (procedure: number, index: number, every: number, sectorBytes: number): Job => ({
  what: 'crash',
  procedure,
  share: { index: index * every, of: SHARES * every },
  sectorBytes,
})

function* jobsOf(indexes: readonly number[], every: number): Generator<Job> {
  for (const sector of SECTORS)
    for (const procedure of indexes)
      for (let index = 0; index < SHARES; index++)
        yield jobOf(procedure, index, every * sector.every, sector.bytes)
}

function describeProcedure(name: string, reports: readonly CrashReport[]): string {
  const mine = reports.filter((report) => report.procedure === name)
  const states = mine.reduce((sum, report) => sum + report.states, 0)
  const points = Math.max(0, ...mine.map((report) => report.points))
  return `  ${name.padEnd(32)} ${String(points).padStart(4)} points ${String(states).padStart(7)} states`
}
