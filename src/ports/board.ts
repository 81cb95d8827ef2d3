/** What the board can say of itself. Undefined where it cannot. */
export interface Board {
  /** Of the processor, degrees Celsius. */
  temperatureC(): Promise<number | undefined>
  /** The supply is below what the board needs, now. */
  isUnderVoltage(): Promise<boolean | undefined>
  /** It slows itself down now, because it is too hot or its supply too weak. */
  isThrottled?(): Promise<boolean | undefined>
  /** Of what its disk may be written in its life, so much is used up: 0 to 1, as the disk says itself. Cards do not say. */
  diskWorn?(): Promise<number | undefined>
  /** Since power came, milliseconds. */
  upMs?(): number | undefined
  /** Tells whoever watches the process that it still lives; nothing happens where nobody does. */
  petWatchdog(): void
  /** How often it has to be told at least; undefined where nobody says. */
  readonly petEveryMs?: number | undefined
}
