import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Encrypter } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import {
  checkRecipient,
  formatIdentity,
  isLocked,
  lockIdentity,
  makeSecret,
  parseIdentity,
  readIdentity,
  secretBytes,
  secretFromBytes,
} from './identity.ts'
import { recoveryKit, secretOfWords, wordsOfSecret } from './words.ts'

// Made with age-keygen 1.1.1 for this test; it opens nothing.
const SECRET = 'AGE-SECRET-KEY-1AY00GM8ZWAUCSZSMAR63U6YF6J9RQJ5WGTQTX80N5PKTLRME2YJQDQ6EN5'
const RECIPIENT = 'age10uwa8nk3069d2zz3a9de3lqmfwlls7kc9yaydda8ue7auzhzsdhqfcsw8d'
const FILE = `# created: 2026-11-23T12:57:39Z\n# public key: ${RECIPIENT}\n${SECRET}\n`
const CREATED = '2026-11-23T12:57:39Z'

const hasAge = (() => {
  try {
    return execFileSync('age-keygen', ['--version']).length > 0
  } catch {
    return false
  }
})()

const noPassphrase = (): Promise<string> => Promise.reject(new Error('nobody should have been asked'))

describe('an identity', () => {
  it('is written byte for byte as age-keygen writes it', async () => {
    expect(await formatIdentity(SECRET, CREATED)).toBe(FILE)
  })

  it('is read back with its recipient', async () => {
    const identity = await readIdentity({ name: 'owner.txt', bytes: utf8(FILE) }, noPassphrase)
    expect(identity).toEqual({ secret: SECRET, recipient: RECIPIENT, allSecrets: [SECRET] })
  })

  it('is read with Windows line ends and without comments', async () => {
    expect((await parseIdentity('x', `\r\n${SECRET}\r\n`)).recipient).toBe(RECIPIENT)
  })

  it('keeps further keys for opening, and signs with the first', async () => {
    const other = await makeSecret()
    const identity = await parseIdentity('x', `${FILE}${other}\n`)
    expect(identity.secret).toBe(SECRET)
    expect(identity.allSecrets).toEqual([SECRET, other])
  })

  it.each([
    ['an empty file', '', /owner.txt: wanted a line AGE-SECRET-KEY-1…, got an empty file/],
    ['only comments', '# public key: age1\n', /only comments/],
    ['a recipient', `${RECIPIENT}\n`, /wanted a line AGE-SECRET-KEY-1…/],
    ['a misspelt key', FILE.replace('AY00', 'AY0Q'), /a letter may be wrong/],
    ['a cut key', FILE.slice(0, -5), /a letter may be wrong/],
    ['a post-quantum key', 'AGE-SECRET-KEY-PQ-1QQ\n', /only X25519 keys/],
  ])('refuses %s without repeating the secret', async (_what, text, message) => {
    const refusal = parseIdentity('owner.txt', text)
    await expect(refusal).rejects.toThrow(message)
    await expect(refusal).rejects.not.toThrow(/AY0[0Q]GM8/)
  })

  it('refuses bytes that are no text and files that are too large', async () => {
    await expect(readIdentity({ name: 'x', bytes: Uint8Array.of(0xff, 0xfe) }, noPassphrase)).rejects.toThrow(
      'wanted an identity file of text',
    )
    await expect(readIdentity({ name: 'x', bytes: new Uint8Array(70_000) }, noPassphrase)).rejects.toThrow(
      'at most 64 KiB',
    )
  })

  it('goes behind a passphrase and comes back with it only', async () => {
    const locked = await lockIdentity(FILE, 'correct horse', { workFactor: 8 })
    expect(isLocked(locked)).toBe(true)
    expect(isLocked(utf8(FILE))).toBe(false)
    const opened = await readIdentity({ name: 'x', bytes: locked }, async () => 'correct horse')
    expect(opened.recipient).toBe(RECIPIENT)
    await expect(readIdentity({ name: 'x', bytes: locked }, async () => 'wrong horse')).rejects.toThrow(
      'x: this passphrase does not open it',
    )
  })

  it('survives the way to bytes and back', () => {
    expect(secretFromBytes(secretBytes(SECRET))).toBe(SECRET)
  })
})

describe('a recipient', () => {
  it('is accepted when it is an X25519 key', () => {
    expect(() => checkRecipient(RECIPIENT)).not.toThrow()
  })

  it.each([
    ['a misspelt one', RECIPIENT.replace('uwa8', 'uwa9'), /perhaps a letter is wrong/],
    ['an empty one', '', /wanted a recipient age1…/],
    ['a secret key, without repeating it', SECRET, /^(?!.*AY00).*secret key/],
    ['a post-quantum one', 'age1pq1qqqq', /only X25519/],
    ['an e-mail address', 'me@example.org', /me@example.org: wanted a recipient/],
  ])('is refused when it is %s', (_what, text, message) => {
    expect(() => checkRecipient(text)).toThrow(message)
  })
})

describe('the recovery kit', () => {
  it('is 24 words that give the same key back', () => {
    const words = wordsOfSecret(SECRET)
    expect(words).toHaveLength(24)
    expect(secretOfWords(words.join(' '))).toBe(SECRET)
  })

  it('follows BIP 39: the all-zero key is “abandon” 23 times and “art”', () => {
    const words = wordsOfSecret(secretFromBytes(new Uint8Array(32)))
    expect(words.join(' ')).toBe(`${'abandon '.repeat(23)}art`)
  })

  it('is read from its own sheet, in capitals and with numbers', () => {
    const sheet = recoveryKit(SECRET, RECIPIENT)
    expect(sheet).toContain(RECIPIENT)
    expect(secretOfWords(sheet.toUpperCase())).toBe(SECRET)
  })

  it('names the word that is not in the list', () => {
    const words = [...wordsOfSecret(SECRET)]
    words[6] = 'abandom'
    expect(() => secretOfWords(words.join(' '))).toThrow(
      'word 7, “abandom”, is not in the list (did you mean “abandon”?)',
    )
  })

  it('counts the words and finds swapped ones', () => {
    const words = [...wordsOfSecret(SECRET)]
    expect(() => secretOfWords(words.slice(1).join(' '))).toThrow('has 24 words, got 23')
    const [first = '', second = '', ...rest] = words
    expect(() => secretOfWords([second, first, ...rest].join(' '))).toThrow('do not fit')
  })
})

describe.skipIf(!hasAge)('Debian’s age', () => {
  it('gives the same recipient for our key and opens what is sealed to it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lintel-identity-'))
    try {
      const secret = await makeSecret()
      const text = await formatIdentity(secret, CREATED)
      writeFileSync(join(folder, 'owner.txt'), text)
      const recipient = execFileSync('age-keygen', ['-y', join(folder, 'owner.txt')], {
        encoding: 'utf8',
      }).trim()
      expect(text).toContain(recipient)
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipient)
      const sealed = await encrypter.encrypt('visit')
      const opened = execFileSync('age', ['-d', '-i', join(folder, 'owner.txt')], { input: sealed })
      expect(fromUtf8(opened)).toBe('visit')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
