/** The clips that the page knows of, newest first: what the device lists, with the metadata that this key opens. */
import { isAbort, isFault, messageOf } from '../../../base/fault.ts'
import { createStore } from '../app/store.ts'
import { own } from '../crypto/bytes.ts'
import type { ClipFacts, ClipList, ClipSource } from './clip-source.ts'
import { ClipOpener, type ClipDeps } from './open-clip.ts'
import type { KnownClip } from './visits.ts'

const PAGE = 40
const AT_ONCE = 6
const POSTERS_MAX = 200
const LIST_KEPT = 'lintel-clips'

export type ShelfState = {
  readonly state: 'idle' | 'loading' | 'there' | 'failed'
  readonly clips: readonly KnownClip[]
  readonly more: boolean
  readonly problem?: string
}

const EMPTY: ShelfState = { state: 'idle', clips: [], more: false }

export class ClipShelf {
  readonly now = createStore<ShelfState>(EMPTY)
  readonly opener: ClipOpener
  readonly source: ClipSource
  readonly #posters = new Map<string, Promise<string | undefined>>()

  constructor(deps: ClipDeps) {
    this.source = deps.source
    this.opener = new ClipOpener(deps)
  }

  /** Again from the newest: what is known already is not fetched again. */
  async load(): Promise<void> {
    this.now.change((now) => ({ ...now, state: now.clips.length === 0 ? 'loading' : now.state }))
    try {
      await this.#take(await this.#list({ limit: PAGE }))
    } catch (error) {
      if (isAbort(error)) return
      this.now.change((now) => ({ ...now, state: 'failed', problem: messageOf(error) }))
    }
  }

  async loadOlder(): Promise<void> {
    const oldest = this.now.get().clips.at(-1)
    if (oldest === undefined || !this.now.get().more) return
    await this.#take(await this.#list({ before: oldest.facts.order, limit: PAGE }))
  }

  /** One clip grew, was signed, uploaded or removed. */
  async refresh(clip: string): Promise<void> {
    const known = this.now.get().clips.find(({ facts }) => facts.clip === clip)
    if (known === undefined) return this.load()
    const { clips } = await this.#list({ before: known.facts.order + 1, limit: 1 })
    const facts = clips.find((each) => each.clip === clip)
    if (facts === undefined) return this.forget(clip)
    this.#put([await this.#know(facts)])
  }

  forget(clip: string): void {
    this.now.change((now) => ({ ...now, clips: now.clips.filter(({ facts }) => facts.clip !== clip) }))
  }

  reset(): void {
    this.#posters.clear()
    this.now.set(EMPTY)
    localStorage.removeItem(LIST_KEPT)
  }

  /** The address of the poster within this page; undefined where there is none, or none that can be opened. */
  poster(facts: ClipFacts): Promise<string | undefined> {
    const known = this.#posters.get(facts.clip)
    if (known !== undefined) return known
    const made = this.opener
      .poster(facts)
      .then((jpeg) => {
        if (jpeg === undefined) this.#posters.delete(facts.clip) // It may come yet.
        return jpeg && URL.createObjectURL(new Blob([own(jpeg)], { type: 'image/jpeg' }))
      })
      .catch(() => undefined)
    this.#posters.set(facts.clip, made)
    const [oldest] = this.#posters.keys()
    if (this.#posters.size > POSTERS_MAX && oldest !== undefined) this.#posters.delete(oldest)
    return made
  }

  /** When the doorbell is away, what it said last: names and sizes of sealed things, which say nothing to others. */
  async #list(options: Parameters<ClipSource['list']>[0]): Promise<ClipList> {
    const isFirst = options.before === undefined
    try {
      const reply = await this.source.list(options)
      if (isFirst) keepList(reply)
      return reply
    } catch (error) {
      const kept = isFirst && isFault(error, 'unavailable') ? keptList() : undefined
      if (kept === undefined) throw error
      return kept
    }
  }

  async #take(reply: ClipList): Promise<void> {
    const waiting = [...reply.clips]
    const work = async (): Promise<void> => {
      for (let facts = waiting.shift(); facts !== undefined; facts = waiting.shift())
        this.#put([await this.#know(facts)])
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    this.now.change(({ problem: _, ...now }) => ({ ...now, state: 'there', more: reply.more }))
  }

  async #know(facts: ClipFacts): Promise<KnownClip> {
    if (facts.problem !== undefined) return { facts, problem: facts.problem }
    try {
      const meta = await this.opener.meta(facts)
      return { facts, ...(meta === undefined ? {} : { meta }) }
    } catch (error) {
      return { facts, problem: messageOf(error) }
    }
  }

  /** Clips that were found beside those that were listed. */
  async add(found: readonly ClipFacts[]): Promise<void> {
    this.#put(await Promise.all(found.map((facts) => this.#know(facts))))
  }

  #put(known: readonly KnownClip[]): void {
    this.now.change((now) => {
      const ids = new Set(known.map(({ facts }) => facts.clip))
      const clips = [...now.clips.filter(({ facts }) => !ids.has(facts.clip)), ...known]
      return { ...now, clips: clips.sort((a, b) => b.facts.order - a.facts.order) }
    })
  }
}

const keepList = (reply: ClipList): void => {
  try {
    localStorage.setItem(LIST_KEPT, JSON.stringify(reply))
  } catch {
    // No room: then the timeline is not there without the doorbell.
  }
}

function keptList(): ClipList | undefined {
  const text = localStorage.getItem(LIST_KEPT)
  return text === null ? undefined : ({ ...(JSON.parse(text) as ClipList), more: false } satisfies ClipList)
}
