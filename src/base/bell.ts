/** Wakes the one who waits. A ring that nobody waits for is lost: look whether there is work before waiting. */
export class Bell {
  #wake: () => void = () => {}

  ring(): void {
    this.#wake()
  }

  /** Until the next ring, or until the signal is aborted. Leaves no listener behind, however often it is called. */
  async untilRung(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wake = wake
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
