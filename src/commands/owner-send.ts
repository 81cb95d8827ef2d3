import { Command } from 'commander'
import { errorOf, Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { openScope } from '../base/scope.ts'
import { unixMs } from '../base/time.ts'
import type { MqttConfig } from '../config/index.ts'
import { nodeClock } from '../drivers/node-clock.ts'
import type { Order } from '../formats/index.ts'
import { topicOf } from '../mqtt/index.ts'
import { signOrder } from '../owner/index.ts'
import type { Broker } from '../ports/broker.ts'
import { openDeviceKey } from '../vault/index.ts'
import { DEFAULT_DATA, openDataDisk } from './owner-data-folder.ts'
import { readIdentityFile } from './owner-files.ts'
import { interruption, OWNER, PASSPHRASE } from './owner-options.ts'
import { openConfiguredBroker } from './outside.ts'
import { openConfig } from './sim-house.ts'

type SendOptions = {
  readonly owner: string
  readonly passphraseFile?: string
  readonly config?: string
  readonly set: readonly string[]
  readonly device?: string
  readonly data: string
}

const ANSWER_MS_MAX = 20_000
const ABOUT = `orders:
  delete CLIP         from the doorbell and the store
  hold CLIP           exempts it from retention
  release CLIP        so that it may go again
  set KEY=VALUE …     any setting that the page may change, all or none
  restart             as soon as nobody is at the door`

export function ownerSendCommand(): Command {
  return new Command('send')
    .description('sign an order and send it to the doorbell through its MQTT broker')
    .argument('<order...>', 'what to do')
    .addHelpText('after', `\n${ABOUT}`)
    .option('--config <file>', 'the doorbell’s settings, for the section mqtt')
    .option('--set <key=value>', 'one setting, such as mqtt.url=mqtts://broker.lan', collect, [])
    .option('--device <name>', 'the name of the doorbell’s key, lintel/… (default: of the data folder)')
    .option('--data <dir>', 'the doorbell’s data folder', DEFAULT_DATA)
    .option(...OWNER)
    .option(...PASSPHRASE)
    .action(send)
}

const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text]

async function send(words: readonly string[], options: SendOptions): Promise<void> {
  const order = orderOf(words)
  const { mqtt } = (await openConfig(options))({})
  if (mqtt === undefined)
    throw new Fault('invalid', 'no broker is set: use --config FILE, or --set mqtt.url=mqtts://broker.lan')
  const device = options.device ?? (await deviceOf(options.data))
  const identity = await readIdentityFile(options.owner, options)
  const says = await exchange(mqtt, device, (now) => signOrder(order, { identity, device, now }))
  process.stdout.write(`${says}\n`)
}

/** Throws `Fault('invalid')` with what was wanted. */
export function orderOf([what, ...rest]: readonly string[]): Order {
  const [clip] = rest
  if (what === 'set' && rest.length > 0)
    return { do: 'change-settings', set: Object.fromEntries(rest.map(pairOf)) }
  if (what === 'restart' && clip === undefined) return { do: 'restart' }
  if (clip !== undefined && rest.length === 1) {
    if (what === 'delete') return { do: 'delete-clip', clip }
    if (what === 'hold' || what === 'release') return { do: 'hold-clip', clip, held: what === 'hold' }
  }
  throw new Fault(
    'invalid',
    `wanted delete CLIP, hold CLIP, release CLIP, set KEY=VALUE … or restart, got ${[what, ...rest].join(' ')}`,
  )
}

function pairOf(text: string): [string, JsonValue] {
  const equals = text.indexOf('=')
  if (equals < 1)
    throw new Fault('invalid', `set ${text}: wanted KEY=VALUE, for example detect.sensitivity=0.7`)
  const value = text.slice(equals + 1)
  try {
    return [text.slice(0, equals), JSON.parse(value) as JsonValue] // What JSON.parse gives is JSON.
  } catch {
    return [text.slice(0, equals), value] // A text needs no quotes.
  }
}

type JsonValue = Extract<Order, { do: 'change-settings' }>['set'][string]

const deviceOf = async (folder: string): Promise<string> => {
  const disk = await openDataDisk(folder)
  if (!(await disk.list('')).some(({ name }) => name === 'device.key'))
    throw new Fault('missing', `${folder}: has no doorbell’s key; name the doorbell with --device lintel/…`)
  return (await openDeviceKey({ disk, log: quietLog })).name
}

/** Whoever sends an order wants the answer, not what the driver says on the way. */
const quietLog: Log = {
  debug() {},
  info() {},
  warn: (event, fields) => void process.stderr.write(`${event} ${String(fields?.['problem'] ?? '')}\n`),
  error: (event, fields) => void process.stderr.write(`${event} ${String(fields?.['problem'] ?? '')}\n`),
}

async function exchange(
  mqtt: MqttConfig,
  device: string,
  sign: (now: ReturnType<typeof unixMs>) => ReturnType<typeof signOrder>,
): Promise<string> {
  const rules = { prefix: mqtt.prefix, device }
  const signal = AbortSignal.any([interruption(), AbortSignal.timeout(ANSWER_MS_MAX)])
  await using opened = await openScope(async (scope) => {
    const will = { topic: topicOf(rules, 'answer'), payload: '', qos: 0, retain: false } as const
    const clientId = `lintel-owner-${process.pid}`
    const names = { clientId, will }
    return { broker: scope.own('broker', await openConfiguredBroker(mqtt, { names, log: quietLog })) }
  })
  const { broker } = opened
  let signed: { readonly jti: string; readonly message: string } | undefined
  const topic = topicOf(rules, 'order')
  const sendOnce = async (): Promise<void> => {
    signed ??= await sign(unixMs(nodeClock.wall().at))
    await broker.publish({ topic, payload: signed.message, qos: 1, retain: false }, { signal })
  }
  for await (const payload of heardOn(broker, topicOf(rules, 'answer'), sendOnce, signal)) {
    const { order, ok, says } = answerIn(payload)
    if (order === undefined || order !== signed?.jti) continue
    if (ok) return says
    throw new Fault('denied', `the doorbell: ${says}`)
  }
  throw new Fault(
    'unavailable',
    `no answer of ${device} within ${ANSWER_MS_MAX / 1000} s. Is it on this broker, and is this key its owner’s? An order that was sent may still be carried out within a minute`,
  )
}

/** Sends as soon as the answer would be heard. */
async function* heardOn(
  broker: Broker,
  topic: string,
  sendOnce: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let problem: Error | undefined
  const stop = new AbortController()
  const fail = (error: unknown): void => {
    problem = errorOf(error)
    stop.abort()
  }
  const both = AbortSignal.any([signal, stop.signal])
  let isSent = false
  const onListening = (): void => {
    if (isSent) return
    isSent = true
    sendOnce().catch(fail)
  }
  for await (const { payload, retained } of broker.listen([topic], {
    signal: both,
    onListening,
    onTrouble: fail,
  }))
    if (!retained) yield payload
  if (problem !== undefined) throw problem
}

function answerIn(payload: string): { readonly order?: string; readonly ok: boolean; readonly says: string } {
  try {
    const answer: unknown = JSON.parse(payload)
    if (
      typeof answer === 'object' &&
      answer !== null &&
      'order' in answer &&
      'ok' in answer &&
      'says' in answer
    )
      return { order: String(answer.order), ok: answer.ok === true, says: String(answer.says) }
  } catch {
    // Somebody else says something there.
  }
  return { ok: false, says: '' }
}
