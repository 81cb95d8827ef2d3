import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './s3-error.ts'

/** The hashes of one object, each computed when it is first asked for and only once. */
export class Digests {
  readonly #content: Uint8Array
  readonly #known = new Map<string, Buffer>()

  constructor(content: Uint8Array) {
    this.#content = content
  }

  get md5(): Buffer {
    return this.#once('md5', () => createHash('md5').update(this.#content).digest())
  }
  get sha1(): Buffer {
    return this.#once('sha1', () => createHash('sha1').update(this.#content).digest())
  }
  get sha256(): Buffer {
    return this.#once('sha256', () => createHash('sha256').update(this.#content).digest())
  }
  get crc32(): Buffer {
    return this.#once('crc32', () => bigEndian(crc32(this.#content)))
  }
  get crc32c(): Buffer {
    return this.#once('crc32c', () => bigEndian(crc32cOf(this.#content)))
  }

  #once(kind: string, compute: () => Buffer): Buffer {
    const known = this.#known.get(kind)
    if (known !== undefined) return known
    const digest = compute()
    this.#known.set(kind, digest)
    return digest
  }
}

const KINDS = ['sha256', 'sha1', 'crc32', 'crc32c'] as const
const PREFIX = 'x-amz-checksum-'
/** Headers that begin like a checksum and are none. */
const NO_CHECKSUM: ReadonlySet<string> = new Set(['mode', 'type', 'algorithm'])

/**
 * Compares every checksum that came with the object, in a header or a trailer, with the object's own. Returns those
 * that came, to be given back with the object.
 */
export function verifyChecksums(
  digests: Digests,
  given: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const md5 = given.get('content-md5')
  if (md5 !== undefined) verifyMd5(digests, md5)
  const kept: Record<string, string> = {}
  for (const [name, value] of given) {
    if (!name.startsWith(PREFIX) || NO_CHECKSUM.has(name.slice(PREFIX.length))) continue
    const kind = KINDS.find((each) => name === `${PREFIX}${each}`)
    if (kind === undefined)
      throw new S3Error('NotImplemented', 501, `${name} is not known here; ${KINDS.join(', ')} are.`)
    if (value !== digests[kind].toString('base64'))
      throw new S3Error('BadDigest', 400, `${name} is not that of the body.`)
    kept[name] = value
  }
  return kept
}

function verifyMd5(digests: Digests, given: string): void {
  if (!/^[A-Za-z0-9+/]{22}==$/.test(given))
    throw new S3Error('InvalidDigest', 400, 'Content-MD5: wanted 16 bytes in base64.')
  if (given !== digests.md5.toString('base64'))
    throw new S3Error('BadDigest', 400, 'Content-MD5 is not that of the body.')
}

function bigEndian(word: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(word)
  return bytes
}

/** Castagnoli's polynomial, bits reversed (RFC 3720, appendix B.4). */
const CRC32C_POLYNOMIAL = 0x82f63b78

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let word = index
  for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ CRC32C_POLYNOMIAL : word >>> 1
  return word
})

export function crc32cOf(content: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of content) crc = (CRC32C_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
