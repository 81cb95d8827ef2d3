import { compactVerify, importJWK } from 'jose'
import { fromUtf8 } from '../base/bytes.ts'
import { Fault, messageOf } from '../base/fault.ts'
import type { WallTime } from '../base/time.ts'
import {
  ORDER_ALGORITHM,
  ORDER_BYTES_MAX,
  ORDER_SECONDS_MAX,
  ORDER_TYPE,
  parseOrderClaims,
  type OrderClaims,
} from '../formats/index.ts'

/** Clocks of a household differ a little. */
const SKEW_S = 5

/**
 * What the owner has signed; nothing is said yet of whether it may be carried out. `owner` is the raw Ed25519 key in base64.
 * Throws `Fault('denied')` for whatever is not the owner's, `Fault('invalid')` for what is, and is no order.
 */
export async function openOrder(message: string, owner: string): Promise<OrderClaims> {
  if (message.length > ORDER_BYTES_MAX)
    throw new Fault('denied', `wanted at most ${ORDER_BYTES_MAX} bytes, got ${message.length}`)
  const x = Buffer.from(owner, 'base64').toString('base64url')
  const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x }, ORDER_ALGORITHM)
  let payload: Uint8Array
  try {
    const opened = await compactVerify(message, key, { algorithms: [ORDER_ALGORITHM] })
    if (opened.protectedHeader.typ !== ORDER_TYPE) throw new Error(`its type is not ${ORDER_TYPE}`)
    payload = opened.payload
  } catch (cause) {
    throw new Fault('denied', `not signed by the owner: ${messageOf(cause)}`, { cause })
  }
  return parseOrderClaims(textOf(payload))
}

function textOf(payload: Uint8Array): string {
  try {
    return fromUtf8(payload)
  } catch (cause) {
    throw new Fault('invalid', 'order: wanted UTF-8', { cause })
  }
}

/** Throws where it is not for us, or not for now: `denied`, or `unavailable` while nobody knows what time it is. */
export function checkOrder({ aud, iat, exp }: OrderClaims, audience: string, wall: WallTime): void {
  if (aud !== audience) throw new Fault('denied', `it is for ${aud.slice(0, 60)}, this is ${audience}`)
  if (exp - iat > ORDER_SECONDS_MAX || exp <= iat)
    throw new Fault(
      'denied',
      `wanted an order that is good for 1 to ${ORDER_SECONDS_MAX} s, got ${exp - iat}`,
    )
  if (!wall.trusted)
    throw new Fault(
      'unavailable',
      'the doorbell does not know the time yet, so it cannot tell whether the order is fresh',
    )
  const nowS = wall.at / 1000
  if (nowS > exp) throw new Fault('denied', `it was good until ${Math.ceil(nowS - exp)} s ago`)
  if (nowS < iat - SKEW_S)
    throw new Fault('denied', `it is from ${Math.ceil(iat - nowS)} s in the future: the clocks differ`)
}
