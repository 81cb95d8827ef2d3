import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HttpCaller, HttpRequest } from './http-caller.ts'

export type HeardCall = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface HttpCallerUnderTest extends AsyncDisposable {
  readonly caller: HttpCaller
  /** Where somebody answers. */
  readonly origin: string
  /** What they heard. */
  heard(): readonly HeardCall[]
  /** How they answer from now on: a status, or never. */
  answer(how: number | 'silent'): void
  /** An address where nobody is. */
  readonly nowhere: string
}

export function describeHttpCallerContract(name: string, setUp: () => Promise<HttpCallerUnderTest>): void {
  describe(`${name} keeps the contract of a caller by HTTP:`, () => {
    let subject: HttpCallerUnderTest
    beforeEach(async () => void (subject = await setUp()))
    afterEach(() => subject[Symbol.asyncDispose]())
    const { signal } = new AbortController()
    const call = (options: Partial<HttpRequest> = {}): Promise<void> =>
      subject.caller.call(
        { url: `${subject.origin}/door?a=b`, method: 'POST', headers: {}, timeoutMs: 2000, ...options },
        { signal },
      )

    it('calls an address of the owner’s own network, with every letter', async () => {
      await call({
        body: '{"who":"größer 🔔"}',
        headers: { 'content-type': 'application/json', 'x-key': 's3' },
      })
      const [heard] = subject.heard()
      expect(heard).toMatchObject({ method: 'POST', url: '/door?a=b', body: '{"who":"größer 🔔"}' })
      expect(heard?.headers).toMatchObject({ 'content-type': 'application/json', 'x-key': 's3' })
    })

    it('calls without a body too', async () => {
      await call({ method: 'GET' })
      expect(subject.heard()).toMatchObject([{ method: 'GET', body: '' }])
    })

    it.each([
      [204, undefined],
      [301, 'invalid'],
      [302, 'invalid'],
      [400, 'invalid'],
      [401, 'denied'],
      [403, 'denied'],
      [404, 'invalid'],
      [408, 'unavailable'],
      [429, 'unavailable'],
      [500, 'unavailable'],
      [503, 'unavailable'],
    ])('says what the answer %i means: %s, and asks nobody else', async (status, kind) => {
      subject.answer(status)
      if (kind === undefined) await call()
      else await expect(call()).rejects.toMatchObject({ name: 'Fault', kind })
      expect(subject.heard()).toHaveLength(1)
    })

    it('says that nobody is there', async () => {
      await expect(call({ url: subject.nowhere })).rejects.toMatchObject({ kind: 'unavailable' })
    })

    it('waits for no answer longer than it was told', async () => {
      subject.answer('silent')
      await expect(call({ timeoutMs: 100 })).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringMatching(/100 ms/),
      })
    })

    it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'no address', ''])('refuses %j', async (url) => {
      await expect(call({ url })).rejects.toMatchObject({ kind: 'invalid' })
    })

    it('stops when it is told to, before and while it waits', async () => {
      const request = { url: subject.origin, method: 'GET', headers: {}, timeoutMs: 60_000 } as const
      await expect(subject.caller.call(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        kind: 'aborted',
      })
      subject.answer('silent')
      const stop = new AbortController()
      const calling = subject.caller.call(request, stop)
      await expect.poll(() => subject.heard().length).toBe(1)
      stop.abort()
      await expect(calling).rejects.toMatchObject({ kind: 'aborted' })
    })
  })
}
