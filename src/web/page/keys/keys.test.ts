import { verify, createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../base/bytes.ts'
import * as device from '../../../formats/index.ts'
import * as owner from '../../../owner/index.ts'
import { formatRecipient, parseRecipient } from '../crypto/recipient.ts'
import { keyFromSecret, makeSecret } from './house-key.ts'
import { proveKey } from './proof.ts'
import { secretOf, wordsOf } from './words.ts'

describe('the household’s key', () => {
  it('is kept as keys that the browser does not hand out', async () => {
    const { kept } = await keyFromSecret(makeSecret())
    if (kept.kind !== 'native') throw new Error('this Node knows the curves')
    for (const key of [kept.open, kept.sign]) {
      expect(key.extractable).toBe(false)
      for (const format of ['jwk', 'pkcs8'] as const)
        await expect(crypto.subtle.exportKey(format, key)).rejects.toThrow()
    }
  })

  it('proves itself with a signature over the challenge', async () => {
    const { signer } = await keyFromSecret(makeSecret())
    const proof = await proveKey({ id: 'c1', challenge: 'abc' }, signer)
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(proof.publicKey, 'base64').toString('base64url') },
      format: 'jwk',
    })
    const signature = Buffer.from(proof.signature, 'base64url')
    expect(verify(null, Buffer.from('lintel-login/1\nabc\n'), key, signature)).toBe(true)
    expect(proof.challengeId).toBe('c1')
  })
})

describe('recovery words', () => {
  it('are those that the owner’s command line writes, and rebuild the key', async () => {
    const secret = makeSecret()
    const { recipient } = await keyFromSecret(secret)
    const text = `AGE: ${wordsOf(secret).join(' ')}`.slice(5)
    const identity = await owner.parseIdentity('key', owner.secretOfWords(text))
    expect(identity.recipient).toBe(recipient)
    expect(
      secretOf(
        wordsOf(secret)
          .map((word, n) => `${n + 1}. ${word.toUpperCase()}\n`)
          .join(''),
      ),
    ).toEqual(secret)
  })

  it('say which word is wrong, how many there are, and when they do not fit', () => {
    const words = [...wordsOf(new Uint8Array(32))]
    expect(() => secretOf(words.join(' ').replace('abandon', 'abandun'))).toThrow(
      'Word 1, “abandun”, is not in the list. Did you mean “abandon”?',
    )
    expect(() => secretOf(words.slice(1).join(' '))).toThrow('There are 24 words; you have typed 23.')
    expect(() => secretOf(words.fill('abandon').join(' '))).toThrow('together they do not fit')
  })
})

describe('a recipient', () => {
  it('is written and read as by the device', () => {
    for (let n = 0; n < 50; n++) {
      const { publicKey } = device.makePair()
      const text = device.formatRecipient(publicKey)
      expect(formatRecipient(publicKey)).toBe(text)
      expect(parseRecipient(text)).toEqual(publicKey)
    }
  })

  it('is refused with a letter changed, cut short or in capitals', () => {
    const text = formatRecipient(utf8('0123456789abcdef0123456789abcdef'))
    const wrong = [
      text.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')),
      text.slice(0, -1),
      text.toUpperCase(),
      '',
    ]
    for (const each of wrong) expect(() => parseRecipient(each)).toThrow('wanted a recipient age1…')
  })
})
