import type { SignedIn } from '../members/index.ts'
import type { Activity } from './api.ts'
import type { Doer, DoorbellForWeb, WebDeps } from './deps.ts'
import type { Presence } from './presence.ts'
import { Fault } from '../base/fault.ts'

/** What handlers work with. */
export type WebDesk = WebDeps & {
  readonly presence: Presence
  readonly rarely: Rarely
  /** The owner root as PEM, where the device made its own certificate. */
  readonly rootCertificate?: string | undefined
}

export const doerOf = ({ member, name }: SignedIn): Doer => ({ member, name })

export function doorbellOf(desk: WebDesk): DoorbellForWeb {
  const doorbell = desk.doorbell()
  if (doorbell === undefined) throw new Fault('unavailable', 'the doorbell is not running')
  return doorbell
}

/** Notes what can happen many times a minute once in a while: after `everyMs` it is worth a line again. */
export function noteRarely(
  desk: WebDesk,
  who: SignedIn,
  what: Activity['what'],
  about: { readonly clip?: string; readonly everyMs: number },
): Promise<void> {
  const window = Math.floor(desk.clock.mono() / about.everyMs)
  if (!desk.rarely.isNew(`${who.member} ${what} ${about.clip ?? ''}`, window)) return Promise.resolve()
  return desk.activity.note(doerOf(who), what, about.clip === undefined ? {} : { clip: about.clip })
}

const REMEMBERED_MAX = 4096

/** Remembers when something was last seen, of the newest 4,096 things. */
export class Rarely {
  readonly #seen = new Map<string, number>()

  isNew(key: string, window: number): boolean {
    if (this.#seen.get(key) === window) return false
    this.#seen.delete(key)
    this.#seen.set(key, window)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > REMEMBERED_MAX && oldest !== undefined) this.#seen.delete(oldest)
    return true
  }
}
