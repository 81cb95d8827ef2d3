import { Worker } from 'node:worker_threads'
import { Fault } from '../../base/fault.ts'
import type { Job, JobResult } from './job.ts'

const WORKER = new URL('./worker.ts', import.meta.url)

export type PoolOptions = {
  /** Threads; each runs one job after the other. */
  readonly workers: number
  readonly signal: AbortSignal
  /** In the order they are done, which differs from run to run. False: no further job is begun. */
  readonly onResult: (result: JobResult) => boolean
}

/** Runs jobs on several threads until there are none left, or somebody has seen enough. */
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
  const worker = new Worker(WORKER)
  const stop = (): void => void worker.terminate()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (result: JobResult) => {
        take(result)
        const job = next()
        if (job === undefined) resolve()
        else worker.postMessage(job)
      })
      worker.on('error', reject)
      worker.on('exit', (code) => {
        if (signal.aborted) resolve()
        else reject(new Fault('bug', `a worker ended with ${code}`))
      })
      worker.postMessage(first)
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
