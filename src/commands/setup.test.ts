import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createSimGpio } from '../../sim/devices/sim-gpio.ts'
import { monoMs, unixMs } from '../base/time.ts'
import { configDefaults } from '../config/index.ts'
import type { Dialogue } from './dialogue.ts'
import { tryButton, tryOutput, tryPir } from './setup-try.ts'
import { configText, describeLuma, describePress, drawLuma, parseWire } from './setup-words.ts'

const folder = mkdtempSync(join(tmpdir(), 'lintel-setup-'))
afterAll(() => rmSync(folder, { recursive: true }))

const edge = (atMs: number, active: boolean) => ({ line: 'button', active, at: monoMs(atMs) }) as const

describe('a press is described', () => {
  it.each([
    ['31 ms, clean', [edge(100, true), edge(131, false)]],
    ['held for more than half a second, clean', [edge(100, true)]],
    [
      '120 ms, 2 bounces, counted as one press',
      [
        edge(100, true),
        edge(101, false),
        edge(102, true),
        edge(180, false),
        edge(181, true),
        edge(220, false),
      ],
    ],
    [
      '50 ms, clean, 1 spike before it on the wire (ignored)',
      [edge(60, true), edge(61, false), edge(100, true), edge(150, false)],
    ],
  ])('as “%s”', (text, edges) => {
    expect(describePress(edges, monoMs(100))).toBe(text)
  })
})

describe('a picture is drawn', () => {
  it('with two pixels a letter', () => {
    const frame = {
      width: 4,
      height: 4,
      luma: Uint8Array.from({ length: 16 }, (_, at) => at * 16),
      at: monoMs(0),
    }
    const lines = drawLuma(frame, 80).split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('\u001B[38;2;128;128;128m\u001B[48;2;192;192;192m▀')
    expect(describeLuma(frame)).toBe('4×4, well lit (47 % grey)')
    expect(describeLuma({ ...frame, luma: new Uint8Array(16) })).toContain(
      'is something in front of the lens?',
    )
  })
})

describe('a line is typed', () => {
  it.each([
    ['17', { line: 17 }],
    ['GPIO17', { line: 'GPIO17' }],
    ['gpiochip1 4', { chip: 'gpiochip1', line: 4 }],
    ['a b c', undefined],
  ])('as %s', (text, wire) => expect(parseWire(text)).toEqual(wire))
})

describe('trying a part', () => {
  it('says how the press was', async () => {
    const { clock, gpio, said, trying } = rig()
    const trial = tryButton(gpio, trying)
    await clock.advance(100)
    gpio.drive('button', true)
    await clock.advance(31)
    gpio.drive('button', false)
    await clock.advance(1000)
    expect(await trial).toBe('pressed')
    expect(said.at(-1)).toBe('  Pressed: 31 ms, clean.')
  })

  it('gives up when nobody comes', async () => {
    const { clock, gpio, trying } = rig()
    const [press, visitor] = [tryButton(gpio, trying), tryPir(createSimGpio(clock), trying)]
    await clock.advance(31_000)
    expect(await press).toBe('nothing')
    expect(await visitor).toBe(false)
  })

  it('tells when the sensor saw somebody, and asks whether the chime rang', async () => {
    const { clock, gpio, said, trying } = rig(['perhaps', 'no'])
    const walk = tryPir(gpio, trying)
    await clock.advance(2500)
    gpio.drive('pir', true)
    await clock.advance(1)
    expect(await walk).toBe(true)
    expect(said.at(-1)).toBe('  It saw you after 2.5 seconds.')
    const rang = tryOutput('chime', gpio, trying)
    await clock.advance(400)
    expect(await rang).toBe(false)
    expect(gpio.outputs.map(({ active }) => active)).toEqual([true, false])
    expect(said.at(-1)).toBe('  Please type yes or no.')
  })
})

describe('lintel setup', () => {
  const setup = (input: string, ...args: readonly string[]) =>
    spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        resolve(import.meta.dirname, 'main.ts').replace('/commands/', '/'),
        'setup',
        ...args,
      ],
      {
        encoding: 'utf8',
        input,
        cwd: folder,
      },
    )

  it('writes what was answered, and only that', () => {
    const file = join(folder, 'a.yaml')
    const { status, stdout } = setup('pi-4\nGarden gate\n\n5\nyes\nno\n', '--config', file, '--no-try')
    expect(stdout).toContain('Which board is it?')
    expect(status).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(
      `# Written by lintel setup. Every setting: see “Configuration” in the documentation; lintel doctor checks this file.
board: "pi-4"
device:
  name: "Garden gate"
gpio:
  pir: {"line":5}
  chime: null
`,
    )
  })

  it('asks nothing with --yes, and keeps the settings from before', () => {
    const file = join(folder, 'a.yaml')
    expect(setup('', '--config', file, '--board', 'pc-usb', '--yes', '--no-try').status).toBe(0)
    expect(readFileSync(file, 'utf8')).toContain('board: "pc-usb"')
    expect(readFileSync(`${file}.old`, 'utf8')).toContain('Garden gate')
  })

  it('says what is wrong with a part and goes on', () => {
    const file = join(folder, 'b.yaml')
    const { status, stdout } = setup(
      'Door\n\n\n\n\n\n\nyes\nno\nno\nno\nno\nno\n',
      '--config',
      file,
      '--board',
      'pi-4',
    )
    expect(stdout).toMatch(/gpio[.]button(: this machine has no GPIO chip|[.]chip: wanted)/)
    expect(status).toBe(0)
  })

  it('knows no other boards', () => {
    expect(setup('', '--board', 'pi-9', '--config', join(folder, 'c.yaml'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no such board'),
    })
  })
})

it('writes the settings of a board that only listens on itself so that the household reaches it', () => {
  expect(configText({ board: undefined, name: 'a: "b"', web: true, gpio: {} })).toContain(
    '  name: "a: \\"b\\""\nweb:\n  host: 0.0.0.0\n',
  )
})

function rig(answers: string[] = []) {
  const clock = new SimClock({ bootWall: unixMs(0) })
  const gpio = createSimGpio(clock)
  const said: string[] = []
  const dialogue: Dialogue = {
    say: (text) => void said.push(text),
    ask: async (_question, fallback) => answers.shift() ?? fallback,
    [Symbol.dispose]() {},
  }
  return { clock, gpio, said, trying: { clock, dialogue, rules: configDefaults().lines, patienceMs: 30_000 } }
}
