/**
 * Plays one clip: opens its parts in the page and hands them to Media Source. Parts are fetched one after another from where one looks, some
 * seconds ahead; a seek fetches what it shows, and nothing between.
 */
import { Fault, isAbort, isFault, messageOf } from '../../../base/fault.ts'
import { createStore } from '../app/store.ts'
import { own } from '../crypto/bytes.ts'
import type { ClipManifest, ClipMeta } from '../crypto/documents.ts'
import { texts } from '../texts.ts'
import type { ClipFacts, ClipObject } from './clip-source.ts'
import { initFacts, partFacts, type InitFacts, type PartFacts } from './fragments.ts'
import { verdictOf, type Verdict } from './genuine.ts'
import type { ClipOpener } from './open-clip.ts'
import { PartTimes } from './part-times.ts'

const AHEAD_S = 8
const BEHIND_S = 30
/** Where moof lies, with its table of samples. */
const LOOK_BYTES = 48 * 1024

export type PlaybackState =
  | { readonly phase: 'opening' }
  | { readonly phase: 'ready' }
  | { readonly phase: 'failed'; readonly problem: string }

type MediaSourceMaker = { new (): MediaSource; isTypeSupported(type: string): boolean }

/** iOS has a Media Source that the system may empty; it is used where there is no other. */
const mediaSourceMaker = (): MediaSourceMaker | undefined => {
  const all = globalThis as { MediaSource?: MediaSourceMaker; ManagedMediaSource?: MediaSourceMaker }
  return all.ManagedMediaSource ?? all.MediaSource
}

export class Playback {
  readonly state = createStore<PlaybackState>({ phase: 'opening' })
  readonly verdict = createStore<Verdict>({ is: 'checking', checked: 0, of: 0 })
  readonly #opener: ClipOpener
  readonly #video: HTMLVideoElement
  readonly #meta: ClipMeta | undefined
  readonly #ended = new AbortController()
  readonly #checked = new Set<number>()
  #facts: ClipFacts
  #parts: readonly ClipObject[]
  #manifest: ClipManifest | undefined
  #init: InitFacts | undefined
  #times: PartTimes | undefined
  #buffer: SourceBuffer | undefined
  #source: MediaSource | undefined
  /** The part to append next; moved by a seek. */
  #next = 0
  /** Counts the places where filling began; what was fetched for an earlier one is not appended. */
  #place = 0
  #seeks = 0
  /** While a seek looks for its part nothing is fetched. */
  #isLooking = false
  #isFilling = false

  constructor(options: {
    readonly opener: ClipOpener
    readonly video: HTMLVideoElement
    readonly facts: ClipFacts
    readonly meta: ClipMeta | undefined
  }) {
    this.#opener = options.opener
    this.#video = options.video
    this.#facts = options.facts
    this.#meta = options.meta
    this.#parts = options.opener.partsOf(options.facts)
  }

  start(): void {
    const { signal } = this.#ended
    this.#video.addEventListener('seeking', () => this.#guard(this.#seek()), { signal })
    for (const event of ['timeupdate', 'waiting'] as const)
      this.#video.addEventListener(event, () => this.#guard(this.#fill()), { signal })
    this.#guard(this.#begin())
    this.#guard(this.#check())
  }

  /** A clip that is being recorded has got longer, or was signed. */
  update(facts: ClipFacts): void {
    this.#facts = facts
    this.#parts = this.#opener.partsOf(facts)
    if (this.#init !== undefined) this.#times?.grow(this.#parts.length, this.#durationTicks(this.#init))
    this.#guard(this.#check())
    this.#guard(this.#fill())
  }

  dispose(): void {
    this.#ended.abort()
    const address = this.#video.src
    this.#video.removeAttribute('src')
    this.#video.load()
    if (address.startsWith('blob:')) URL.revokeObjectURL(address)
  }

  #guard(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (isAbort(error) || this.#ended.signal.aborted) return
      this.state.set({ phase: 'failed', problem: messageOf(error) })
      if (isFault(error, 'corrupt'))
        this.verdict.set({ is: 'wrong', problem: { what: 'part', part: this.#next, says: messageOf(error) } })
    })
  }

  async #begin(): Promise<void> {
    const Maker = mediaSourceMaker()
    if (Maker === undefined) throw new Fault('invalid', texts.player.noMediaSource)
    const source = new Maker()
    this.#source = source
    this.#video.disableRemotePlayback = true
    this.#video.src = URL.createObjectURL(source)
    const opened = once(source, 'sourceopen', this.#ended.signal)
    const [first] = await Promise.all([this.#openPart(0), opened])
    const init = initFacts(first)
    if (init === undefined) throw new Fault('corrupt', texts.player.noFilm)
    if (!Maker.isTypeSupported(init.mime)) throw new Fault('invalid', texts.player.noCodec(init.mime))
    this.#init = init
    this.#times = this.#timesOf(init)
    this.#learn(0, first)
    this.#buffer = source.addSourceBuffer(init.mime)
    if (this.#meta !== undefined && this.#facts.phase !== 'growing')
      source.duration = this.#meta.durationMs / 1000
    await this.#append(first)
    this.#next = 1
    this.state.set({ phase: 'ready' })
    await this.#fill()
  }

  #timesOf(init: InitFacts): PartTimes {
    return new PartTimes({
      parts: this.#parts.length,
      durationTicks: this.#durationTicks(init),
      look: (part) => this.#look(part),
    })
  }

  #durationTicks({ timescale }: InitFacts): number {
    const durationMs = Math.max(this.#meta?.durationMs ?? 0, 1)
    return (Math.max(durationMs, this.#parts.length * 500) / 1000) * timescale
  }

  /** One chunk of a part: when it begins, and at which pictures one may begin. */
  async #look(part: number): Promise<PartFacts> {
    const object = this.#objectOf(part)
    const head = await this.#opener.range(this.#facts, object, {
      from: 0,
      to: LOOK_BYTES,
      signal: this.#ended.signal,
    })
    const facts = partFacts(head)
    if (facts === undefined) throw new Fault('corrupt', texts.player.noFilm)
    return facts
  }

  #objectOf(part: number): ClipObject {
    const object = this.#parts[part]
    if (object === undefined) throw new Fault('missing', texts.player.noFilm)
    return object
  }

  async #openPart(part: number): Promise<Uint8Array> {
    const plain = await this.#opener.whole(this.#facts, this.#objectOf(part), this.#ended.signal)
    this.#checked.add(part)
    this.#judge()
    return plain
  }

  #learn(part: number, plain: Uint8Array): void {
    const facts = partFacts(plain)
    if (facts !== undefined) this.#times?.learn(part, facts)
  }

  async #seek(): Promise<void> {
    if (this.#times === undefined || this.#init === undefined || this.#buffer === undefined) return
    const at = this.#video.currentTime
    if (isBuffered(this.#video, at)) {
      this.#isLooking = false
      this.#seeks++
      return
    }
    const seek = ++this.#seeks
    this.#isLooking = true
    const start = await this.#times.startFor((at + this.#skipS()) * this.#init.timescale)
    if (seek !== this.#seeks) return // Somebody sought again meanwhile.
    this.#isLooking = false
    this.#place++
    this.#next = start
    await this.#fill()
  }

  #skipS(): number {
    return this.#init === undefined ? 0 : this.#init.skipTicks / this.#init.timescale
  }

  /** One filler at a time; a seek moves `#next` below it. */
  async #fill(): Promise<void> {
    if (this.#isFilling || this.#buffer === undefined) return
    this.#isFilling = true
    try {
      while (!this.#isLooking && this.#next < this.#parts.length && this.#aheadS() < AHEAD_S) {
        const [part, place] = [this.#next, this.#place]
        const plain = await this.#openPart(part)
        this.#learn(part, plain)
        if (place !== this.#place || this.#isLooking) continue
        await this.#append(plain)
        if (place === this.#place) this.#next = part + 1
      }
      this.#finish()
    } finally {
      this.#isFilling = false
    }
  }

  #finish(): void {
    if (this.#isLooking || this.#next < this.#parts.length || this.#facts.phase === 'growing') return
    if (this.#source?.readyState === 'open' && this.#buffer?.updating === false) this.#source.endOfStream()
  }

  /** Seconds that can be shown from here without another part. */
  #aheadS(): number {
    const { buffered, currentTime } = this.#video
    for (let n = 0; n < buffered.length; n++) {
      if (buffered.start(n) <= currentTime + 0.3 && buffered.end(n) > currentTime)
        return buffered.end(n) - currentTime
    }
    return 0
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const buffer = this.#buffer
    if (buffer === undefined) return
    const { signal } = this.#ended
    try {
      buffer.appendBuffer(own(bytes))
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError') throw error
      buffer.remove(0, Math.max(0.1, this.#video.currentTime - BEHIND_S))
      await once(buffer, 'updateend', signal)
      buffer.appendBuffer(own(bytes))
    }
    await once(buffer, 'updateend', signal)
  }

  async #check(): Promise<void> {
    if (this.#facts.phase === 'growing') return this.verdict.set({ is: 'growing' })
    if (this.#facts.phase === 'cut-off') return this.verdict.set({ is: 'unsigned' })
    try {
      this.#manifest = (await this.#opener.manifest(this.#facts))?.manifest
      this.#judge()
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error
      this.verdict.set({ is: 'wrong', problem: { what: 'manifest', says: messageOf(error) } })
    }
  }

  #judge(): void {
    if (this.verdict.get().is === 'wrong') return
    if (this.#manifest !== undefined) this.verdict.set(verdictOf(this.#manifest, this.#parts, this.#checked))
  }
}

function isBuffered({ buffered }: HTMLVideoElement, at: number): boolean {
  for (let n = 0; n < buffered.length; n++) if (buffered.start(n) <= at && buffered.end(n) > at) return true
  return false
}

function once(target: EventTarget, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    target.addEventListener(event, () => resolve(), { once: true, signal })
    signal.addEventListener('abort', () => reject(new Fault('aborted', 'the player was closed')), {
      once: true,
    })
  })
}
