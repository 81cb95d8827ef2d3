/** Trying each part together with the person who has wired it. */
import { isFault, messageOf } from '../base/fault.ts'
import type { MonoMs } from '../base/time.ts'
import type { Config } from '../config/index.ts'
import { createLines, type LineSign } from '../lines/index.ts'
import type { Camera, LumaFrame } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { Edge, Gpio, OutputLine } from '../ports/gpio.ts'
import { askYesNo, type Dialogue } from './dialogue.ts'
import { describeLuma, describePress, drawLuma } from './setup-words.ts'

const PULSE_MS = 400
const SHINE_MS = 1500
/** As wide as an old terminal. */
const COLUMNS = 78

export type Trying = {
  readonly clock: Clock
  readonly dialogue: Dialogue
  readonly rules: Config['lines']
  /** How long somebody may take to get to the button. */
  readonly patienceMs: number
}

/** Whether it was pressed; says how. `found`: it was closed before anybody pressed. */
export async function tryButton(gpio: Gpio, trying: Trying): Promise<'pressed' | 'found' | 'nothing'> {
  const { clock, dialogue, rules, patienceMs } = trying
  dialogue.say(`  Press the button now (within ${Math.round(patienceMs / 1000)} seconds) …`)
  const stop = new AbortController()
  const seen: { outcome: 'pressed' | 'found' | 'nothing'; pressedAt?: MonoMs } = { outcome: 'nothing' }
  const watched = withEye(gpio, ({ line, found }) => {
    if (line !== 'button' || found !== true) return
    seen.outcome = 'found'
    stop.abort()
  })
  const onSign = (sign: LineSign): void => {
    if (sign.kind === 'press') seen.pressedAt ??= sign.at
    if (sign.kind !== 'traced' || seen.pressedAt === undefined) return
    seen.outcome = 'pressed'
    stop.abort()
  }
  const lines = createLines({ gpio: watched, clock, onSign }, { ...rules, pirStuckMs: Infinity })
  await forAtMost(trying, stop, lines.run(stop.signal))
  const { outcome, pressedAt } = seen
  if (outcome === 'pressed' && pressedAt !== undefined)
    dialogue.say(`  Pressed: ${describePress(lines.edgesAround([pressedAt]), pressedAt)}.`)
  return outcome
}

/** Whether the sensor saw somebody. */
export async function tryPir(gpio: Gpio, trying: Trying): Promise<boolean> {
  const { clock, dialogue, patienceMs } = trying
  dialogue.say(
    `  Walk past the sensor now (within ${Math.round(patienceMs / 1000)} seconds; it needs up to a minute after power-up) …`,
  )
  const stop = new AbortController()
  const began = clock.mono()
  let saw: Edge | undefined
  const watching = (async () => {
    for await (const edge of gpio.edges(stop)) {
      if (edge.line !== 'pir' || !edge.active) continue
      saw = edge
      stop.abort()
    }
  })()
  await forAtMost(trying, stop, watching)
  if (saw !== undefined)
    dialogue.say(
      saw.found === true
        ? '  It sees somebody already.'
        : `  It saw you after ${((saw.at - began) / 1000).toFixed(1)} seconds.`,
    )
  return saw !== undefined
}

const OUTPUT_QUESTIONS: Readonly<Record<OutputLine, string>> = {
  chime: '  Did the chime ring?',
  led: '  Did the status LED light up?',
  infrared: '  Did the infrared light come on? (A phone’s camera shows it, faintly violet.)',
}

/** Switches it on for a moment and asks. */
export async function tryOutput(line: OutputLine, gpio: Gpio, { clock, dialogue }: Trying): Promise<boolean> {
  const forever = new AbortController()
  await gpio.set(line, true)
  await clock.sleep(line === 'chime' ? PULSE_MS : SHINE_MS, forever)
  await gpio.set(line, false)
  return askYesNo(dialogue, OUTPUT_QUESTIONS[line])
}

/** Shows what the camera sees, in the terminal. */
export async function tryCamera(camera: Camera, trying: Trying): Promise<boolean> {
  const { dialogue } = trying
  dialogue.say('  Waiting for a picture …')
  const stop = new AbortController()
  let frame: LumaFrame | undefined
  const looking = firstFrame(camera, stop.signal).then((first) => {
    frame = first
    stop.abort()
  })
  try {
    await forAtMost(trying, stop, looking)
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    dialogue.say(`  No picture: ${messageOf(error)}`)
    return false
  }
  if (frame === undefined) {
    dialogue.say('  No picture came.')
    return false
  }
  dialogue.say(drawLuma(frame, COLUMNS))
  dialogue.say(`  ${describeLuma(frame)}`)
  return askYesNo(dialogue, '  Is that what it should see?')
}

async function firstFrame(camera: Camera, signal: AbortSignal): Promise<LumaFrame | undefined> {
  await using run = await camera.open({ signal })
  const drained = drain(run.packets) // Some cameras give pictures only while somebody takes the packets.
  try {
    for await (const frame of run.frames) return frame
    return undefined
  } finally {
    drained.catch(() => {}) // It ends with the run.
  }
}

async function drain(packets: AsyncIterable<unknown>): Promise<void> {
  for await (const _packet of packets) {
    // Not kept.
  }
}

/** Stops it when patience is over, and waits until it has ended. */
async function forAtMost(
  { clock, patienceMs }: Trying,
  stop: AbortController,
  work: Promise<unknown>,
): Promise<void> {
  const patience = clock.sleep(patienceMs, stop).then(
    () => stop.abort(),
    () => {}, // It was done before.
  )
  try {
    await work
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    stop.abort()
    await patience
  }
}

/** The same lines; `see` hears of each edge first. */
const withEye = (gpio: Gpio, see: (edge: Edge) => void): Gpio => ({
  set: (line, active) => gpio.set(line, active),
  async *edges(options) {
    for await (const edge of gpio.edges(options)) {
      see(edge)
      yield edge
    }
  },
})
