import { createECDH, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import {
  PUSH_BYTES_MAX,
  type PushMessage,
  type PushService,
  type PushTarget,
  type VapidKeys,
} from './push-service.ts'

export interface PushServiceUnderTest extends AsyncDisposable {
  readonly service: PushService
  /** An address of the service where a browser waits that has these keys. */
  subscribe(keys: BrowserKeys): PushTarget
  /** What arrived there, opened with the browser's keys. */
  received(target: PushTarget): Promise<readonly Uint8Array[]>
  /** From now on the service answers with this status. */
  answer(status: number): void
}

export type BrowserKeys = {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly auth: Uint8Array
}

export function makeBrowserKeys(): BrowserKeys {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  return {
    privateKey: new Uint8Array(pair.getPrivateKey()),
    publicKey: new Uint8Array(pair.getPublicKey()),
    auth: new Uint8Array(randomBytes(16)),
  }
}

export function makeVapidKeys(): VapidKeys {
  const { publicKey, privateKey } = makeBrowserKeys()
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  return {
    publicKey: text(publicKey),
    privateKey: text(privateKey).padStart(43, 'A'),
    subject: 'mailto:doorbell@example.com',
  }
}

/** What every way to a push service, real or simulated, must do. */
export function describePushServiceContract(name: string, setUp: () => Promise<PushServiceUnderTest>): void {
  describe(`${name} keeps the contract of a push service:`, () => {
    const vapid = makeVapidKeys()
    const { signal } = new AbortController()
    let subject: PushServiceUnderTest
    beforeEach(async () => void (subject = await setUp()))
    afterEach(() => subject[Symbol.asyncDispose]())
    const message = (text: string): PushMessage => ({ payload: utf8(text), ttlS: 60, isUrgent: true, vapid })
    const send = (target: PushTarget, text: string): Promise<void> =>
      subject.service.send(target, message(text), { signal })

    it('brings a message to the browser it is for, and nobody else', async () => {
      const [anna, bert] = [subject.subscribe(makeBrowserKeys()), subject.subscribe(makeBrowserKeys())]
      await send(anna, '{"v":1}')
      await send(anna, '{"v":2}')
      expect((await subject.received(anna)).map(fromUtf8)).toEqual(['{"v":1}', '{"v":2}'])
      expect(await subject.received(bert)).toEqual([])
    })

    it.each([
      [404, 'missing'],
      [410, 'missing'],
      [401, 'denied'],
      [403, 'denied'],
      [400, 'invalid'],
      [413, 'invalid'],
      [429, 'unavailable'],
      [500, 'unavailable'],
      [503, 'unavailable'],
      [302, 'unavailable'],
    ])('says what the status %i means: %s', async (status, kind) => {
      const target = subject.subscribe(makeBrowserKeys())
      subject.answer(status)
      await expect(send(target, 'x')).rejects.toMatchObject({ name: 'Fault', kind })
    })

    it.each([
      'http://push.example.com/1',
      'https://127.0.0.1/1',
      'https://[::1]/1',
      'https://[::ffff:10.0.0.1]/1',
      'https://10.1.2.3/1',
      'https://192.168.0.1/1',
      'https://172.20.0.1/1',
      'https://169.254.169.254/latest/meta-data',
      'https://100.64.0.1/1',
      'https://0.0.0.0/1',
      'https://[fe80::1]/1',
      'https://[fd00::1]/1',
      'https://2130706433/1',
      'https://localhost/1',
      'https://printer.local/1',
      'https://user:secret@push.example.com/1',
      'ftp://push.example.com/1',
      'file:///etc/passwd',
      'no address',
    ])('refuses %s: no public https address', async (endpoint) => {
      const target = { ...subject.subscribe(makeBrowserKeys()), endpoint }
      await expect(send(target, 'x')).rejects.toMatchObject({ name: 'Fault', kind: 'invalid' })
    })

    it('refuses more than a kilobyte, and keys that are none', async () => {
      const target = subject.subscribe(makeBrowserKeys())
      await send(target, 'x'.repeat(PUSH_BYTES_MAX))
      await expect(send(target, 'x'.repeat(PUSH_BYTES_MAX + 1))).rejects.toMatchObject({ kind: 'invalid' })
      await expect(send({ ...target, p256dh: 'AAAA' }, 'x')).rejects.toMatchObject({ kind: 'invalid' })
      await expect(send({ ...target, auth: 'AAAA' }, 'x')).rejects.toMatchObject({ kind: 'invalid' })
      expect(await subject.received(target)).toHaveLength(1)
    })

    it('gives up when it is told to', async () => {
      const target = subject.subscribe(makeBrowserKeys())
      const stopped = { signal: AbortSignal.abort(new Error('no more')) }
      await expect(subject.service.send(target, message('x'), stopped)).rejects.toThrow()
      expect(await subject.received(target)).toEqual([])
    })
  })
}
