import { hex } from '../base/bytes.ts'
import type { MonoMs } from '../base/time.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { orderKey, type Change, type Records } from '../ports/records.ts'
import type { Activities, Activity, ActivityReply, Doer } from '../web/index.ts'
import { activityOf, hashOfRow, readRow, type ActivityRow } from './rows.ts'

export type ActivityDeps = { readonly records: Records; readonly clock: Clock; readonly random: Random }

export interface ActivityDesk extends Activities {
  /** The ledger of the doorbell that runs from now on. What waited for one is entered. */
  attach(ledger: Pick<Ledger, 'append'>): Promise<void>
  /** Nothing is entered any more once this resolves. */
  detach(): Promise<void>
}

const KEEP_MS = 400 * 86_400_000
const ROWS_MAX = 50_000
/** So many old rows go with each new one: more than come. */
const PRUNE_AT_ONCE = 4
const LIST_MAX = 200
const TEXT_LETTERS_MAX = 200
const AGAIN_MS = 60_000
/** What a page may say again and again while somebody looks at one clip. */
const REPEATED: ReadonlySet<Activity['what']> = new Set(['played', 'downloaded'])
const REMEMBERED_MAX = 256

export function createActivities(deps: ActivityDeps): ActivityDesk {
  return new ActivityBook(deps)
}

class ActivityBook implements ActivityDesk {
  readonly #deps: ActivityDeps
  readonly #lately = new Map<string, MonoMs>()
  #ledger: Pick<Ledger, 'append'> | undefined
  #next: number | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: ActivityDeps) {
    this.#deps = deps
  }

  attach(ledger: Pick<Ledger, 'append'>): Promise<void> {
    return this.#inTurn(async () => {
      for (const { key, row } of await this.#deps.records.list('activity')) {
        const { waits, ...said } = readRow(key, row)
        if (waits === true) await this.#enter(ledger, key, said, [])
      }
      this.#ledger = ledger
    })
  }

  detach(): Promise<void> {
    return this.#inTurn(async () => {
      this.#ledger = undefined
    })
  }

  async note(
    doer: Doer,
    what: Activity['what'],
    about: { readonly clip?: string; readonly detail?: string } = {},
  ): Promise<void> {
    if (REPEATED.has(what) && this.#wasJustDone(`${doer.member} ${what} ${about.clip ?? ''}`)) return
    const row = this.#rowOf(doer, what, about)
    await this.#inTurn(async () => {
      const key = orderKey(await this.#takeNumber())
      const pruned = await this.#pruned()
      if (this.#ledger === undefined)
        await this.#deps.records.write([{ put: 'activity', key, row: { ...row, waits: true } }, ...pruned])
      else await this.#enter(this.#ledger, key, row, pruned)
    })
  }

  async list({ before, limit }: Parameters<Activities['list']>[0]): Promise<ActivityReply> {
    const wanted = Math.min(Math.max(1, limit), LIST_MAX)
    const rows = await this.#deps.records.list('activity', {
      ...(before === undefined ? {} : { before }),
      backwards: true,
      limit: wanted + 1,
    })
    const activity = rows.slice(0, wanted).map(({ key, row }) => activityOf(key, readRow(key, row)))
    return { activity, more: rows.length > wanted }
  }

  #rowOf(
    doer: Doer,
    what: Activity['what'],
    { clip, detail }: { clip?: string; detail?: string },
  ): ActivityRow {
    const { at, trusted } = this.#deps.clock.wall()
    return {
      at: Math.round(at),
      trusted,
      member: doer.member,
      name: doer.name,
      what,
      ...(clip === undefined ? {} : { clip: clip.slice(0, TEXT_LETTERS_MAX) }),
      ...(detail === undefined ? {} : { detail: detail.slice(0, TEXT_LETTERS_MAX) }),
      salt: hex(this.#deps.random.bytes(16)),
    }
  }

  /** One transaction. */
  async #enter(
    ledger: Pick<Ledger, 'append'>,
    key: string,
    row: ActivityRow,
    more: readonly Change[],
  ): Promise<void> {
    await ledger.append({ type: 'activity', sha256: hashOfRow(row) }, [
      { put: 'activity', key, row },
      ...more,
    ])
  }

  async #takeNumber(): Promise<number> {
    if (this.#next === undefined) {
      const [last] = await this.#deps.records.list('activity', { backwards: true, limit: 1 })
      this.#next = last === undefined ? 0 : Number(last.key) + 1
    }
    return this.#next++
  }

  /** The oldest that are too old, or too many: none whose entry is not written yet. */
  async #pruned(): Promise<readonly Change[]> {
    const { at, trusted } = this.#deps.clock.wall()
    const oldest = await this.#deps.records.list('activity', { limit: PRUNE_AT_ONCE })
    return oldest.flatMap(({ key, row }): readonly Change[] => {
      const { waits, at: doneAt, trusted: wasTrusted } = readRow(key, row)
      const isOld = trusted && wasTrusted && at - doneAt > KEEP_MS
      const isTooMany = Number(key) < (this.#next ?? 0) - ROWS_MAX
      return waits !== true && (isOld || isTooMany) ? [{ remove: 'activity', key }] : []
    })
  }

  #wasJustDone(what: string): boolean {
    const now = this.#deps.clock.mono()
    const before = this.#lately.get(what)
    if (before !== undefined && now - before < AGAIN_MS) return true
    this.#lately.delete(what)
    this.#lately.set(what, now)
    const [oldest] = this.#lately.keys()
    if (this.#lately.size > REMEMBERED_MAX && oldest !== undefined) this.#lately.delete(oldest)
    return false
  }

  #inTurn(job: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(job)
    this.#turn = mine.catch(() => {}) // Whoever asked hears of it.
    return mine
  }
}
