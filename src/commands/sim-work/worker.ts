/** One thread of `lintel sim explore` and `lintel sim crash`: takes a job, sends its result, waits for the next. */
import { parentPort } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { openHousehold, type Household } from '../../../sim/checkers/index.ts'
import { crashEverywhere } from '../../../sim/crash/crash.ts'
import { PROCEDURES } from '../../../sim/crash/procedures.ts'
import { exploreSeed, exploreTwice, type SeedResult } from '../../../sim/explore/explore.ts'
import type { Job, JobResult } from './job.ts'

const household = await openHousehold()
const port = parentPort
assert(port !== null, 'a worker has a parent')
port.on('message', (job: Job) => {
  void runJob(job, household).then((result) => port.postMessage(result))
})

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
  return {
    what: 'crash',
    report: await crashEverywhere(procedure, { household: people, share, sectorBytes }),
  }
}
