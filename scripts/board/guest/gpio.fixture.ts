/** The contract of lines on the board's own chip. Whoever holds the wires is asked over HTTP: `LINTEL_WIRES` is their address. */
import { silentLog } from '../../../src/base/log.ts'
import { openGpio } from '../../../src/drivers/gpio/index.ts'
import { describeGpioContract } from '../../../src/ports/gpio.contract.ts'

const CHIP = '9030000.pl061'
const PLAIN = { chip: CHIP, activeLow: false, bias: 'as-is', debounceUs: 0 } as const
const NUMBERS = { button: 5, pir: 6 } as const

async function drive(line: keyof typeof NUMBERS, active: boolean): Promise<void> {
  const { ok } = await fetch(
    `${process.env['LINTEL_WIRES'] ?? ''}/?line=${NUMBERS[line]}&level=${active ? 1 : 0}`,
  )
  if (!ok) throw new Error('whoever holds the wires did not move them')
}

describeGpioContract('the character device of a real kernel', async () => {
  const gpio = openGpio(
    {
      button: { ...PLAIN, line: NUMBERS.button },
      pir: { ...PLAIN, line: NUMBERS.pir },
      chime: { ...PLAIN, line: 7 },
    },
    { log: silentLog },
  )
  return {
    gpio,
    drive,
    async [Symbol.asyncDispose]() {
      gpio[Symbol.dispose]()
      for (const line of ['button', 'pir'] as const) await drive(line, false)
    },
  }
})
