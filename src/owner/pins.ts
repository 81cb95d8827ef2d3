import { Fault } from '../base/fault.ts'

/**
 * What the owner has seen before, kept beside the owner's key: which device writes to a place, and how far its ledger
 * had grown. A store that is exchanged or rolled back as a whole is consistent in itself; only this memory shows it.
 */
export type Pins = {
  readonly format: typeof PINS_FORMAT
  /** By place: a data folder's full path or a cloud's address. Each place lags in its own way, so each has its own pin. */
  readonly places: Readonly<Record<string, Pin>>
}

export type Pin = { readonly device: PinnedDevice; readonly checkpoint?: LedgerHead }

/** The name that stands in notes, and the raw Ed25519 public key in base64. */
export type PinnedDevice = { readonly name: string; readonly key: string }

/** Size of a ledger and its RFC 6962 root hash in base64. */
export type LedgerHead = { readonly size: number; readonly root: string }

export type SeenLedger = {
  readonly place: string
  readonly device: PinnedDevice
  readonly checkpoint?: LedgerHead
  /** The root hash over the first `size` entries that are there now. */
  readonly rootAt: (size: number) => string | undefined
}

const PINS_FORMAT = 'lintel-pins/1'

export const noPins: Pins = { format: PINS_FORMAT, places: {} }

/**
 * Compares what is seen now with what was seen before. Without a surprise the newer state is remembered;
 * a surprise keeps the old pin, so that it is told again until the owner accepts it.
 */
export function comparePins(
  pins: Pins,
  seen: SeenLedger,
): { readonly surprise?: string; readonly next: Pins } {
  const pinned = pins.places[seen.place]
  const surprise = pinned === undefined ? undefined : surpriseIn(pinned, seen)
  return surprise === undefined ? { next: withPin(pins, seen, pinned) } : { surprise, next: pins }
}

/** Remembers what is there now, whatever was seen before. */
export const acceptPin = (pins: Pins, seen: SeenLedger): Pins => withPin(pins, seen, undefined)

export function parsePins(name: string, text: string): Pins {
  const pins: unknown = parsedJson(name, text)
  if (!isRecord(pins) || pins['format'] !== PINS_FORMAT || !isRecord(pins['places']))
    throw new Fault('corrupt', `${name}: wanted {"format":"${PINS_FORMAT}","places":…}, got something else`)
  const places = Object.entries(pins['places']).map(
    ([place, pin]) => [place, parsedPin(name, place, pin)] as const,
  )
  return { format: PINS_FORMAT, places: Object.fromEntries(places) }
}

export const formatPins = (pins: Pins): string => `${JSON.stringify(pins, undefined, 2)}\n`

function surpriseIn(pinned: Pin, seen: SeenLedger): string | undefined {
  if (pinned.device.key !== seen.device.key)
    return `${seen.place}: the device key changed: it was ${pinned.device.name}, now it is ${seen.device.name}`
  const before = pinned.checkpoint
  if (before === undefined) return undefined
  const now = seen.checkpoint
  if (now === undefined) return `${seen.place}: the ledger is gone; it had ${before.size} entries`
  if (now.size < before.size)
    return `${seen.place}: the ledger was rolled back: it had ${before.size} entries, now it has ${now.size}`
  if (seen.rootAt(before.size) !== before.root)
    return `${seen.place}: the ledger was rewritten: its first ${before.size} entries are not what they were`
  return undefined
}

function withPin(pins: Pins, seen: SeenLedger, pinned: Pin | undefined): Pins {
  const checkpoint = seen.checkpoint ?? pinned?.checkpoint
  const pin = { device: seen.device, ...(checkpoint === undefined ? {} : { checkpoint }) }
  return { ...pins, places: { ...pins.places, [seen.place]: pin } }
}

function parsedJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('corrupt', `${name}: not JSON`, { cause })
  }
}

function parsedPin(name: string, place: string, pin: unknown): Pin {
  const given: unknown = isRecord(pin) ? pin['device'] : undefined
  if (
    !isRecord(pin) ||
    !isRecord(given) ||
    typeof given['name'] !== 'string' ||
    typeof given['key'] !== 'string'
  )
    throw new Fault('corrupt', `${name}: ${place}: wanted a device, got ${JSON.stringify(pin)}`)
  const device = { name: given['name'], key: given['key'] }
  const head = pin['checkpoint']
  if (head === undefined) return { device }
  if (!isRecord(head) || typeof head['size'] !== 'number' || typeof head['root'] !== 'string')
    throw new Fault('corrupt', `${name}: ${place}: wanted a checkpoint, got ${JSON.stringify(head)}`)
  return { device, checkpoint: { size: head['size'], root: head['root'] } }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
