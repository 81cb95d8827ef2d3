/**
 * An order of the owner to the doorbell, carried by people who must not be believed: a JWS (RFC 7515, compact) signed with EdDSA
 * (RFC 8037) by the key that signs the household's lists. Claims as in RFC 7519: `aud` the device's key name, `iat`, `exp`, `jti`.
 */
import { z } from 'zod'
import { Fault } from '../base/fault.ts'

export const ORDER_TYPE = 'lintel-order+jws'
export const ORDER_ALGORITHM = 'EdDSA'
/** From `iat` to `exp`. */
export const ORDER_SECONDS_MAX = 60
/** Of the whole message. */
export const ORDER_BYTES_MAX = 4096

const clip = z.string().regex(/^[0-9a-f]{16,64}$/, 'wanted a clip id')

const order = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('delete-clip'), clip }),
  /** A held clip is exempt from retention; one that is not held may be removed by it. */
  z.strictObject({ do: z.literal('hold-clip'), clip, held: z.boolean() }),
  /** Dotted keys, as on the owner's page; all or none. */
  z.strictObject({ do: z.literal('change-settings'), set: z.record(z.string(), z.json()) }),
  z.strictObject({ do: z.literal('restart') }),
])

const claims = z.strictObject({
  aud: z.string(),
  /** Seconds since 1970 UTC. */
  iat: z.number().int(),
  exp: z.number().int(),
  jti: z.string().regex(/^[0-9a-f]{32}$/, 'wanted 32 hexadecimal digits'),
  order,
})

export type Order = z.output<typeof order>
export type OrderClaims = z.output<typeof claims>

/** Throws `Fault('invalid')` that says what is wrong. */
export function parseOrderClaims(text: string): OrderClaims {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid', 'order: wanted JSON', { cause })
  }
  const result = claims.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Fault('invalid', `order: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not an order'}`)
}
