import type { Change } from '../ports/records.ts'
import type { QueuedJob } from './queue.ts'
import { WaitingLine } from './waiting-line.ts'

/** For an index that is built again: the rows of a queue in which exactly these jobs wait, in this order. */
export function rebuiltQueue(jobs: readonly QueuedJob[]): readonly Change[] {
  const line = new WaitingLine()
  return jobs.flatMap((job) => line.add(job))
}
