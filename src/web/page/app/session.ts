/** Who is in front of the page, with which key, and which doorbell this browser knows. */
import { Fault, isFault } from '../../../base/fault.ts'
import type { DeviceFacts, Me } from '../../api.ts'
import { unbase64url } from '../crypto/bytes.ts'
import { keyFromKept, type HouseKey } from '../keys/house-key.ts'
import { forgetAll, keepKey, keepPin, readKept, type Pin } from '../keys/key-store.ts'
import { texts } from '../texts.ts'
import { ask, isStatus } from './api-client.ts'
import { createStore } from './store.ts'

export type Session =
  | { readonly phase: 'starting' }
  | { readonly phase: 'out'; readonly problem?: string }
  | SignedIn

export type SignedIn = {
  readonly phase: 'in'
  readonly me: Me
  readonly key: HouseKey | undefined
  /** `changed`: this browser knows a doorbell with another key. */
  readonly pin: 'same' | 'changed'
  /** The device could not be asked: `me` is what it said last. */
  readonly isAway: boolean
}

const ME_KEPT = 'lintel-me'

export const createSession = () => createStore<Session>({ phase: 'starting' })
export type SessionStore = ReturnType<typeof createSession>

export async function resumeSession(session: SessionStore): Promise<void> {
  try {
    await beginSession(session, await ask<Me>('GET', '/api/me'))
  } catch (error) {
    if (isStatus(error, 401)) return session.set({ phase: 'out' })
    const kept = isFault(error, 'unavailable') ? keptMe() : undefined
    if (kept === undefined) return session.set({ phase: 'out', problem: texts.problems.away })
    await beginSession(session, kept, { isAway: true })
  }
}

/** After enrolment, joining or signing in: `key` when one was made or typed. */
export async function beginSession(
  session: SessionStore,
  me: Me,
  { key, isAway = false }: { readonly key?: HouseKey; readonly isAway?: boolean } = {},
): Promise<void> {
  if (key !== undefined) await keepKey(key.kept)
  const kept = await readKept()
  const mine = key ?? (kept.key === undefined ? undefined : await keyFromKept(kept.key))
  const pin = await checkPin(me.device, kept.pin)
  localStorage.setItem(ME_KEPT, JSON.stringify(me))
  session.set({ phase: 'in', me, key: mine, pin, isAway })
}

async function checkPin(device: DeviceFacts, pin: Pin | undefined): Promise<'same' | 'changed'> {
  if (pin === undefined) {
    await keepPin({ keyName: device.keyName, publicKey: device.publicKey })
    return 'same'
  }
  return pin.publicKey === device.publicKey ? 'same' : 'changed'
}

/** The owner says that the doorbell was replaced. */
export async function trustDevice(session: SessionStore, signedIn: SignedIn): Promise<void> {
  const { keyName, publicKey } = signedIn.me.device
  await keepPin({ keyName, publicKey })
  session.set({ ...signedIn, pin: 'same' })
}

export async function endSession(
  session: SessionStore,
  { forget }: { readonly forget: boolean },
): Promise<void> {
  await ask<undefined>('POST', '/api/logout', { body: {} }).catch((error: unknown) => {
    if (!isStatus(error, 401)) throw error // Signed out already is signed out.
  })
  localStorage.removeItem(ME_KEPT)
  if (forget) await forgetAll()
  session.set({ phase: 'out' })
}

function keptMe(): Me | undefined {
  const text = localStorage.getItem(ME_KEPT)
  return text === null ? undefined : (JSON.parse(text) as Me) // Written above.
}

export function publicKeyOf(device: DeviceFacts): Uint8Array {
  const key = unbase64url(device.publicKey)
  if (key?.length === 32) return key
  throw new Fault('corrupt', `key of the doorbell: wanted 32 bytes in base64url, got “${device.publicKey}”`)
}

/** Whether this key is the one that the member's recordings are sealed to. */
export const isOwnKey = (me: Me, key: HouseKey): boolean =>
  me.recipient === undefined || me.recipient === key.recipient
