import { Fault, isFault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { hasHardwareEncoder, type Encoder, type PictureSettings } from './encoder.ts'

/** Which encoder a camera uses, found out once and taken back when it disappoints. */
export class EncoderChoice {
  readonly #wanted: Encoder | 'auto'
  readonly #log: Log
  readonly #pictures: PictureSettings
  #chosen: Encoder | undefined

  constructor(
    wanted: Encoder | 'auto',
    { log, pictures }: { readonly log: Log; readonly pictures: PictureSettings },
  ) {
    this.#wanted = wanted
    this.#log = log
    this.#pictures = pictures
  }

  /** Throws `Fault('unavailable')` where the hardware encoder is wanted and does not work. */
  async choose(signal: AbortSignal): Promise<Encoder> {
    if (this.#wanted === 'software') this.#chosen = 'software'
    if (this.#chosen !== undefined) return this.#chosen
    const isThere = await hasHardwareEncoder(this.#pictures, signal)
    if (!isThere && this.#wanted === 'hardware')
      throw new Fault(
        'unavailable',
        'camera.encoder: hardware: this board has no H.264 encoder that works; `auto` takes x264 then',
      )
    this.#chosen = isThere ? 'hardware' : 'software'
    this.#log.info('camera.encoder', { encoder: this.#chosen })
    return this.#chosen
  }

  /** One that worked on a test picture and not on the camera’s is not tried again. */
  async judge<T>(opening: Promise<T>): Promise<T> {
    try {
      return await opening
    } catch (error) {
      if (this.#chosen === 'hardware' && this.#wanted === 'auto' && isFault(error)) this.#chosen = 'software'
      throw error
    }
  }

  says(): string {
    switch (this.#chosen) {
      case 'hardware':
        return 'the board’s own encoder makes H.264'
      case 'software':
        return this.#wanted === 'software'
          ? 'x264 encodes'
          : 'x264 encodes, as this board has no encoder that works'
      case undefined:
        return 'it was not opened yet'
    }
  }
}
