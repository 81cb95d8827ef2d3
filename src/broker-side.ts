/** What a broker of one's own gets and gives beside telemetry: discovery, vitals, settings, orders, pictures. */
import { Bell } from './base/bell.ts'
import { isFault, messageOf } from './base/fault.ts'
import type { MonoMs } from './base/time.ts'
import type { Config } from './config/index.ts'
import type { DoorbellOptions, Happening } from './doorbell.ts'
import {
  createAnnouncer,
  HARMLESS_SETTINGS,
  topicOf,
  type HarmlessSetting,
  type Payload,
  type Telemetry,
} from './mqtt/index.ts'
import { createOrders } from './orders/index.ts'
import type { Broker } from './ports/broker.ts'
import type { Ports } from './ports/ports.ts'
import type { Storage } from './storage.ts'
import type { DeviceKey } from './vault/index.ts'
import { tellVitals } from './vitals.ts'

export type BrokerSideDeps = {
  readonly ports: Ports
  readonly config: Config
  readonly telemetry: Telemetry | undefined
  readonly storage: Pick<Storage, 'opened' | 'mustBeOpen'>
  /** Resolves when the storage is open; with false when it never will be. */
  readonly opened: () => Promise<boolean>
  /** When the camera sent its last packet. */
  readonly heardAt: () => MonoMs | undefined
  /** Of what is there now, as a JPEG; undefined while there is none. */
  readonly picture: () => ((signal: AbortSignal) => Promise<Uint8Array>) | undefined
  readonly key: DeviceKey
  readonly options: Pick<DoorbellOptions, 'house' | 'version' | 'onCrash'>
  readonly loop: (name: string, run: (signal: AbortSignal) => Promise<void>) => void
}

type Side = Omit<BrokerSideDeps, 'telemetry'> & {
  readonly telemetry: Telemetry
  readonly broker: Broker
  readonly rules: { readonly prefix: string; readonly device: string; readonly name: string }
}

/** Nothing without a broker of one's own: the embedded one is there to try things out. The result hears what happens. */
export function startBrokerSide(deps: BrokerSideDeps): (happening: Happening) => void {
  const { ports, config, telemetry, key } = deps
  const { broker } = ports
  if (config.mqtt === undefined || telemetry === undefined || broker === undefined) return () => {}
  const rules = { prefix: config.mqtt.prefix, device: key.name, name: config.device.name }
  const side: Side = { ...deps, telemetry, broker, rules }
  startAnnouncing(side)
  startSettings(side)
  startOrders(side)
  return pictureTeller(side)
}

function startAnnouncing(side: Side): void {
  const { ports, config, telemetry, broker, rules, storage, heardAt, options, loop } = side
  const version = options.version ?? '0'
  const { discovery = false, discoveryPrefix = 'homeassistant', pictures = false } = config.mqtt ?? {}
  const having = {
    board: ports.board !== undefined,
    store: ports.store !== undefined,
    pictures,
    settings: options.house !== undefined,
  }
  const announcer = createAnnouncer(
    { ...ports, broker, telemetry },
    { ...rules, discovery, discoveryPrefix, version, having },
  )
  loop('announcer', async (signal) => {
    if (await isOpen(side, signal)) await announcer.run(signal)
  })
  loop('vitals', (signal) =>
    tellVitals(
      {
        ...{ ports, telemetry, version },
        kept: () => storage.opened()?.clips.kept() ?? { clips: 0 },
        uploads: () => storage.opened()?.uploads?.waiting().objects ?? 0,
        heardAt,
      },
      signal,
    ),
  )
}

/** So long the newest value of each setting is waited for: each change starts the doorbell anew. */
const COLLECT_MS = 1000

function startSettings({ ports, config, telemetry, broker, rules, options, loop }: Side): void {
  const { house } = options
  if (house === undefined) return
  const { clock, log } = ports
  const wanted = new Map<string, number | boolean>()
  const bell = new Bell()
  const tell = (): Promise<void> => telemetry.publish('settings', settingsOf(config))
  const refuse = async (name: string, error: unknown): Promise<void> => {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('broker.setting_refused', { setting: name.slice(0, 40), problem: error.message })
    await tell() // So that whoever asked sees what holds.
  }
  loop('settings-heard', async (signal) => {
    await tell()
    const base = topicOf(rules, 'set')
    const onTrouble = (fault: unknown): void =>
      log.warn('broker.settings_unheard', { problem: messageOf(fault) })
    for await (const { topic, payload, retained } of broker.listen([`${base}/+`], { signal, onTrouble })) {
      const name = topic.slice(base.length + 1)
      const found = HARMLESS_SETTINGS.find((each) => each.name === name)
      if (found === undefined || retained) {
        log.warn('broker.setting_ignored', { setting: name.slice(0, 40), retained })
        continue
      }
      try {
        wanted.set(found.setting, found.parse(payload))
        bell.ring()
      } catch (error) {
        await refuse(name, error)
      }
    }
  })
  loop('settings-wanted', async (signal) => {
    while (!signal.aborted) {
      if (wanted.size === 0) await bell.untilRung(signal)
      await clock.sleep(COLLECT_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      if (signal.aborted) return
      const changed = Object.fromEntries([...wanted].filter(([key, value]) => valueOf(config, key) !== value))
      wanted.clear()
      // Not waited for: applying it ends this doorbell, which waits for this loop.
      if (Object.keys(changed).length > 0)
        house
          .set(changed)
          .catch((error: unknown) => refuse(Object.keys(changed).join(', '), error))
          .catch(options.onCrash)
    }
  })
}

const settingsOf = (config: Config): Payload =>
  Object.fromEntries(HARMLESS_SETTINGS.map((each) => [each.name, each.tell(valueOf(config, each.setting))]))

function valueOf(config: Config, key: HarmlessSetting['setting']): unknown {
  let value: unknown = config
  for (const name of key.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return value
}

function startOrders(side: Side): void {
  const { ports, telemetry, broker, rules, storage, key, options, loop } = side
  const orders = createOrders(
    {
      ...{ ...ports, broker, owner: () => storage.mustBeOpen().owner() },
      answer: (answer) => telemetry.publish('answer', answer),
      house: options.house ?? { shelf: () => storage.opened()?.clips.shelf },
    },
    { topic: topicOf(rules, 'order'), audience: key.name },
  )
  loop('orders', async (signal) => {
    if (await isOpen(side, signal)) await orders.run(signal)
  })
}

/** What was taken and told before is known only then. */
async function isOpen({ opened }: Pick<Side, 'opened'>, signal: AbortSignal): Promise<boolean> {
  const bell = new Bell()
  const stopped = bell.untilRung(signal).then(() => false)
  const open = await Promise.race([opened(), stopped])
  bell.ring() // Leaves no listener behind.
  return open && !signal.aborted
}

/** One at a time, and none waits: a picture that the broker is not there for is not worth being told later. */
function pictureTeller({
  ports,
  config,
  broker,
  rules,
  picture,
  options,
}: Side): (happening: Happening) => void {
  if (config.mqtt?.pictures !== true) return () => {}
  const { log } = ports
  log.warn('pictures.on_the_broker', { topic: topicOf(rules, 'picture') }) // At every start, so that it is not forgotten.
  let isBusy = false
  const tell = async (): Promise<void> => {
    const newest = picture()
    if (newest === undefined || isBusy || !broker.isConnected()) return
    isBusy = true
    try {
      const { signal } = new AbortController() // Both drivers bound their own time.
      const payload = Buffer.from(await newest(signal)).toString('base64')
      await broker.publish({ topic: topicOf(rules, 'picture'), payload, qos: 1, retain: true }, { signal })
    } catch (error) {
      if (!isFault(error) || error.kind === 'bug') throw error
      log.warn('picture.not_told', { problem: error.message })
    } finally {
      isBusy = false
    }
  }
  return ({ kind }) => {
    if (kind === 'press') tell().catch(options.onCrash)
  }
}
