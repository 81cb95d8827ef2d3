import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../base/fault.ts'
import type { Job, JobResult } from './job.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** The command line is tuned for a small board's memory; these work for many minutes, so they get room and the best compiler. */
const WORKER_ARGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=128',
  // What a worker tells of an error is its message; every abort and every refusal of a disk would write down a stack.
  '--stack-trace-limit=0',
]

export type PoolOptions = {
  /** Processes; each runs one job after the other. */
  readonly workers: number
  readonly signal: AbortSignal
  /** In the order they are done, which differs from run to run. False: no further job is begun. */
  readonly onResult: (result: JobResult) => boolean
}

/** Runs jobs in several processes until there are none left, or somebody has seen enough. */
export async function runJobs(jobs: Iterator<Job>, options: PoolOptions): Promise<void> {
  let isEnough = false
  const next = (): Job | undefined => {
    if (isEnough || options.signal.aborted) return undefined
    const { done, value } = jobs.next()
    return done === true ? undefined : value
  }
  const take = (result: JobResult): void => {
    if (!isEnough && !options.onResult(result)) isEnough = true
  }
  await Promise.all(Array.from({ length: options.workers }, () => runWorker(next, take, options.signal)))
}

async function runWorker(
  next: () => Job | undefined,
  take: (result: JobResult) => void,
  signal: AbortSignal,
): Promise<void> {
  const first = next()
  if (first === undefined) return
  const worker = fork(WORKER, { execArgv: WORKER_ARGS })
  const stop = (): void => void worker.kill('SIGKILL')
  signal.addEventListener('abort', stop, { once: true })
  try {
    await feed(worker, { first, next, take }, signal)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

type Work = {
  readonly first: Job
  readonly next: () => Job | undefined
  readonly take: (result: JobResult) => void
}

/** Resolves when there is no job left; rejects when the worker ends before. */
function feed(worker: ChildProcess, { first, next, take }: Work, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (result: JobResult) => {
      take(result)
      const job = next()
      if (job === undefined) resolve()
      else worker.send(job)
    })
    worker.on('error', reject)
    worker.on('exit', (code, by) => {
      if (signal.aborted) resolve()
      else reject(new Fault('bug', `a worker ended with ${code ?? by}`))
    })
    worker.send(first)
  })
}
