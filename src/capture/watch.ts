import { Bell } from '../base/bell.ts'
import type { MonoMs } from '../base/time.ts'
import type { CameraRun, LumaFrame } from '../ports/camera.ts'

/** Looks at a run's pictures while somebody wants to, and costs nothing while nobody does. */
export class Watch {
  readonly #look: NonNullable<CameraRun['look']>
  readonly #bell = new Bell()
  #from: MonoMs | undefined
  #isClosed = false

  constructor(look: NonNullable<CameraRun['look']>) {
    this.#look = look
  }

  /** From now on: pictures from the key frame at `from` on, or (undefined) none. Going on with what is being looked at anyway. */
  want(from: MonoMs | undefined): void {
    const isNews = this.#from === undefined && from !== undefined
    this.#from = isNews ? from : from === undefined ? undefined : this.#from
    if (isNews) this.#bell.ring()
  }

  /** No packets will come any more: what is being looked at is looked at to its end. */
  close(): void {
    this.#isClosed = true
    this.#bell.ring()
  }

  async run(take: (frame: LumaFrame) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#from === undefined) {
        if (this.#isClosed) return
        await this.#bell.untilRung(signal)
        continue
      }
      if (await this.#show(this.#from, take, signal)) continue // Somebody may have wanted to look again meanwhile.
      if (this.#isClosed) return
      this.#from = undefined // The camera had nothing more to show; the next packet says whether to look again.
    }
  }

  /** True when nobody wanted to look any more, false when there was nothing more to show. */
  async #show(
    from: MonoMs,
    take: (frame: LumaFrame) => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean> {
    for await (const frame of this.#look(from)) {
      if (signal.aborted) return true
      await take(frame)
      if (this.#from === undefined) return true
    }
    return false
  }
}
