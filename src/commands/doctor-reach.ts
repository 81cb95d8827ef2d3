import { createHash, randomBytes } from 'node:crypto'
import { equalBytes, utf8 } from '../base/bytes.ts'
import { Fault, isAbort, isFault, messageOf } from '../base/fault.ts'
import { silentLog, type Log } from '../base/log.ts'
import type { Broker } from '../ports/broker.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Reach } from './doctor-judge.ts'

const REACH_MS_MAX = 10_000

/** Writes, reads and removes a small object with a random name: what the doorbell needs to be allowed to do. */
export function reachStore(
  where: string,
  open: (log: Log) => Promise<ObjectStore & AsyncDisposable>,
): Promise<Reach> {
  return reach(where, async (signal, log) => {
    await using store = await open(log)
    const name = `doctor-${randomBytes(16).toString('hex')}`
    const bytes = utf8(`lintel doctor ${name}\n`)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await store.put(name, bytes, { sha256, ifAbsent: false, signal })
    try {
      const back = await store.get(name, { signal })
      if (!equalBytes(back, bytes)) throw new Fault('corrupt', 'what was read is not what was written')
    } finally {
      await store.remove(name, { signal })
    }
  })
}

/** Connects and publishes one message that nobody keeps. */
export function reachBroker(
  where: string,
  topic: string,
  open: (log: Log) => Promise<Broker>,
): Promise<Reach> {
  return reach(where, async (signal, log) => {
    await using broker = await open(log)
    for await (const _ of broker.connections({ signal })) break
    signal.throwIfAborted()
    const payload = '{"doctor":"lintel doctor was here"}'
    await broker.publish({ topic, payload, qos: 1, retain: false }, { signal })
  })
}

/** A driver that would try again and again says so in its log: the first such line is the answer. */
async function reach(
  where: string,
  attempt: (signal: AbortSignal, log: Log) => Promise<void>,
): Promise<Reach> {
  const startedMs = performance.now()
  const gaveUp = new AbortController()
  const problems: string[] = []
  const log: Log = {
    ...silentLog,
    warn(event, fields) {
      problems.push(String(fields?.['problem'] ?? event))
      gaveUp.abort()
    },
  }
  const signal = AbortSignal.any([gaveUp.signal, AbortSignal.timeout(REACH_MS_MAX)])
  try {
    await attempt(signal, log)
    return { state: 'reached', where, tookMs: Math.round(performance.now() - startedMs) }
  } catch (error) {
    const [problem] = problems
    if (problem !== undefined) return { state: 'failed', where, kind: kindOf(problem), why: problem }
    if (signal.aborted || isAbort(error))
      return { state: 'failed', where, kind: 'unavailable', why: `no answer within ${REACH_MS_MAX / 1000} s` }
    const kind = isFault(error) ? error.kind : 'unavailable'
    return { state: 'failed', where, kind, why: messageOf(error) }
  }
}

/** What brokers answer to a wrong account, in MQTT 3.1.1 and 5. */
const kindOf = (problem: string): string =>
  /not authori[sz]ed|bad user ?name/i.test(problem) ? 'denied' : 'unavailable'
