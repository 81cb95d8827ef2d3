/** How the doorbell is, for the broker: looked at now and then, told when it has changed. */
import { isFault } from './base/fault.ts'
import type { Json } from './base/json.ts'
import type { MonoMs } from './base/time.ts'
import type { Payload, Telemetry } from './mqtt/index.ts'
import type { Ports } from './ports/ports.ts'

export type VitalsDeps = {
  readonly ports: Pick<Ports, 'clock' | 'disk' | 'board' | 'store'>
  readonly telemetry: Pick<Telemetry, 'publish'>
  readonly version: string
  readonly kept: () => { readonly clips: number }
  readonly uploads: () => number
  readonly heardAt: () => MonoMs | undefined
}

const LOOK_EVERY_MS = 30_000
/** As the status on the page has it. */
const SILENT_MS_MAX = 15_000
const GB = 1e9

export async function tellVitals(deps: VitalsDeps, signal: AbortSignal): Promise<void> {
  let told = ''
  while (!signal.aborted) {
    const vitals = await vitalsOf(deps)
    const text = JSON.stringify(vitals)
    if (text !== told) await deps.telemetry.publish('vitals', vitals)
    told = text
    await deps.ports.clock.sleep(LOOK_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
  }
}

/** Rounded, so that what hardly changes is not told again and again. */
async function vitalsOf({ ports, version, kept, uploads, heardAt }: VitalsDeps): Promise<Payload> {
  const { clock, disk, board, store } = ports
  const free = await orUnknown(async () => (await disk.free()).bytes)
  const celsius = await orUnknown(async () => board?.temperatureC())
  const heard = heardAt()
  const silent = heard !== undefined && clock.mono() - heard > SILENT_MS_MAX
  return known({
    camera: heard === undefined ? 'never' : silent ? 'silent' : 'sending',
    freeGb: free === undefined ? undefined : Math.round((free / GB) * 10) / 10,
    clips: kept().clips,
    uploads: store === undefined ? undefined : uploads(),
    celsius: celsius === undefined ? undefined : Math.round(celsius),
    underVoltage: await orUnknown(async () => board?.isUnderVoltage()),
    clockTrusted: clock.wall().trusted,
    version,
  })
}

/** What nobody knows is left out. */
const known = (vitals: Readonly<Record<string, Json | undefined>>): Payload =>
  Object.fromEntries(
    Object.entries(vitals).filter((member): member is [string, Json] => member[1] !== undefined),
  )

/** What cannot be asked is not known; `health/` says why where it matters. */
async function orUnknown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    return undefined
  }
}
