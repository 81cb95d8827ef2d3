import { describe, expect, it } from 'vitest'
import type { Board } from './board.ts'

/** What every board, real or simulated, has to keep. */
export function describeBoardContract(name: string, open: () => Promise<Board>): void {
  describe(`${name} keeps the contract of a board`, () => {
    it('gives a temperature that silicon survives, or none', async () => {
      const celsius = await (await open()).temperatureC()
      if (celsius !== undefined) {
        expect(celsius).toBeGreaterThan(-50)
        expect(celsius).toBeLessThan(130)
      }
    })

    it('knows whether its voltage is too low, or does not know', async () => {
      expect([true, false, undefined]).toContain(await (await open()).isUnderVoltage())
    })

    it('knows whether it slows down, and how worn its disk is, or does not know', async () => {
      const board = await open()
      expect([true, false, undefined]).toContain(await board.isThrottled?.())
      const worn = await board.diskWorn?.()
      if (worn !== undefined) expect(worn).toBeGreaterThanOrEqual(0)
    })

    it('takes a pat for its watchdog at any time', async () => {
      const board = await open()
      board.petWatchdog()
      board.petWatchdog()
      expect(await board.isUnderVoltage()).toBe(await board.isUnderVoltage())
    })
  })
}
