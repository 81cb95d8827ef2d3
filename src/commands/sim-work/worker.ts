/** One process of `lintel sim explore` and `lintel sim crash`: takes a job, sends its result, waits for the next. */
import { assert } from '../../base/assert.ts'
import { openHousehold, type Household } from '../../../sim/checkers/index.ts'
import { crashEverywhere, recordPoints, type CrashPoint } from '../../../sim/crash/crash.ts'
import { PROCEDURES } from '../../../sim/crash/procedures.ts'
import { exploreSeed, exploreTwice, type SeedResult } from '../../../sim/explore/explore.ts'
import type { Job, JobResult } from './job.ts'

const household = await openHousehold()
process.on('message', (job: Job) => {
  void runJob(job, household).then((result) => process.send?.(result))
})
// Whoever started us is gone: nobody waits for results any more.
process.on('disconnect', () => process.exit(0))

/** The shares of one procedure come one after the other. */
let recorded: { readonly key: string; readonly points: readonly CrashPoint[] } | undefined

async function runJob(job: Job, people: Household): Promise<JobResult> {
  if (job.what === 'explore') {
    const results: SeedResult[] = []
    for (let seed = job.fromSeed; seed < job.fromSeed + job.seeds; seed++) {
      const explore = seed % job.twiceEvery === 0 ? exploreTwice : exploreSeed
      results.push(await explore(seed, people))
    }
    return { what: 'explore', results }
  }
  const procedure = PROCEDURES[job.procedure]
  assert(procedure !== undefined, `there is a procedure ${job.procedure}`)
  const { share, sectorBytes } = job
  const key = `${job.procedure} ${sectorBytes}`
  if (recorded?.key !== key)
    recorded = { key, points: await recordPoints(procedure, { household: people, sectorBytes }) }
  const options = { household: people, share, sectorBytes, points: recorded.points }
  return { what: 'crash', report: await crashEverywhere(procedure, options) }
}
