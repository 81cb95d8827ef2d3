import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Credentials } from './digest.ts'

const ACCOUNT = { username: 'Mufasa', password: 'Circle of Life' }
const fieldsOf = (answer: string): Record<string, string> =>
  Object.fromEntries(
    [...answer.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, inQuotes, bare]) => [
      name,
      inQuotes ?? bare,
    ]),
  )

describe('the answer to a challenge', () => {
  it.each([
    ['SHA-256', 'sha256'],
    ['MD5', 'md5'],
  ])('is computed as RFC 7616 says, with %s', (algorithm, name) => {
    const credentials = new Credentials(ACCOUNT, { isSecure: false })
    credentials.learn(
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe"`,
      'camera',
    )
    const given = fieldsOf(credentials.answer('DESCRIBE', 'rtsp://door/live')!)
    const hash = (text: string): string => createHash(name).update(text).digest('hex')
    const who = hash('Mufasa:http-auth@example.org:Circle of Life')
    const expected = hash(
      `${who}:${given.nonce}:00000001:${given.cnonce}:auth:${hash('DESCRIBE:rtsp://door/live')}`,
    )
    expect(given).toMatchObject({
      username: 'Mufasa',
      algorithm,
      qop: 'auth',
      nc: '00000001',
      opaque: 'FQhe',
      response: expected,
    })
    expect(fieldsOf(credentials.answer('PLAY', 'rtsp://door/live')!).nc).toBe('00000002')
  })

  it('takes the better of two offers, in whichever order they come', () => {
    for (const order of [
      ['MD5', 'SHA-256'],
      ['SHA-256', 'MD5'],
    ]) {
      const credentials = new Credentials(ACCOUNT, { isSecure: false })
      credentials.learn(
        order.map((algorithm) => `Digest realm="x", nonce="n", algorithm=${algorithm}`).join(', '),
        'camera',
      )
      expect(credentials.answer('PLAY', 'rtsp://door/')).toContain('algorithm=SHA-256')
    }
  })

  it('is given once: a second question means that the password is wrong, unless the first was too old', () => {
    const credentials = new Credentials(ACCOUNT, { isSecure: false })
    credentials.learn('Digest realm="x", nonce="1"', 'camera')
    credentials.learn('Digest realm="x", nonce="2", stale=TRUE', 'camera')
    expect(credentials.answer('PLAY', 'rtsp://door/')).toContain('nonce="2"')
    expect(() => credentials.learn('Digest realm="x", nonce="3"', 'camera 10.0.0.7')).toThrow(
      'camera 10.0.0.7 does not accept',
    )
  })

  it('is the password itself over TLS only, and nothing to a method that nobody knows', () => {
    const clear = new Credentials(ACCOUNT, { isSecure: false })
    expect(() => clear.learn('Basic realm="x"', 'camera')).toThrow('in the clear')
    const secure = new Credentials(ACCOUNT, { isSecure: true })
    secure.learn('Basic realm="x"', 'camera')
    expect(secure.answer('PLAY', 'rtsp://door/')).toBe(`Basic ${btoa('Mufasa:Circle of Life')}`)
    expect(() => new Credentials(ACCOUNT, { isSecure: true }).learn('Negotiate', 'camera')).toThrow(
      'got neither',
    )
  })
})
