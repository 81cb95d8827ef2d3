/** What may come in, member by member; anything else is refused with the member, what was wanted and what came. */
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { fromUtf8 } from '../base/bytes.ts'
import type * as api from './api.ts'

const name = z.string().min(1).max(60)
const base64url = z.string().regex(/^[A-Za-z0-9_-]*$/, 'wanted base64url')
const secret = base64url.min(16).max(64)
const recipient = z.string().regex(/^age1[0-9a-z]{58}$/, 'wanted age1 and 58 letters and digits')
const passphrase = z.string().min(1).max(1000)
const challengeId = z.string().min(1).max(64)
const note = z.string().max(128 * 1024)
const unixMs = z.number().int().min(0).max(8.64e15)
const id = z.string().regex(/^[0-9a-f]{8,64}$/, 'wanted an id in hexadecimal')
/** Checked by @simplewebauthn/server, member by member. */
const webauthn = z.record(z.string().max(60), z.unknown())

const credential = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('passphrase'), passphrase }),
  z.strictObject({ kind: z.literal('passkey'), challengeId, response: webauthn }),
])
const proof = { challengeId, publicKey: z.base64().length(44), signature: base64url.length(86) }
const role = z.enum(['owner', 'household', 'guest'])

/** `exactOptionalPropertyTypes`: what is left out is left out, not undefined. */
type Wanted<T> = z.ZodType<T>

export const EnrolCheckBody: Wanted<{ secret: string }> = z.strictObject({ secret })
export const EnrolBody = z.strictObject({
  secret,
  name,
  recipient,
  recipients: z.exactOptional(note),
  proof: z.exactOptional(z.strictObject(proof)),
  credential,
}) satisfies Wanted<api.EnrolBody>
export const LoginBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('passphrase'), name: z.string().max(60), passphrase }),
  z.strictObject({ kind: z.literal('passkey'), challengeId, response: webauthn }),
  z.strictObject({ kind: z.literal('key'), ...proof }),
]) satisfies Wanted<api.LoginBody>
export const JoinBody = z.strictObject({
  code: secret,
  recipient: z.exactOptional(recipient),
  credential,
}) satisfies Wanted<api.JoinBody>
export const PasskeyBody = z.strictObject({ challengeId, response: webauthn })
export const InviteBody = z.strictObject({
  name,
  role,
  fromUnixMs: z.exactOptional(unixMs),
  untilUnixMs: z.exactOptional(unixMs),
}) satisfies Wanted<api.InviteBody>
export const RecipientsBody = z.strictObject({ note }) satisfies Wanted<api.RecipientsBody>
export const HoldBody = z.strictObject({ held: z.boolean() }) satisfies Wanted<api.HoldBody>
export const ToldBody = z.discriminatedUnion('what', [
  z.strictObject({ what: z.enum(['played', 'downloaded']) }),
  z.strictObject({ what: z.literal('shared'), grant: note, to: name }),
]) satisfies Wanted<api.ToldBody>
export const SettingsBody = z.strictObject({
  set: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z]+(\.[A-Za-z]+){0,4}$/, 'wanted a dotted key')
        .max(100),
      z.unknown(),
    )
    .refine((set) => Object.keys(set).length <= 200, 'wanted at most 200 settings at once'),
}) satisfies Wanted<api.SettingsBody>
export const TestBody = z.strictObject({
  what: z.enum(['store', 'broker', 'push', 'chime']),
}) satisfies Wanted<api.TestBody>
const endpoint = z.url({ protocol: /^https$/ }).max(1024)
export const PushBody = z.strictObject({
  endpoint,
  p256dh: base64url.length(87),
  auth: base64url.length(22),
}) satisfies Wanted<api.PushBody>
export const PushEndBody = z.strictObject({ endpoint })
export const WebrtcBody = z.strictObject({
  offer: z
    .string()
    .min(1)
    .max(64 * 1024),
}) satisfies Wanted<api.WebrtcBody>
export const SoundBody = z.strictObject({ viewer: id, on: z.boolean() }) satisfies Wanted<api.SoundBody>
const PageEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('press-over'), press: id, how: z.enum(['answered', 'ignored']) }),
  z.strictObject({ type: z.literal('watch-looks'), on: z.boolean() }),
]) satisfies Wanted<api.PageEvent>

/** Throws `Fault('invalid')` that begins with the member at fault. */
export function readBody<T>(
  wanted: Wanted<T>,
  { headers, body }: { readonly headers: ReadonlyMap<string, string>; readonly body: Uint8Array },
): T {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new Fault('invalid', `content-type: wanted application/json, got ${type ?? 'none'}`)
  const parsed = wanted.safeParse(jsonOf(body), { reportInput: true })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const came = issue?.input === undefined ? 'nothing' : typeof issue.input
  throw new Fault('invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'wrong'}, got ${came}`)
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(body))
  } catch (cause) {
    throw new Fault('invalid', 'body: wanted JSON, got something else', { cause })
  }
}

/** Undefined: nothing that a page of ours says. */
export function readPageEvent(message: string | Uint8Array): api.PageEvent | undefined {
  if (typeof message !== 'string') return undefined
  try {
    return PageEventSchema.safeParse(JSON.parse(message)).data
  } catch {
    return undefined
  }
}
