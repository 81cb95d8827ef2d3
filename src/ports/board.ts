/** What the board can say of itself. Undefined where it cannot. */
export interface Board {
  /** Of the processor, degrees Celsius. */
  temperatureC(): Promise<number | undefined>
  /** The supply is below what the board needs, now. */
  isUnderVoltage(): Promise<boolean | undefined>
  /** Tells whoever watches the process that it still lives; nothing happens where nobody does. */
  petWatchdog(): void
  /** How often it has to be told at least; undefined where nobody says. */
  readonly petEveryMs?: number | undefined
}
