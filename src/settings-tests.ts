/** What the *test* buttons of the settings do, with the doorbell that runs. */
import { createHash } from 'node:crypto'
import { hex } from './base/bytes.ts'
import { isFault, messageOf } from './base/fault.ts'
import type { Running } from './doorbell-keeper.ts'
import type { Clock } from './ports/clock.ts'
import type { Random } from './ports/random.ts'
import type { Push } from './push/index.ts'
import type { TestBody, TestReply } from './web/index.ts'

const TEST_MS_MAX = 10_000

type Deps = { readonly clock: Clock; readonly random: Random }
type Desk = { readonly running: () => Running | undefined; readonly push: Push }

export function testersFor(
  deps: Deps,
  { running, push }: Desk,
): (what: TestBody['what']) => Promise<TestReply> {
  return async (what) => {
    if (what === 'push') return testPush(push)
    const now = running()
    if (now === undefined) return { ok: false, message: 'The doorbell is not running.' }
    const enough = new AbortController()
    const patience = deps.clock.sleep(TEST_MS_MAX, enough).then(
      () => enough.abort(),
      () => {}, // The test was over before.
    )
    try {
      return await testers[what](now, deps, enough.signal)
    } catch (error) {
      if (enough.signal.aborted)
        return { ok: false, message: `No answer within ${TEST_MS_MAX / 1000} seconds.` }
      if (!isFault(error) || error.kind === 'bug') throw error
      return { ok: false, message: messageOf(error) }
    } finally {
      enough.abort()
      await patience
    }
  }
}

type Tester = (running: Running, deps: Deps, signal: AbortSignal) => Promise<TestReply>

const testers: Readonly<Record<Exclude<TestBody['what'], 'push'>, Tester>> = {
  /** Writes a few random bytes under a random name, reads them back and removes them. */
  async store({ ports: { store } }, { random }, signal) {
    if (store === undefined) return { ok: false, message: 'No store is set.' }
    const [name, bytes] = [`test-${hex(random.bytes(16))}`, random.bytes(64)]
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await store.put(name, bytes, { sha256, ifAbsent: true, signal })
    const back = await store.get(name, { signal })
    if (!Buffer.from(back).equals(bytes))
      return { ok: false, message: 'The store gives back other bytes than it got.' }
    try {
      await store.remove(name, { signal })
    } catch (error) {
      if (!isFault(error, 'denied')) throw error
      return {
        ok: true,
        message:
          'The store takes and gives clips, but lets the doorbell delete nothing: what is deleted here stays there.',
      }
    }
    return { ok: true, message: 'The store takes, gives and deletes what the doorbell sends.' }
  },
  async broker({ ports: { broker }, config }, _deps, signal) {
    if (broker === undefined) return { ok: false, message: 'No broker is set.' }
    const prefix = config.mqtt?.prefix ?? 'lintel'
    await broker.publish({ topic: `${prefix}/test`, payload: 'test', qos: 1, retain: false }, { signal })
    return { ok: true, message: `The broker has taken a message on ${prefix}/test.` }
  },
  async chime({ doorbell }) {
    doorbell.ring()
    return { ok: true, message: 'It should have rung just now.' }
  },
}

async function testPush(push: Push): Promise<TestReply> {
  const { reached, of } = await push.test()
  if (of === 0) return { ok: false, message: 'No browser has asked to be told yet.' }
  return { ok: reached > 0, message: `${reached} of ${of} browsers could be told.` }
}
