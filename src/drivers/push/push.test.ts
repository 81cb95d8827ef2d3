import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import {
  describePushServiceContract,
  makeBrowserKeys,
  makeVapidKeys,
} from '../../ports/push-service.contract.ts'
import { openHttpsPushService } from './https-service.fixture.ts'
import { createPushService } from './index.ts'

describePushServiceContract('Web Push', openHttpsPushService)

describe('Web Push', () => {
  const vapid = makeVapidKeys()
  const message = { payload: utf8('{"v":1}'), ttlS: 60, isUrgent: true, vapid }
  const options = { signal: new AbortController().signal }

  it('says who sends, how urgent it is and how long it is worth anything, and shows nothing of the message', async () => {
    await using subject = await openHttpsPushService()
    await subject.service.send(subject.subscribe(makeBrowserKeys()), message, options)
    expect(subject.headers).toMatchObject([
      {
        ttl: '60',
        urgency: 'high',
        'content-encoding': 'aes128gcm',
        authorization: expect.stringMatching(/^vapid t=/),
      },
    ])
    expect(JSON.stringify(subject.headers)).not.toContain('"v"')
  })

  it('does not follow a name that leads into the house, not even when a public address stands beside it', async () => {
    await using subject = await openHttpsPushService()
    const target = subject.subscribe(makeBrowserKeys())
    const service = createPushService({
      ca: subject.tls.cert,
      addressesOf: async () => [
        { address: '1.1.1.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    })
    await expect(service.send(target, message, options)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('127.0.0.1'),
    })
    expect(subject.headers).toEqual([])
  })

  it('talks to nobody whose certificate it does not believe', async () => {
    await using subject = await openHttpsPushService()
    const service = createPushService({
      addressesOf: async () => [{ address: '127.0.0.1', family: 4 }],
      isAllowed: () => true,
    })
    const sending = service.send(subject.subscribe(makeBrowserKeys()), message, options)
    await expect(sending).rejects.toMatchObject({ kind: 'unavailable' })
    expect(subject.headers).toEqual([])
  })
})
