/**
 * age v1, binary, X25519 recipients: https://c2sp.org/age@v1.0.0
 *
 * One file key may head many files: each has the same header and its own payload nonce.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { assert } from '../base/assert.ts'
import { concatBytes, equalBytes, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { makePair, parseRecipient, sharedSecret, type X25519Pair } from './x25519.ts'

const INTRO = 'age-encryption.org/v1'
const X25519_INFO = 'age-encryption.org/v1/X25519'
const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
const NONCE_BYTES = 16
const FILE_KEY_BYTES = 16
const CHUNK_BYTES = 64 * 1024
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
const HEADER_BYTES_MAX = 64 * 1024
const COLUMNS = 64

export const makeFileKey = (): Uint8Array => new Uint8Array(randomBytes(FILE_KEY_BYTES))

/** The header that lets each of `recipients` (`age1…`) find `fileKey`. */
export function wrapFileKey(fileKey: Uint8Array, recipients: readonly string[]): Uint8Array {
  if (recipients.length === 0)
    throw new Fault('invalid', 'wanted at least one recipient to seal to, got none')
  const stanzas = recipients.map((recipient) => stanzaFor(fileKey, parseRecipient(recipient)))
  const head = `${INTRO}\n${stanzas.join('')}---`
  return utf8(`${head} ${base64(macOf(fileKey, utf8(head)))}\n`)
}

function stanzaFor(fileKey: Uint8Array, recipient: Uint8Array): string {
  const ephemeral = makePair()
  const key = wrapKey(sharedSecret(ephemeral.secret, recipient), ephemeral.publicKey, recipient)
  return `-> X25519 ${base64(ephemeral.publicKey)}\n${base64(sealBytes(key, new Uint8Array(12), fileKey))}\n`
}

/** Throws `Fault('denied')` when the header is for others, `Fault('corrupt')` when it is damaged. */
export function unwrapFileKey(header: Uint8Array, identities: readonly X25519Pair[]): Uint8Array {
  const { stanzas, macInput, mac } = parseHeader(header)
  for (const stanza of stanzas.filter(({ type }) => type === 'X25519')) {
    const share = shareOf(stanza)
    for (const identity of identities) {
      const key = wrapKey(sharedSecret(identity.secret, share), share, identity.publicKey)
      const fileKey = openBytes(key, new Uint8Array(12), stanza.body)
      if (fileKey === undefined) continue
      if (!timingSafeEqual(macOf(fileKey, macInput), mac)) throw damaged('its code of authenticity is wrong')
      return fileKey
    }
  }
  throw new Fault('denied', 'sealed to other keys than this one')
}

function shareOf(stanza: Stanza): Uint8Array {
  const [share, ...more] = stanza.args
  if (share === undefined || more.length > 0) throw damaged('an X25519 stanza with wrong arguments')
  const bytes = unbase64(share)
  if (bytes.length !== 32 || stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES)
    throw damaged('an X25519 stanza of a wrong size')
  return bytes
}

const wrapKey = (shared: Uint8Array, share: Uint8Array, recipient: Uint8Array): Uint8Array =>
  derive(shared, concatBytes([share, recipient]), X25519_INFO)

const derive = (from: Uint8Array, salt: Uint8Array, info: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', from, salt, info, 32))

const macOf = (fileKey: Uint8Array, head: Uint8Array): Uint8Array =>
  new Uint8Array(
    createHmac('sha256', derive(fileKey, new Uint8Array(0), 'header'))
      .update(head)
      .digest(),
  )

type Stanza = { readonly type: string; readonly args: readonly string[]; readonly body: Uint8Array }
type Header = {
  readonly stanzas: readonly Stanza[]
  readonly macInput: Uint8Array
  readonly mac: Uint8Array
  readonly bytes: number
}

/** Strict: whatever the specification does not allow is damage. */
export function parseHeader(file: Uint8Array): Header {
  const lines = linesOf(file)
  if (lines.next() !== INTRO) throw damaged('it does not begin as an age file')
  const stanzas: Stanza[] = []
  for (;;) {
    const line = lines.next()
    if (line.startsWith('---')) {
      checkStanzas(stanzas)
      return { stanzas, ...footerOf(line, file, lines.at()) }
    }
    stanzas.push(stanzaOf(line, lines.next))
  }
}

function checkStanzas(stanzas: readonly Stanza[]): void {
  if (stanzas.length === 0) throw damaged('it is sealed to nobody')
  if (stanzas.length > 1 && stanzas.some(({ type }) => type === 'scrypt'))
    throw damaged('a passphrase beside other recipients')
}

function footerOf(line: string, file: Uint8Array, end: number): Omit<Header, 'stanzas'> {
  if (!line.startsWith('--- ')) throw damaged('its last line is no code of authenticity')
  const mac = unbase64(line.slice(4))
  if (mac.length !== 32) throw damaged('its code of authenticity has a wrong size')
  return { macInput: file.subarray(0, end - line.length - 1 + 3), mac, bytes: end }
}

function stanzaOf(line: string, next: () => string): Stanza {
  if (!line.startsWith('-> ')) throw damaged('a line that is no stanza')
  const [type, ...args] = line.slice(3).split(' ')
  if (type === undefined || [type, ...args].some((arg) => !/^[\x21-\x7e]+$/.test(arg)))
    throw damaged('a stanza with wrong arguments')
  const body: Uint8Array[] = []
  for (;;) {
    const text = next()
    if (text.length > COLUMNS) throw damaged('a line that is too long')
    body.push(unbase64(text))
    if (text.length < COLUMNS) return { type, args, body: concatBytes(body) }
  }
}

function linesOf(file: Uint8Array): { next: () => string; at: () => number } {
  let at = 0
  const next = (): string => {
    const end = file.indexOf(0x0a, at)
    if (end < 0 || end > HEADER_BYTES_MAX) throw damaged('it ends too early')
    const line = Buffer.from(file.buffer, file.byteOffset + at, end - at).toString('latin1')
    at = end + 1
    return line
  }
  return { next, at: () => at }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

/** Unpadded, canonical. */
function unbase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  if (base64(bytes) !== text) throw damaged('text that is no base64')
  return bytes
}

const damaged = (what: string): Fault => new Fault('corrupt', `age header: ${what}`)

/** Header and payload of a complete file. */
export function splitAge(file: Uint8Array): { readonly header: Uint8Array; readonly payload: Uint8Array } {
  const { bytes } = parseHeader(file)
  return { header: file.subarray(0, bytes), payload: file.subarray(bytes) }
}

/** A complete age file with this header: fresh nonce, STREAM of 64 KiB chunks. */
export function sealAge(header: Uint8Array, fileKey: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const key = derive(fileKey, nonce, 'payload')
  const payloadAt = header.length + NONCE_BYTES
  const chunks = Math.max(1, Math.ceil(plaintext.length / CHUNK_BYTES))
  const file = new Uint8Array(payloadAt + plaintext.length + chunks * TAG_BYTES)
  file.set(header)
  file.set(nonce, header.length)
  for (let n = 0; n < chunks; n++) {
    const chunk = plaintext.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)
    sealInto(file, payloadAt + n * SEALED_CHUNK_BYTES, { key, nonce: chunkNonce(n, n === chunks - 1), chunk })
  }
  return file
}

/** Throws `Fault('corrupt')` at the first chunk that is not exactly what was sealed: flipped, cut, swapped, added to. */
export function openPayload(fileKey: Uint8Array, payload: Uint8Array): Uint8Array {
  const opener = new PayloadOpener(fileKey)
  return concatBytes([...opener.push(payload), ...opener.end()])
}

/** Opens a payload that comes in pieces. What it gives is authentic; that nothing is missing is known only after `end`. */
export class PayloadOpener {
  readonly #fileKey: Uint8Array
  readonly #nonce = new Uint8Array(NONCE_BYTES)
  readonly #chunk = new Uint8Array(SEALED_CHUNK_BYTES)
  #key: Uint8Array | undefined
  /** How much there is of the nonce, and after it of the chunk. */
  #filled = 0
  #counter = 0

  constructor(fileKey: Uint8Array) {
    this.#fileKey = fileKey
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    const open: Uint8Array[] = []
    for (let at = 0; at < bytes.length;) {
      // A full chunk may still be the last, so it is opened only when more follows.
      if (this.#key !== undefined && this.#filled === SEALED_CHUNK_BYTES) open.push(this.#openChunk(false))
      at += this.#take(bytes.subarray(at))
    }
    return open
  }

  end(): readonly Uint8Array[] {
    if (this.#key === undefined) throw damaged('the nonce that follows it is cut short')
    const isFirst = this.#counter === 0
    const chunk = this.#openChunk(true)
    if (chunk.length === 0 && !isFirst) throw new Fault('corrupt', 'age payload: an empty chunk at its end')
    return [chunk]
  }

  /** As much as there is room for. */
  #take(bytes: Uint8Array): number {
    const target = this.#key === undefined ? this.#nonce : this.#chunk
    const taken = bytes.subarray(0, target.length - this.#filled)
    target.set(taken, this.#filled)
    this.#filled += taken.length
    if (this.#key === undefined && this.#filled === NONCE_BYTES) {
      this.#key = derive(this.#fileKey, this.#nonce, 'payload')
      this.#filled = 0
    }
    return taken.length
  }

  #openChunk(isLast: boolean): Uint8Array {
    assert(this.#key !== undefined, 'the nonce comes before the chunks')
    const chunk = openChunk(this.#key, this.#chunk.subarray(0, this.#filled), this.#counter, isLast)
    this.#filled = 0
    this.#counter++
    return chunk
  }
}

function openChunk(key: Uint8Array, sealed: Uint8Array, counter: number, isLast: boolean): Uint8Array {
  const chunk = openBytes(key, chunkNonce(counter, isLast), sealed)
  if (chunk !== undefined) return chunk
  throw new Fault('corrupt', `age payload: chunk ${counter} is not what was sealed, or the end is missing`)
}

/** A file that is read piece by piece: `read` gives the bytes `from ≤ … < to`. */
export type AgeFile = {
  readonly headerBytes: number
  readonly bytes: number
  read(range: { readonly from: number; readonly to: number }): Promise<Uint8Array>
}

/**
 * The plaintext `from ≤ … < to`: reads the payload's nonce and the chunks that cover the range, nothing else. What it
 * gives is authentic and stands where it says; that nothing behind it is missing, only its last byte tells.
 */
export async function openRange(
  fileKey: Uint8Array,
  file: AgeFile,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Uint8Array> {
  const { payloadAt, chunks, plainBytes } = extentOf(file)
  if (from < 0 || to < from || to > plainBytes)
    throw new Fault('invalid', `age payload: wanted bytes ${from} to ${to}, there are ${plainBytes}`)
  if (from === to) return new Uint8Array(0)
  const [first, last] = [Math.floor(from / CHUNK_BYTES), Math.floor((to - 1) / CHUNK_BYTES)]
  const nonce = await readExactly(file, { from: file.headerBytes, to: payloadAt })
  const sealed = await readExactly(file, {
    from: payloadAt + first * SEALED_CHUNK_BYTES,
    to: Math.min(file.bytes, payloadAt + (last + 1) * SEALED_CHUNK_BYTES),
  })
  const key = derive(fileKey, nonce, 'payload')
  const open: Uint8Array[] = []
  for (let n = first; n <= last; n++) {
    const at = (n - first) * SEALED_CHUNK_BYTES
    open.push(openChunk(key, sealed.subarray(at, at + SEALED_CHUNK_BYTES), n, n === chunks - 1))
  }
  return concatBytes(open).slice(from - first * CHUNK_BYTES, to - first * CHUNK_BYTES)
}

async function readExactly(file: AgeFile, range: { from: number; to: number }): Promise<Uint8Array> {
  const bytes = await file.read(range)
  if (bytes.length === range.to - range.from) return bytes
  throw new Fault(
    'corrupt',
    `age payload: wanted ${range.to - range.from} bytes from ${range.from}, got ${bytes.length}`,
  )
}

function extentOf({ headerBytes, bytes }: AgeFile): {
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

/** The whole of a complete age file. */
export function openAge(file: Uint8Array, identities: readonly X25519Pair[]): Uint8Array {
  const { header, payload } = splitAge(file)
  return openPayload(unwrapFileKey(header, identities), payload)
}

export const hasHeader = (file: Uint8Array, header: Uint8Array): boolean =>
  equalBytes(file.subarray(0, header.length), header)

/** Eleven bytes of counter, big endian, and one that says whether this is the end. */
function chunkNonce(counter: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, counter)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

function sealBytes(key: Uint8Array, nonce: Uint8Array, chunk: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(chunk.length + TAG_BYTES)
  sealInto(sealed, 0, { key, nonce, chunk })
  return sealed
}

function sealInto(
  target: Uint8Array,
  at: number,
  { key, nonce, chunk }: { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly chunk: Uint8Array },
): void {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  target.set(cipher.update(chunk), at)
  cipher.final()
  target.set(cipher.getAuthTag(), at + chunk.length)
}

function openBytes(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  try {
    const { buffer, byteOffset, length } = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
    decipher.final()
    return new Uint8Array(buffer, byteOffset, length)
  } catch {
    return undefined // Not sealed with this key and nonce; what that means, the caller knows.
  }
}
