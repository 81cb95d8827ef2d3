import type { Board } from '../../src/ports/board.ts'

/** The board's own health, as the story sets it. */
export class SimBoard implements Board {
  celsius = 45
  isLow = false
  /** When the watchdog was petted last, by whoever counts. */
  pets = 0

  async temperatureC(): Promise<number | undefined> {
    return this.celsius
  }

  async isUnderVoltage(): Promise<boolean | undefined> {
    return this.isLow
  }

  petWatchdog(): void {
    this.pets++
  }

  heal(): void {
    this.celsius = 45
    this.isLow = false
  }
}
