import { unixMs } from '../../src/base/time.ts'
import { describeGpioContract } from '../../src/ports/gpio.contract.ts'
import { SimClock } from './sim-clock.ts'
import { createSimGpio } from './sim-gpio.ts'

describeGpioContract('the simulated board', async () => {
  const gpio = createSimGpio(new SimClock({ bootWall: unixMs(0) }))
  return { gpio, drive: async (line, active) => gpio.drive(line, active), async [Symbol.asyncDispose]() {} }
})
