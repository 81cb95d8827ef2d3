import { bech32 } from '@scure/base'
import { describe, expect, it } from 'vitest'
import { hex } from '../base/bytes.ts'
import { formatRecipient, makePair, pairOf, parseRecipient, parseSecret } from './index.ts'

/** A key pair of age's own tests. */
const SECRET = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'
const invalid = (words: RegExp): object =>
  expect.objectContaining({ name: 'Fault', kind: 'invalid', message: expect.stringMatching(words) })

describe('a recipient', () => {
  it('is written and read as age does', () => {
    const { publicKey } = pairOf(parseSecret(SECRET))
    const text = formatRecipient(publicKey)
    expect(text).toBe('age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj')
    expect(hex(parseRecipient(text))).toBe(hex(publicKey))
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a name', 'anna'],
    ['a letter too few', formatRecipient(makePair().publicKey).slice(0, -1)],
    ['a wrong letter', formatRecipient(new Uint8Array(32).fill(9)).replace(/.$/, 'b').replace('1q', '1p')],
    ['capital letters, which age does not take either', formatRecipient(makePair().publicKey).toUpperCase()],
    ['another kind of key', bech32.encodeFromBytes('age1pq', new Uint8Array(32).fill(9))],
    ['31 bytes', bech32.encodeFromBytes('age', new Uint8Array(31).fill(9))],
    ['a point of low order', formatRecipient(new Uint8Array(32))],
    ['another point of low order', formatRecipient(new Uint8Array(32).fill(1, 0, 1))],
  ])('is not %s', (_what, text) => {
    expect(() => parseRecipient(text)).toThrow(invalid(/wanted a recipient age1/))
  })
})

describe('a secret key', () => {
  it.each<[string, string]>([
    ['a recipient', formatRecipient(makePair().publicKey)],
    ['small letters', SECRET.toLowerCase()],
    ['a letter too many', `${SECRET}Q`],
    ['a wrong letter', SECRET.replace(/.$/, 'Q')],
  ])('is not %s, and does not stand in the message', (_what, text) => {
    expect(() => parseSecret(text)).toThrow(
      invalid(/^wanted a secret key AGE-SECRET-KEY-1… of 74 characters$/),
    )
  })
})
