import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { Fault } from '../base/fault.ts'
import type { PassphraseRow } from './rows.ts'

/** 32 MiB, one at a time: `128 · N · r` bytes (RFC 7914). A small board has 512 MB, and takes a second or two for it. */
const LOG_N = 15
const R = 8
const P = 1
const HASH_BYTES = 32
const SALT_BYTES = 16
const LETTERS_MIN = 12
const LETTERS_MAX = 200
const WAITING_MAX = 8

/** One hash at a time; more than 8 waiting are sent away, so that no flood takes the device's memory. */
export class PassphraseDesk {
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()
  readonly #nobody: PassphraseRow = {
    salt: randomBytes(SALT_BYTES).toString('base64url'),
    hash: randomBytes(HASH_BYTES).toString('base64url'),
    logN: LOG_N,
  }

  get isFull(): boolean {
    return this.#waiting >= WAITING_MAX
  }

  async make(passphrase: string): Promise<PassphraseRow> {
    checkPassphrase(passphrase)
    const salt = randomBytes(SALT_BYTES)
    const hash = await this.#hash(passphrase, salt, LOG_N)
    return { salt: salt.toString('base64url'), hash: hash.toString('base64url'), logN: LOG_N }
  }

  /** Takes as long when there is nobody of that name. */
  async isRight(passphrase: string, row: PassphraseRow | undefined): Promise<boolean> {
    const against = row ?? this.#nobody
    const hash = await this.#hash(passphrase, Buffer.from(against.salt, 'base64url'), against.logN)
    const isSame = timingSafeEqual(hash, Buffer.from(against.hash, 'base64url'))
    return isSame && row !== undefined
  }

  async #hash(passphrase: string, salt: Uint8Array, logN: number): Promise<Buffer> {
    if (this.isFull) throw new Fault('unavailable', 'too many sign in at once; try again in a few seconds')
    this.#waiting++
    const hashing = this.#last.then(() => hashPassphrase(passphrase, salt, logN))
    this.#last = hashing.catch(() => {}) // Whoever asked hears of it; the next one begins anyway.
    return hashing.finally(() => this.#waiting--)
  }
}

/** Different ways to type the same letters are the same passphrase. */
function hashPassphrase(passphrase: string, salt: Uint8Array, logN: number): Promise<Buffer> {
  const N = 2 ** logN
  const options = { N, r: R, p: P, maxmem: 256 * N * R }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, HASH_BYTES, options, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    )
  })
}

function checkPassphrase(passphrase: string): void {
  const letters = [...passphrase.normalize('NFKC')].length
  if (letters >= LETTERS_MIN && letters <= LETTERS_MAX) return
  throw new Fault(
    'invalid',
    `credential.passphrase: wanted ${LETTERS_MIN} to ${LETTERS_MAX} letters, got ${letters}`,
  )
}
