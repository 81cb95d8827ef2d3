import { createHmac, createPublicKey, randomBytes, verify } from 'node:crypto'
import { concatBytes, utf8 } from '../base/bytes.ts'
import type { MonoMs } from '../base/time.ts'
import type { Challenge, KeyProof } from '../web/index.ts'

const GOOD_MS = 5 * 60_000
const USED_MAX = 1024
const ID = /^[0-9a-z]{1,11}\.[A-Za-z0-9_-]{22}$/
const ED25519_DER = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0])

/**
 * Challenges that need not be remembered, so that asking for many costs nothing: each is a function of its id, under a key that ends with
 * the process. Only those that were answered rightly are remembered, until they would have ended anyway.
 */
export class Challenges {
  readonly #key = randomBytes(32)
  readonly #used = new Map<string, number>()

  make(now: MonoMs): Challenge {
    const ends = Math.ceil(now + GOOD_MS).toString(36)
    const id = `${ends}.${randomBytes(16).toString('base64url')}`
    return { id, challenge: this.#challengeOf(id) }
  }

  /** The challenge with this id, if it may still be answered. One we never gave out is one that nobody can have seen. */
  find(id: string, now: MonoMs): string | undefined {
    if (!ID.test(id) || this.#used.has(id)) return undefined
    const ends = endOf(id)
    return ends > now && ends <= now + GOOD_MS + 1 ? this.#challengeOf(id) : undefined
  }

  /** It was answered: nobody may answer it again. False: somebody just did. */
  use(id: string, now: MonoMs): boolean {
    for (const [old, ends] of this.#used) if (ends <= now) this.#used.delete(old)
    if (this.#used.has(id) || this.#used.size >= USED_MAX) return false
    this.#used.set(id, endOf(id))
    return true
  }

  #challengeOf(id: string): string {
    return createHmac('sha256', this.#key).update(id).digest('base64url')
  }
}

const endOf = (id: string): number => Number.parseInt(id.slice(0, id.indexOf('.')), 36)

/** Whether `proof` is an Ed25519 signature over this challenge by the key (base64, raw). */
export function isSignedBy(ownerKey: string, proof: KeyProof, challenge: string): boolean {
  const raw = Buffer.from(ownerKey, 'base64')
  const signature = Buffer.from(proof.signature, 'base64url')
  if (raw.length !== 32 || signature.length !== 64) return false
  if (!raw.equals(Buffer.from(proof.publicKey, 'base64'))) return false
  const key = createPublicKey({
    key: Buffer.from(concatBytes([ED25519_DER, raw])),
    format: 'der',
    type: 'spki',
  })
  return verify(null, utf8(`lintel-login/1\n${challenge}\n`), key, signature)
}
