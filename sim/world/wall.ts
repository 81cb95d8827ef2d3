import { unixMs, type WallTime } from '../../src/base/time.ts'
import { WORLD_BEGAN_UNIX_MS } from '../checkers/presses.ts'

/**
 * What the board thinks the time is: the true time, and how far off it is. Boards of this kind have no clock of their own that
 * runs without power: they begin where they were when they went down, until the network tells.
 */
export class Wall {
  #offsetMs = 0
  #driftPpm = 0
  #driftSinceMs = 0
  isTrusted = true

  at(worldMs: number): WallTime {
    return {
      at: unixMs(WORLD_BEGAN_UNIX_MS + worldMs + this.#offsetMs + this.#driftedMs(worldMs)),
      trusted: this.isTrusted,
    }
  }

  /** Gives how far off it is now. */
  step(ms: number): number {
    this.#offsetMs += ms
    return this.#offsetMs
  }

  drift(worldMs: number, ppm: number): void {
    this.#offsetMs += this.#driftedMs(worldMs)
    this.#driftPpm = ppm
    this.#driftSinceMs = worldMs
  }

  /** The network told. */
  correct(worldMs: number): void {
    this.#offsetMs = 0
    this.#driftSinceMs = worldMs
    this.isTrusted = true
  }

  /** The power was away for so long, and nobody counted. */
  loseMs(ms: number): void {
    this.#offsetMs -= ms
    this.isTrusted = false
  }

  #driftedMs(worldMs: number): number {
    return ((worldMs - this.#driftSinceMs) * this.#driftPpm) / 1e6
  }
}
