/** `lintel setup`: asks what is wired where, tries each part with the person, writes the configuration. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { loadConfig, type Config, type GpioConfig } from '../config/index.ts'
import { askSocket } from '../drivers/answer-socket.ts'
import { openGpio } from '../drivers/gpio/index.ts'
import { nodeClock as clock } from '../drivers/node-clock.ts'
import type { Gpio } from '../ports/gpio.ts'
import { openCamera } from './board-camera.ts'
import { boardNames, CONFIG_FILE, DATA_FOLDER, openBoardConfig } from './board-config.ts'
import { askYesNo, openDialogue, type Dialogue } from './dialogue.ts'
import { fileFault } from './owner-files.ts'
import { wholeNumber } from './option-values.ts'
import { enrolmentLines } from './page-door.ts'
import { tryButton, tryCamera, tryOutput, tryPir, type Trying } from './setup-try.ts'
import { configText, parseWire, wireText, type Choices, type Wire, type WireConfig } from './setup-words.ts'
import { parseStatus, socketsToAsk } from './status-text.ts'

type SetupOptions = {
  readonly board?: string
  readonly config: string
  readonly yes?: boolean
  readonly try: boolean
  readonly patience: number
}

export function setupCommand(): Command {
  return new Command('setup')
    .description(
      'Asks what is wired where, tries each part together with you, and writes the settings. Answers may come from a pipe.',
    )
    .option('--board <name|file>', 'the board; left out: you are asked')
    .option('--config <file>', 'settings to write', CONFIG_FILE)
    .option('--yes', 'ask nothing, take what the board says')
    .option('--no-try', 'try nothing')
    .option('--patience <seconds>', 'how long to wait for a finger or a visitor', wholeNumber(1, 600), 30)
    .action(setUp)
}

const WIRES: Readonly<Record<Wire, string>> = {
  button: 'the button',
  pir: 'the motion sensor (PIR)',
  reset: 'the recessed reset button',
  chime: 'the chime relay',
  led: 'the status LED',
  infrared: 'the infrared light',
}

async function setUp(options: SetupOptions): Promise<void> {
  using dialogue = openDialogue({ assumed: options.yes === true })
  dialogue.say('Lintel: setting up this doorbell. Enter takes what stands in brackets.\n')
  const board = options.board ?? (await askBoard(dialogue))
  const under = await boardConfig(board)
  const name = await dialogue.ask('What do you call this door?', under.device.name)
  const wires = await askWires(dialogue, under.gpio)
  let choices: Choices = {
    board,
    name,
    web: under.web.host === '127.0.0.1' && board !== 'pc-usb',
    gpio: wires,
  }
  if (options.try) choices = await tryAll(choices, { options, dialogue })
  await writeConfig(options.config, choices, dialogue)
  await startAndSay(dialogue, options)
}

const MODELS: Readonly<Record<string, string>> = {
  'Raspberry Pi Zero 2': 'pi-zero-2-w',
  'Raspberry Pi 3': 'pi-3',
  'Raspberry Pi 4': 'pi-4',
  'Raspberry Pi 5': 'pi-5',
  'Raspberry Pi Compute Module 4': 'cm4',
  'linux,dummy-virt': 'emulated',
}

/** As the device tree calls it; a machine without one is a PC. */
async function askBoard(dialogue: Dialogue): Promise<string> {
  const names = await boardNames()
  const model = await readFile('/proc/device-tree/model', 'utf8').catch(() => '')
  const [, guess = 'pc-usb'] = Object.entries(MODELS).find(([begins]) => model.startsWith(begins)) ?? []
  dialogue.say(
    `Boards: ${names.join(', ')}${model === '' ? '' : `. This one says that it is: ${model.replaceAll('\0', '')}`}`,
  )
  return dialogue.ask('Which board is it?', guess)
}

async function boardConfig(board: string): Promise<Config> {
  const { configWith } = await openBoardConfig({ config: '/dev/null', board, set: [] })
  return configWith({})
}

async function askWires(dialogue: Dialogue, board: GpioConfig): Promise<Choices['gpio']> {
  const chosen: Partial<Record<Wire, Partial<WireConfig> | null>> = {}
  if (Object.keys(board).length === 0) return chosen
  dialogue.say(
    '\nWhere is each wire? Enter: as shown. no: not there. Or a line: its number or name, with the chip before it if need be.',
  )
  for (const [wire, what] of Object.entries(WIRES) as [Wire, string][]) {
    const usual = board[wire]
    const answer = await askWire(dialogue, what, usual)
    if (answer === 'none' && usual !== undefined) chosen[wire] = null
    if (typeof answer === 'object') chosen[wire] = answer
  }
  return chosen
}

async function askWire(
  dialogue: Dialogue,
  what: string,
  usual: WireConfig | undefined,
): Promise<'usual' | 'none' | Pick<WireConfig, 'chip' | 'line'>> {
  const fallback = usual === undefined ? 'no' : wireText(usual)
  for (;;) {
    const answer = await dialogue.ask(`  ${what[0]?.toUpperCase()}${what.slice(1)}:`, fallback)
    if (['no', 'n', 'none'].includes(answer.toLowerCase())) return 'none'
    if (usual !== undefined && [fallback, 'y', 'yes'].includes(answer)) return 'usual'
    const wire = parseWire(answer)
    if (wire !== undefined) return wire
    dialogue.say('  Please type a number (17), a name (GPIO17), or a chip and a line (pinctrl-bcm2711 17).')
  }
}

type Around = { readonly options: SetupOptions; readonly dialogue: Dialogue }

/** A part that does not work is said; the rest is tried all the same. */
async function tryAll(choices: Choices, { options, dialogue }: Around): Promise<Choices> {
  const { configWith } = await configOf(choices)
  const config = configWith({})
  const trying: Trying = { clock, dialogue, rules: config.lines, patienceMs: options.patience * 1000 }
  const wired = (Object.keys(WIRES) as Wire[]).filter(
    (wire) => wire !== 'reset' && config.gpio[wire] !== undefined,
  ) // Its keys are these.
  let { gpio } = choices
  for (const wire of wired) {
    if (!(await askYesNo(dialogue, `\nTry ${WIRES[wire]} now?`, options.yes === true ? 'no' : 'yes')))
      continue
    const change = await tryWire(wire, config, trying)
    if (change !== undefined) gpio = { ...gpio, [wire]: { ...gpio[wire], ...change } }
  }
  if (
    config.camera.kind !== 'none' &&
    (await askYesNo(dialogue, '\nShow what the camera sees?', options.yes === true ? 'no' : 'yes'))
  )
    await tryTheCamera(config, trying)
  return { ...choices, gpio }
}

async function tryTheCamera(config: Config, trying: Trying): Promise<void> {
  try {
    const { signal } = new AbortController()
    await tryCamera(await openCamera(config, { clock, log: silentLog, signal }), trying)
  } catch (error) {
    sayFault(error, trying.dialogue)
  }
}

const configOf = async (choices: Choices): Promise<{ configWith: (changes: object) => Config }> => {
  const { board } = choices
  const file = { name: 'what was chosen', text: configText({ ...choices, board: undefined }) }
  if (board === undefined) return { configWith: () => loadConfig({ file }) }
  const { boardFile } = await openBoardConfig({ config: '/dev/null', board, set: [] })
  return { configWith: () => loadConfig({ board: boardFile, file }) }
}

/** What has to be changed in its settings, if anything. */
async function tryWire(
  wire: Wire,
  { gpio: lines }: Config,
  trying: Trying,
): Promise<Partial<WireConfig> | undefined> {
  const { dialogue } = trying
  const open = (activeLow?: boolean): Gpio & Disposable => {
    const config = lines[wire]
    return openGpio(
      config === undefined ? {} : { [wire]: activeLow === undefined ? config : { ...config, activeLow } },
      { log: silentLog },
    )
  }
  try {
    if (wire === 'button') return await tryButtonBothWays(open, lines.button?.activeLow ?? false, trying)
    if (wire === 'reset') return undefined // Whoever tries it here would have to hold it for seconds; a wrong pin is found by name.
    using gpio = open()
    const works = wire === 'pir' ? await tryPir(gpio, trying) : await tryOutput(wire, gpio, trying)
    if (!works) dialogue.say(`  Nothing came. ${HINTS[wire]}`)
  } catch (error) {
    sayFault(error, dialogue)
  }
  return undefined
}

const HINTS: Readonly<Record<Wire, string>> = {
  button: 'Check that its two wires go to the pin and to ground, and that the pin is the right one.',
  reset: 'Check that its two wires go to the pin and to ground.',
  pir: 'Check its supply (most need 5 V), its ground, and that the signal goes to the right pin.',
  chime: 'Check the supply of the relay module; one that switches on low wants activeLow: true.',
  led: 'Turn the LED around; check its resistor.',
  infrared: 'Check the supply of the light; the pin only switches it.',
}

/** A button that is closed while nobody presses is wired the other way round, or shorted. */
async function tryButtonBothWays(
  open: (activeLow?: boolean) => Gpio & Disposable,
  activeLow: boolean,
  trying: Trying,
): Promise<Partial<WireConfig> | undefined> {
  const { dialogue } = trying
  const once = async (low: boolean): ReturnType<typeof tryButton> => {
    using gpio = open(low)
    return tryButton(gpio, trying)
  }
  const first = await once(activeLow)
  if (first === 'nothing') dialogue.say(`  No press came. ${HINTS.button}`)
  if (first !== 'found') return undefined
  dialogue.say('  It says that it is pressed, and nobody presses: trying it the other way round.')
  const second = await once(!activeLow)
  if (second === 'pressed') return { activeLow: !activeLow }
  dialogue.say(`  That does not work either. ${HINTS.button}`)
  return undefined
}

function sayFault(error: unknown, dialogue: Dialogue): void {
  if (!isFault(error) || error.kind === 'bug') throw error
  dialogue.say(`  ${error.message}`)
  if (error.kind === 'unavailable')
    dialogue.say('  If the doorbell is running it has the lines: sudo systemctl stop lintel')
}

async function writeConfig(path: string, choices: Choices, dialogue: Dialogue): Promise<void> {
  const { configWith } = await configOf(choices)
  configWith({}) // What would not load is not written.
  try {
    await mkdir(dirname(path), { recursive: true })
    if (await isThere(path)) {
      await rename(path, `${path}.old`)
      dialogue.say(`\nThe settings from before are in ${path}.old.`)
    }
    await writeFile(path, configText(choices), { flag: 'wx' })
  } catch (cause) {
    throw cause instanceof Fault ? cause : fileFault(path, cause)
  }
  dialogue.say(`\n${path} is written.`)
}

const isThere = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  )

const STARTING_MS_MAX = 60_000
const LOOK_MS = 500

/** The link for the first owner comes from the doorbell itself: only it knows its code. */
async function startAndSay(dialogue: Dialogue, { config, yes }: SetupOptions): Promise<void> {
  const isService = config === CONFIG_FILE && yes !== true && (await canStart())
  if (!isService || !(await askYesNo(dialogue, 'Start the doorbell now?'))) {
    const how = config === CONFIG_FILE ? 'sudo systemctl restart lintel' : `lintel run --config ${config}`
    dialogue.say(
      `Start it:             ${how}\nBecome its owner:     lintel status   (shows the link and its QR code)`,
    )
    return
  }
  try {
    await promisify(execFile)('systemctl', ['restart', 'lintel'])
  } catch (cause) {
    throw new Fault(
      'unavailable',
      `systemctl restart lintel: ${messageOf(cause)}; journalctl -u lintel says why`,
      { cause },
    )
  }
  dialogue.say(await enrolmentOf())
}

const canStart = (): Promise<boolean> =>
  promisify(execFile)('systemctl', ['cat', 'lintel']).then(
    () => process.getuid?.() === 0,
    () => false,
  )

async function enrolmentOf(): Promise<string> {
  for (let waitedMs = 0; waitedMs < STARTING_MS_MAX; waitedMs += LOOK_MS) {
    for (const path of socketsToAsk(undefined, DATA_FOLDER)) {
      const text = await askSocket(path).catch(() => undefined) // Not yet.
      if (text === undefined) continue
      const { page, enrol } = parseStatus(path, text)
      return [`It runs. The page: ${page}`, ...enrolmentLines(page.replace(/\/$/, ''), enrol)].join('\n')
    }
    await clock.sleep(LOOK_MS, new AbortController())
  }
  return 'It does not answer yet. journalctl -u lintel says why; lintel status shows the link when it runs.'
}
