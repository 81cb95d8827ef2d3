import { assertNever } from '../base/assert.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Order, OrderClaims } from '../formats/index.ts'
import type { Broker, HeardMessage } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Change, Records } from '../ports/records.ts'
import type { Activity, ClipShelf } from '../web/index.ts'
import { checkOrder, openOrder } from './read-order.ts'

/** Who carries orders out. What is left out cannot be ordered here. */
export type OrderHouse = {
  /** Undefined: no doorbell runs. */
  shelf(): Pick<ClipShelf, 'hold' | 'remove'> | undefined
  /** Throws `Fault('invalid')` when `set` would. */
  check?(changes: Readonly<Record<string, unknown>>): void
  /** May end whoever asks. */
  set?(changes: Readonly<Record<string, unknown>>): Promise<void>
  /** May end whoever asks. */
  restart?(): Promise<void>
  /** For *Activity*: the owner has had that done. */
  note?(what: Activity['what'], about: { readonly clip?: string; readonly detail?: string }): Promise<void>
}

export type OrdersDeps = {
  readonly broker: Broker
  readonly clock: Clock
  readonly records: Records
  readonly log: Log
  /** The raw Ed25519 key in base64 that signs the household's lists. */
  readonly owner: () => string
  readonly answer: (answer: Answer) => Promise<void>
  readonly house: OrderHouse
}

export type Answer = { readonly order: string; readonly ok: boolean; readonly says: string }

export interface Orders {
  run(signal: AbortSignal): Promise<void>
}

const ROWS = 'order/'
/** The first key behind them. */
const ROWS_END = 'order0'
const REMEMBERED_MAX = 1000
/** Longer than an order is good for, because clocks are put back. */
const REMEMBER_MS = 86_400_000
/** So long the answer has to get away before the doorbell starts anew. */
const ANSWER_MS = 1000

/** `topic`: where orders come; `audience`: the name of this device's key. */
export function createOrders(
  deps: OrdersDeps,
  { topic, audience }: { readonly topic: string; readonly audience: string },
): Orders {
  const { broker, log } = deps
  return {
    async run(signal) {
      const memory = await openMemory(deps).catch((error: unknown) => {
        if (!isFault(error) || error.kind === 'bug') throw error
        log.error('orders.not_taken', { problem: error.message }) // Whoever does not know what was taken takes nothing.
        return undefined
      })
      if (memory === undefined) return
      const onTrouble = (fault: unknown): void => log.warn('orders.unheard', { problem: messageOf(fault) })
      for await (const message of broker.listen([topic], { signal, onTrouble }))
        await take(deps, memory, { message, audience })
    },
  }
}

type Memory = {
  /** On disk when it resolves. Throws where it was taken before, or cannot be kept. */
  remember(claims: OrderClaims): Promise<void>
}

async function openMemory({ records, clock }: OrdersDeps): Promise<Memory> {
  const untils = new Map<string, number>()
  for (const { key, row } of await records.list('device', { from: ROWS, before: ROWS_END }))
    untils.set(key.slice(ROWS.length), typeof row === 'number' ? row : Infinity)
  return {
    async remember({ jti, exp }) {
      if (untils.has(jti)) throw new Fault('denied', 'it was carried out before')
      const now = clock.wall().at
      const old = [...untils].filter(([, until]) => now > until + REMEMBER_MS).map(([key]) => key)
      if (untils.size - old.length >= REMEMBERED_MAX)
        throw new Fault('full', `${REMEMBERED_MAX} orders were taken within a day; no more for now`)
      const until = exp * 1000
      const removals = old.map((key): Change => ({ remove: 'device', key: `${ROWS}${key}` }))
      untils.set(jti, until) // Before it is written: should that fail, nobody knows whether it is there.
      await records.write([...removals, { put: 'device', key: `${ROWS}${jti}`, row: until }])
      for (const key of old) untils.delete(key)
    },
  }
}

async function take(
  deps: OrdersDeps,
  memory: Memory,
  { message, audience }: { readonly message: HeardMessage; readonly audience: string },
): Promise<void> {
  const { clock, log, owner, answer } = deps
  let claims: OrderClaims
  try {
    if (message.retained) throw new Fault('denied', 'the broker had kept it: nobody says it now')
    claims = await openOrder(message.payload, owner())
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('orders.refused', { problem: error.message })
    return
  }
  try {
    checkOrder(claims, audience, clock.wall())
    await memory.remember(claims)
    const says = await carryOut(deps, claims.order)
    log.info('orders.done', { order: claims.jti, do: claims.order.do })
    await answer({ order: claims.jti, ok: true, says })
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('orders.refused', { order: claims.jti, do: claims.order.do, problem: error.message })
    await answer({ order: claims.jti, ok: false, says: error.message })
  }
}

/** What the owner reads when it is done, or as good as done. */
async function carryOut({ house, clock, log }: OrdersDeps, order: Order): Promise<string> {
  const later = (what: string, act: () => Promise<void>): void => {
    const { signal } = new AbortController() // What was promised is done, though this doorbell ends meanwhile.
    clock
      .sleep(ANSWER_MS, { signal })
      .then(act)
      .catch((error: unknown) => log.error('orders.failed', { do: what, problem: messageOf(error) }))
  }
  switch (order.do) {
    case 'delete-clip':
      return deleteClip(house, order.clip)
    case 'hold-clip':
      return holdClip(house, order)
    case 'change-settings': {
      if (house.set === undefined) throw new Fault('unavailable', 'settings cannot be changed from afar here')
      house.check?.(order.set)
      const keys = Object.keys(order.set).sort().join(', ')
      later(order.do, async () => house.set?.(order.set))
      return `${keys}: changed, as soon as nobody is at the door.`
    }
    case 'restart': {
      if (house.restart === undefined)
        throw new Fault('unavailable', 'the doorbell cannot be started anew from afar here')
      later(order.do, async () => house.restart?.())
      return 'It starts anew as soon as nobody is at the door.'
    }
    default:
      return assertNever(order)
  }
}

async function deleteClip(house: OrderHouse, clip: string): Promise<string> {
  const outcome = await shelfOf(house).remove(clip)
  if (outcome === 'missing') throw new Fault('missing', `there is no clip ${clip} here`)
  if (outcome === 'growing') throw new Fault('unavailable', `clip ${clip} is still being recorded`)
  if (outcome === 'held') throw new Fault('denied', `clip ${clip} is held; release it first`)
  await house.note?.('deleted', { clip })
  return `Clip ${clip} is deleted.`
}

async function holdClip(
  house: OrderHouse,
  { clip, held }: { readonly clip: string; readonly held: boolean },
): Promise<string> {
  if (!(await shelfOf(house).hold(clip, held))) throw new Fault('missing', `there is no clip ${clip} here`)
  await house.note?.(held ? 'held' : 'released', { clip })
  return held ? `Clip ${clip} is held.` : `Clip ${clip} is released.`
}

function shelfOf(house: OrderHouse): Pick<ClipShelf, 'hold' | 'remove'> {
  const shelf = house.shelf()
  if (shelf === undefined) throw new Fault('unavailable', 'the doorbell is starting')
  return shelf
}
