/**
 * age v1 in a browser, X25519 recipients: https://c2sp.org/age@v1.0.0. The same files as `src/formats/age.ts` writes and reads; what is
 * private stays in a `KeyHolder`, which only agrees on secrets. Any 64 KiB chunk can be opened without the others.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concatBytes, utf8 } from '../../../base/bytes.ts'
import { Fault } from '../../../base/fault.ts'
import { base64Bare, derive, hasHmac, hmac, unbase64Bare } from './bytes.ts'
import { parseRecipient } from './recipient.ts'

const INTRO = 'age-encryption.org/v1'
const X25519_INFO = 'age-encryption.org/v1/X25519'
const TAG_BYTES = 16
const NONCE_BYTES = 16
const FILE_KEY_BYTES = 16
const COLUMNS = 64
const HEADER_BYTES_MAX = 64 * 1024
export const CHUNK_BYTES = 64 * 1024
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
const NOTHING = new Uint8Array(0)

/** Whoever has a private X25519 key, and shows only what two keys agree on. */
export type KeyHolder = {
  readonly publicKey: Uint8Array
  agree(theirs: Uint8Array): Promise<Uint8Array>
}

type Stanza = { readonly type: string; readonly args: readonly string[]; readonly body: Uint8Array }
export type AgeHeader = {
  readonly stanzas: readonly Stanza[]
  readonly macInput: Uint8Array
  readonly mac: Uint8Array
  readonly bytes: number
}

const damaged = (what: string): Fault => new Fault('corrupt', `age header: ${what}`)

/** Throws `Fault('denied')` when the header is for others, `Fault('corrupt')` when it is damaged. */
export async function unwrapFileKey(header: Uint8Array, holder: KeyHolder): Promise<Uint8Array> {
  const { stanzas, macInput, mac } = parseHeader(header)
  for (const stanza of stanzas.filter(({ type }) => type === 'X25519')) {
    const share = shareOf(stanza)
    const key = await wrapKey(await agreed(holder, share), share, holder.publicKey)
    const fileKey = openBytes(key, new Uint8Array(12), stanza.body)
    if (fileKey === undefined) continue
    if (!(await hasHmac(await derive(fileKey, NOTHING, 'header'), macInput, mac)))
      throw damaged('its code of authenticity is wrong')
    return fileKey
  }
  throw new Fault('denied', 'sealed to other keys than this one')
}

async function agreed(holder: KeyHolder, share: Uint8Array): Promise<Uint8Array> {
  try {
    const shared = await holder.agree(share)
    if (shared.some((byte) => byte !== 0)) return shared
  } catch (cause) {
    throw new Fault('corrupt', 'age header: a key share of low order', { cause })
  }
  throw damaged('a key share of low order')
}

function shareOf({ args, body }: Stanza): Uint8Array {
  const share = args.length === 1 ? unbase64Bare(args[0] ?? '') : undefined
  if (share?.length !== 32 || body.length !== FILE_KEY_BYTES + TAG_BYTES)
    throw damaged('an X25519 stanza of a wrong size')
  return share
}

const wrapKey = (shared: Uint8Array, share: Uint8Array, recipient: Uint8Array): Promise<Uint8Array> =>
  derive(shared, concatBytes([share, recipient]), X25519_INFO)

/** The header that lets each of `recipients` (`age1…`) find `fileKey`. `ephemeral` makes a key pair that is used once. */
export async function wrapFileKey(
  fileKey: Uint8Array,
  recipients: readonly string[],
  ephemeral: () => Promise<KeyHolder>,
): Promise<Uint8Array> {
  const stanzas: string[] = []
  for (const recipient of recipients.map(parseRecipient)) {
    const once = await ephemeral()
    const key = await wrapKey(await agreed(once, recipient), once.publicKey, recipient)
    const body = chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey)
    stanzas.push(`-> X25519 ${base64Bare(once.publicKey)}\n${base64Bare(body)}\n`)
  }
  const head = `${INTRO}\n${stanzas.join('')}---`
  const mac = await hmac(await derive(fileKey, NOTHING, 'header'), utf8(head))
  return utf8(`${head} ${base64Bare(mac)}\n`)
}

/** Strict: whatever the specification does not allow is damage. May be given only the beginning of a file. */
export function parseHeader(file: Uint8Array): AgeHeader {
  const lines = linesOf(file)
  if (lines.next() !== INTRO) throw damaged('it does not begin as an age file')
  const stanzas: Stanza[] = []
  for (;;) {
    const line = lines.next()
    if (line.startsWith('---')) {
      if (stanzas.length === 0) throw damaged('it is sealed to nobody')
      if (stanzas.length > 1 && stanzas.some(({ type }) => type === 'scrypt'))
        throw damaged('a passphrase beside other recipients')
      return { stanzas, ...footerOf(line, file, lines.at()) }
    }
    stanzas.push(stanzaOf(line, lines.next))
  }
}

function footerOf(line: string, file: Uint8Array, end: number): Omit<AgeHeader, 'stanzas'> {
  const mac = line.startsWith('--- ') ? unbase64Bare(line.slice(4)) : undefined
  if (mac?.length !== 32) throw damaged('its last line is no code of authenticity')
  return { macInput: file.slice(0, end - line.length - 1 + 3), mac, bytes: end }
}

function stanzaOf(line: string, next: () => string): Stanza {
  const [type, ...args] = line.startsWith('-> ') ? line.slice(3).split(' ') : []
  if (type === undefined || [type, ...args].some((arg) => !/^[\x21-\x7e]+$/.test(arg)))
    throw damaged('a line that is no stanza')
  const body: Uint8Array[] = []
  for (;;) {
    const text = next()
    const bytes = text.length > COLUMNS ? undefined : unbase64Bare(text)
    if (bytes === undefined) throw damaged('text that is no base64')
    body.push(bytes)
    if (text.length < COLUMNS) return { type, args, body: concatBytes(body) }
  }
}

function linesOf(file: Uint8Array): { next: () => string; at: () => number } {
  let at = 0
  const next = (): string => {
    const end = file.indexOf(0x0a, at)
    if (end < 0 || end > HEADER_BYTES_MAX) throw damaged('it ends too early')
    const line = String.fromCharCode(...file.subarray(at, end))
    at = end + 1
    return line
  }
  return { next, at: () => at }
}

/** A sealed file that is read piece by piece: `read` gives the bytes `from ≤ … < to`. */
export type SealedFile = {
  readonly headerBytes: number
  readonly bytes: number
  read(range: { readonly from: number; readonly to: number }): Promise<Uint8Array>
}

/** A sealed file in memory. */
export const sealedFileOf = (file: Uint8Array, headerBytes: number): SealedFile => ({
  headerBytes,
  bytes: file.length,
  read: async ({ from, to }) => file.subarray(from, to),
})

/**
 * The plaintext `from ≤ … < to`: reads the payload's nonce and the chunks that cover the range, nothing else. What it gives is
 * authentic and stands where it says; that nothing behind it is missing, only its last byte tells.
 */
export async function openRange(
  fileKey: Uint8Array,
  file: SealedFile,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Uint8Array> {
  const { payloadAt, chunks, plainBytes } = extentOf(file)
  if (from < 0 || to < from || to > plainBytes)
    throw new Fault('invalid', `age payload: wanted bytes ${from} to ${to}, there are ${plainBytes}`)
  if (from === to) return NOTHING
  const [first, last] = [Math.floor(from / CHUNK_BYTES), Math.floor((to - 1) / CHUNK_BYTES)]
  const sealedFrom = payloadAt + first * SEALED_CHUNK_BYTES
  const sealedTo = Math.min(file.bytes, payloadAt + (last + 1) * SEALED_CHUNK_BYTES)
  // The nonce lies just before the first chunk: one read brings both.
  const [nonce, sealed] = await nonceAndChunks(file, payloadAt, { from: sealedFrom, to: sealedTo })
  const key = await derive(fileKey, nonce, 'payload')
  const open: Uint8Array[] = []
  for (let n = first; n <= last; n++) {
    const at = (n - first) * SEALED_CHUNK_BYTES
    open.push(openChunk(key, sealed.subarray(at, at + SEALED_CHUNK_BYTES), n, n === chunks - 1))
  }
  return concatBytes(open).slice(from - first * CHUNK_BYTES, to - first * CHUNK_BYTES)
}

async function nonceAndChunks(
  file: SealedFile,
  payloadAt: number,
  range: { readonly from: number; readonly to: number },
): Promise<readonly [Uint8Array, Uint8Array]> {
  if (range.from === payloadAt) {
    const both = await readExactly(file, { from: file.headerBytes, to: range.to })
    return [both.subarray(0, NONCE_BYTES), both.subarray(NONCE_BYTES)]
  }
  return Promise.all([readExactly(file, { from: file.headerBytes, to: payloadAt }), readExactly(file, range)])
}

async function readExactly(file: SealedFile, range: { from: number; to: number }): Promise<Uint8Array> {
  const bytes = await file.read(range)
  if (bytes.length === range.to - range.from) return bytes
  throw new Fault(
    'corrupt',
    `age payload: wanted ${range.to - range.from} bytes from ${range.from}, got ${bytes.length}`,
  )
}

export function extentOf({ headerBytes, bytes }: Pick<SealedFile, 'headerBytes' | 'bytes'>): {
  readonly payloadAt: number
  readonly chunks: number
  readonly plainBytes: number
} {
  const payloadAt = headerBytes + NONCE_BYTES
  const chunks = Math.max(1, Math.ceil((bytes - payloadAt) / SEALED_CHUNK_BYTES))
  const plainBytes = bytes - payloadAt - chunks * TAG_BYTES
  // Every chunk holds something, but for the only one of an empty file.
  if (plainBytes < 0 || (chunks > 1 && plainBytes <= (chunks - 1) * CHUNK_BYTES))
    throw new Fault('corrupt', `age payload: no file ends after ${bytes} bytes`)
  return { payloadAt, chunks, plainBytes }
}

/** All of the payload, in order; a cut, a swap or an addition is `Fault('corrupt')`. */
export async function openPayload(
  fileKey: Uint8Array,
  sealed: Uint8Array,
  headerBytes: number,
): Promise<Uint8Array> {
  const file = sealedFileOf(sealed, headerBytes)
  const { plainBytes, payloadAt } = extentOf(file)
  if (plainBytes > 0) return openRange(fileKey, file, { from: 0, to: plainBytes })
  const key = await derive(fileKey, sealed.subarray(headerBytes, payloadAt), 'payload')
  return openChunk(key, sealed.subarray(payloadAt), 0, true)
}

/** The whole of a complete age file. */
export async function openAge(file: Uint8Array, holder: KeyHolder): Promise<Uint8Array> {
  const { bytes } = parseHeader(file)
  return openPayload(await unwrapFileKey(file.subarray(0, bytes), holder), file, bytes)
}

function openChunk(key: Uint8Array, sealed: Uint8Array, counter: number, isLast: boolean): Uint8Array {
  const chunk = openBytes(key, chunkNonce(counter, isLast), sealed)
  if (chunk !== undefined) return chunk
  throw new Fault('corrupt', `age payload: chunk ${counter} is not what was sealed, or the end is missing`)
}

/** Eleven bytes of counter, big endian, and one that says whether this is the end. */
function chunkNonce(counter: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, counter)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

function openBytes(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  try {
    return chacha20poly1305(key, nonce).decrypt(sealed)
  } catch {
    return undefined // Not sealed with this key and nonce; what that means, the caller knows.
  }
}
