import { Fault, type FaultKind } from '../../src/base/fault.ts'
import { describePushServiceContract } from '../../src/ports/push-service.contract.ts'
import { createSimPushService } from './sim-push-service.ts'

const KINDS: Readonly<Record<number, FaultKind>> = {
  404: 'missing',
  410: 'missing',
  401: 'denied',
  403: 'denied',
}

describePushServiceContract('the simulated push service', async () => {
  const service = createSimPushService()
  let count = 0
  return {
    service,
    subscribe: ({ publicKey, auth }) => ({
      endpoint: `https://push.example.com/${++count}`,
      p256dh: Buffer.from(publicKey).toString('base64url'),
      auth: Buffer.from(auth).toString('base64url'),
    }),
    received: async ({ endpoint }) =>
      service.sent.filter(({ to }) => to.endpoint === endpoint).map(({ message }) => message.payload),
    answer(status) {
      const kind = KINDS[status] ?? (status === 400 || status === 413 ? 'invalid' : 'unavailable')
      service.refuse(new Fault(kind, `the service answered ${status}`))
    },
    async [Symbol.asyncDispose]() {},
  }
})
