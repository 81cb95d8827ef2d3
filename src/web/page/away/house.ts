/** A household's store, looked at from anywhere: what is known of it, and what was seen of it before. */
import { isAbort, isFault, messageOf } from '../../../base/fault.ts'
import { createStore, type Store as Value } from '../app/store.ts'
import { ClipShelf } from '../clips/clip-shelf.ts'
import type { ClipSource } from '../clips/clip-source.ts'
import type { SealedCache } from '../clips/sealed-cache.ts'
import { placeOf, type KeptAccess } from '../cloud/access.ts'
import { openCloudLibrary, type CloudLibrary } from '../cloud/library.ts'
import { lookAround, type Found } from '../cloud/look-around.ts'
import type { CloudPin } from '../cloud/pins.ts'
import type { Store } from '../cloud/store.ts'
import { unbase64 } from '../crypto/bytes.ts'
import { keepBeside, readBeside } from '../keys/key-store.ts'
import type { HouseKey } from '../keys/house-key.ts'
import { texts } from '../texts.ts'

export type HouseState = {
  /** Undefined until the ledger was read for the first time. */
  readonly library: CloudLibrary | undefined
  /** The store could not be asked: what is shown is what this browser remembers. */
  readonly isOffline: boolean
  readonly look: 'waiting' | 'looking' | Found | { readonly problem: string }
}

export type HouseDeps = {
  readonly store: Store
  readonly cache: SealedCache
  readonly key: HouseKey
  readonly access: KeptAccess
}

export class CloudHouse {
  readonly now: Value<HouseState> = createStore<HouseState>({
    library: undefined,
    isOffline: false,
    look: 'waiting',
  })
  readonly shelf: ClipShelf
  readonly deps: HouseDeps
  readonly #ended = new AbortController()
  #pinned: CloudPin | undefined

  constructor(deps: HouseDeps) {
    this.deps = deps
    this.shelf = new ClipShelf({
      source: this.#source(),
      cache: deps.cache,
      key: () => deps.key,
      devicePublicKey: () => unbase64(this.#pinned?.device.key ?? '') ?? new Uint8Array(0),
    })
  }

  /** From the ledger on; then, beside it, all that lies in the store. */
  async look(): Promise<void> {
    await this.shelf.load()
    await this.#lookAround()
  }

  /** Somebody says that they know why the store is another than it was. */
  async accept(): Promise<void> {
    const accepted = this.now.get().library?.accepted
    if (accepted === undefined) return
    await this.#pin(accepted)
    await this.look()
  }

  dispose(): void {
    this.#ended.abort()
    this.shelf.reset()
  }

  #source(): ClipSource {
    const source = async (): Promise<ClipSource> => (this.now.get().library ?? (await this.#open())).source
    return {
      list: async (options) =>
        (options.before === undefined ? (await this.#open()).source : await source()).list(options),
      read: async (facts, object, options) => (await source()).read(facts, object, options),
      grants: async (clip) => (await source()).grants(clip),
      tell: async (clip, what) => (await source()).tell(clip, what),
      corrected: (meta) => this.now.get().library?.source.corrected(meta) ?? meta,
    }
  }

  async #open(): Promise<CloudLibrary> {
    const { store, cache, access } = this.deps
    try {
      this.#pinned ??= (await readBeside<CloudPin>(pinName(access))) ?? pinIn(access)
      const library = await openCloudLibrary(store, {
        cache,
        pinned: this.#pinned,
        signal: this.#ended.signal,
      })
      if (library.pin !== undefined) await this.#pin(library.pin)
      this.now.change((now) => ({ ...now, library, isOffline: false }))
      return library
    } catch (error) {
      if (isFault(error, 'unavailable')) this.now.change((now) => ({ ...now, isOffline: true }))
      throw error
    }
  }

  async #pin(pin: CloudPin): Promise<void> {
    this.#pinned = pin
    await keepBeside(pinName(this.deps.access), pin)
  }

  async #lookAround(): Promise<void> {
    const { library, isOffline } = this.now.get()
    if (library === undefined || isOffline) return
    const { clips, more } = this.shelf.now.get()
    this.now.change((now) => ({ ...now, look: 'looking' }))
    try {
      const look = await lookAround(this.deps.store, library, {
        ids: clips.filter(({ facts }) => facts.phase !== 'cut-off').map(({ facts }) => facts.clip),
        isAll: !more,
        holder: this.deps.key.holder,
        signal: this.#ended.signal,
      })
      if (!('tooMany' in look)) await this.#show(library, look.cutOff)
      this.now.change((now) => ({ ...now, look }))
    } catch (error) {
      if (isAbort(error)) return
      this.now.change((now) => ({ ...now, look: { problem: messageOf(error) } }))
    }
  }

  /** What was found beside the list, and the list again without what is not there. */
  async #show(library: CloudLibrary, cutOff: Extract<Found, { cutOff: unknown }>['cutOff']): Promise<void> {
    const shown = this.shelf.now.get().clips.filter(({ facts }) => facts.phase !== 'cut-off')
    const again = await library.source.list({ limit: shown.length })
    const there = new Map(again.clips.map((facts) => [facts.clip, facts]))
    for (const { facts } of shown) if (!there.has(facts.clip)) this.shelf.forget(facts.clip)
    const changed = shown.flatMap(({ facts }) => {
      const now = there.get(facts.clip)
      return now === undefined || now.objects.length === facts.objects.length ? [] : [now]
    })
    await this.shelf.add([...changed, ...cutOff])
  }
}

const pinName = (access: KeptAccess): string => `cloud ${placeOf(access)}`

/** What the access file says of the doorbell and its ledger is as good as having seen it. */
const pinIn = ({ device, checkpoint }: KeptAccess): CloudPin | undefined =>
  device && { device, ...(checkpoint === undefined ? {} : { checkpoint }) }

/** What is wrong with the store, in a sentence; undefined: nothing. */
export function surpriseText({ surprise }: CloudLibrary): string | undefined {
  switch (surprise?.what) {
    case undefined:
      return undefined
    case 'other-device':
      return texts.cloud.other(surprise.was, surprise.is)
    case 'gone':
      return texts.cloud.gone(surprise.was)
    case 'rolled-back':
      return texts.cloud.rolledBack(surprise.was, surprise.is)
    case 'rewritten':
      return texts.cloud.rewritten(surprise.was)
  }
}
