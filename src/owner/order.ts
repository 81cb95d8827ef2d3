import { randomBytes } from 'node:crypto'
import { CompactSign } from 'jose'
import { hex, utf8 } from '../base/bytes.ts'
import type { UnixMs } from '../base/time.ts'
import {
  ORDER_ALGORITHM,
  ORDER_SECONDS_MAX,
  ORDER_TYPE,
  parseOrderClaims,
  type Order,
  type OrderClaims,
} from '../formats/index.ts'
import type { OwnerIdentity } from './identity.ts'
import { signerOf } from './recipients.ts'

export type SignedOrder = { readonly jti: string; readonly message: string }

/** Signs an order for one device, good for a minute from `now`. Throws `Fault('invalid')` when it is none. */
export async function signOrder(
  order: Order,
  {
    identity,
    device,
    now,
  }: { readonly identity: OwnerIdentity; readonly device: string; readonly now: UnixMs },
): Promise<SignedOrder> {
  const iat = Math.floor(now / 1000)
  const jti = hex(new Uint8Array(randomBytes(16)))
  const claims: OrderClaims = { aud: device, iat, exp: iat + ORDER_SECONDS_MAX, jti, order }
  const text = JSON.stringify(claims)
  parseOrderClaims(text) // What the doorbell would not understand is not sent.
  const message = await new CompactSign(utf8(text))
    .setProtectedHeader({ alg: ORDER_ALGORITHM, typ: ORDER_TYPE })
    .sign(signerOf(identity).secret)
  return { jti, message }
}
