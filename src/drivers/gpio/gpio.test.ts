import { beforeEach, describe, expect, it } from 'vitest'
import { silentLog, type Log } from '../../base/log.ts'
import { monoMs } from '../../base/time.ts'
import { describeGpioContract } from '../../ports/gpio.contract.ts'
import type { Edge } from '../../ports/gpio.ts'
import { findLine } from './chips.ts'
import { openGpio, type GpioLines, type LineConfig } from './gpio.ts'
import { listChips } from './list-chips.ts'
import { flagsAt, SoftKernel, type SoftChip } from './soft-kernel.fixture.ts'
import { FLAG } from './uapi.ts'

const plain: Omit<LineConfig, 'line'> = { activeLow: false, bias: 'as-is', debounceUs: 0 }
const LINES: GpioLines = {
  button: { ...plain, chip: 'pinctrl-bcm2711', line: 17, activeLow: true, bias: 'pull-up' },
  pir: { ...plain, line: 'GPIO27', bias: 'pull-down' },
  chime: { ...plain, chip: 'pinctrl-bcm2711', line: 22 },
}
const monoOf = (ns: bigint) => monoMs(Number(ns) / 1e6)

let kernel: SoftKernel
let chip: SoftChip
beforeEach(() => {
  kernel = new SoftKernel()
  chip = kernel.addChip('gpiochip0', 'pinctrl-bcm2711', gpioNames(28))
  chip.lines.forEach((line) => (line.level = line.name === 'GPIO17')) // The button's pull-up.
  kernel.addChip('gpiochip1', 'raspberrypi-exp-gpio', ['BT_ON', 'WL_ON', 'PWR_LED'])
})
const gpioNames = (count: number): string[] => Array.from({ length: count }, (_, n) => `GPIO${n}`)

describeGpioContract('the character device', async () => {
  const gpio = openGpio(LINES, { log: silentLog, kernel, monoOf })
  return {
    gpio,
    async drive(line, active) {
      kernel.nowNs += 1_000_000n
      if (line === 'button') kernel.move(chip, 17, !active)
      else kernel.move(chip, 27, active)
    },
    async [Symbol.asyncDispose]() {
      gpio[Symbol.dispose]()
      expect(kernel.openFds).toBe(0)
    },
  }
})

describe('GPIO by the character device', () => {
  it('asks the kernel for each line as it is wired', () => {
    using _gpio = openGpio(
      {
        ...LINES,
        pir: { ...plain, line: 'GPIO27', bias: 'pull-down', debounceUs: 3000 },
        led: { ...plain, line: 'GPIO5', activeLow: true },
      },
      { log: silentLog, kernel },
    )
    const inputs = kernel.requestOf(chip, 17)
    if (inputs === undefined) throw new Error('the button was not requested')
    const both = FLAG.input | FLAG.risingEdge | FLAG.fallingEdge
    expect(flagsAt(inputs, 0)).toBe(both | FLAG.pullUp | FLAG.activeLow)
    expect(flagsAt(inputs, 1)).toBe(both | FLAG.pullDown)
    expect(inputs.debounces).toEqual([{ id: 3, value: 3000n, mask: 2n }])
    expect(chip.lines[17]?.consumer).toBe('lintel')
    const outputs = kernel.requestOf(chip, 22)
    if (outputs === undefined) throw new Error('the chime was not requested')
    expect([flagsAt(outputs, 0), flagsAt(outputs, 1)]).toEqual([FLAG.output, FLAG.output | FLAG.activeLow])
  })

  it('tells edges with the kernel’s own times', async () => {
    const seen = edgesOf(openGpio(LINES, { log: silentLog, kernel, monoOf }))
    kernel.nowNs = 7_000_123_000n
    kernel.move(chip, 17, false)
    kernel.nowNs = 7_031_500_000n
    kernel.move(chip, 17, true)
    expect(await seen(2)).toEqual([
      { line: 'button', active: true, at: 7000.123 },
      { line: 'button', active: false, at: 7031.5 },
    ])
  })

  it('tells a pulse that was over before the kernel could read it as a pulse', async () => {
    const seen = edgesOf(openGpio(LINES, { log: silentLog, kernel, monoOf }))
    kernel.glitch(chip, 17)
    kernel.nowNs += 1_000_000n
    kernel.move(chip, 17, false)
    kernel.nowNs += 1_000_000n
    kernel.glitch(chip, 17)
    expect((await seen(5)).map(({ active, at }) => [active, at])).toEqual([
      [true, 5000],
      [false, 5000],
      [true, 5001],
      [false, 5002],
      [true, 5002],
    ])
  })

  it('says of a line that is active at the start that nobody knows since when', async () => {
    kernel.move(chip, 27, true)
    const seen = edgesOf(openGpio(LINES, { log: silentLog, kernel, monoOf }))
    expect(await seen(1)).toMatchObject([{ line: 'pir', active: true, found: true }])
  })

  it('notices edges that the kernel dropped, says so and reads the level again', async () => {
    const said: string[] = []
    const log: Log = {
      ...silentLog,
      warn: (event, fields) => said.push(`${event} ${fields?.edges} ${fields?.lines}`),
    }
    const seen = edgesOf(openGpio(LINES, { log, kernel, monoOf }))
    for (let n = 0; n < 1027; n++) kernel.move(chip, 17, n % 2 === 1)
    kernel.move(chip, 27, true)
    const edges = await seen(1024)
    expect(said).toEqual(['gpio.edges_lost 4 gpio.button, gpio.pir'])
    expect(edges.at(-1)).toMatchObject({ line: 'pir', active: true })
  })

  it('sets outputs and leaves them inactive when it ends', async () => {
    const gpio = openGpio(
      { ...LINES, led: { ...plain, line: 'GPIO5', activeLow: true } },
      { log: silentLog, kernel },
    )
    expect(chip.lines[5]?.level).toBe(false) // Not touched by the request of a kernel in memory; the real one sets it.
    await gpio.set('chime', true)
    await gpio.set('led', true)
    expect([chip.lines[22]?.level, chip.lines[5]?.level]).toEqual([true, false])
    await gpio.set('infrared', true)
    gpio[Symbol.dispose]()
    expect([chip.lines[22]?.level, chip.lines[5]?.level]).toEqual([false, true])
    expect(kernel.openFds).toBe(0)
  })

  it('works without any line', async () => {
    using gpio = openGpio({}, { log: silentLog, kernel: new SoftKernel() })
    await gpio.set('chime', true)
    const stop = new AbortController()
    stop.abort()
    for await (const edge of gpio.edges(stop))
      throw new Error(`nothing is wired, got an edge of ${edge.line}`)
  })

  it('takes the first of several chips that this board has', () => {
    const chips = listChips(kernel)
    const found = findLine(chips, { chip: ['pinctrl-rp1', 'pinctrl-bcm2711'], line: 4 }, 'gpio.button')
    expect(found.chip.name).toBe('gpiochip0')
  })
})

describe('what is wrong with the lines', () => {
  const open = (lines: GpioLines) => () => openGpio(lines, { log: silentLog, kernel })[Symbol.dispose]()
  const button = (wanted: Pick<LineConfig, 'chip' | 'line'>): GpioLines => ({
    button: { ...plain, ...wanted },
  })

  it.each([
    [
      'no such chip',
      { chip: 'pinctrl-rp1', line: 17 },
      'gpio.button.chip: wanted the chip pinctrl-rp1; this board has pinctrl-bcm2711 (gpiochip0), raspberrypi-exp-gpio (gpiochip1)',
    ],
    [
      'no such number',
      { chip: 'gpiochip1', line: 17 },
      'gpio.button.line: wanted line 17 of raspberrypi-exp-gpio, which has the lines 0 … 2',
    ],
    [
      'no such name',
      { line: 'GPI017' },
      'gpio.button.line: no line of pinctrl-bcm2711, raspberrypi-exp-gpio is called GPI017; did you mean GPIO17?',
    ],
    [
      'a number without a chip',
      { line: 17 },
      'gpio.button.line: 17 is a number on a chip, and there are 2 chips; say gpio.button.chip',
    ],
  ])('is said in one sentence: %s', (_what, wanted, message) => {
    expect(open(button(wanted))).toThrow(message)
    expect(kernel.openFds).toBe(0)
  })

  it('names whoever has a line that is in use', () => {
    Object.assign(chip.lines[17] ?? {}, { used: true, consumer: 'spi0 CS0' })
    expect(open(LINES)).toThrow('gpio.button: line 17 of pinctrl-bcm2711 is in use by “spi0 CS0”')
    expect(kernel.openFds).toBe(0)
  })

  it('says which group a user has to be in', () => {
    kernel.isDenied = true
    expect(open(LINES)).toThrow(
      /^GPIO chip \/dev\/gpiochip0: this user may not open it; it belongs to the group gpio/,
    )
  })

  it('refuses two names for one line', () => {
    expect(open({ ...LINES, pir: { ...plain, line: 'GPIO17' } })).toThrow(
      'gpio.pir: line 17 of pinctrl-bcm2711 is gpio.button already',
    )
  })

  it('says that a machine has no GPIO at all', () => {
    kernel.chips.length = 0
    expect(open(LINES)).toThrow('gpio.button: this machine has no GPIO chip')
  })
})

/** Takes edges until there are so many, then ends. */
function edgesOf(gpio: ReturnType<typeof openGpio>): (count: number) => Promise<readonly Edge[]> {
  const stop = new AbortController()
  const edges = gpio.edges(stop)
  return async (count) => {
    const seen: Edge[] = []
    for await (const edge of edges) if (seen.push(edge) === count) break
    stop.abort()
    gpio[Symbol.dispose]()
    return seen
  }
}
