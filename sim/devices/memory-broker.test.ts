import { BoundedQueue } from '../../src/base/queue.ts'
import { describeBrokerContract } from '../../src/ports/broker.contract.ts'
import type { BrokerMessage } from '../../src/ports/broker.ts'
import { createMemoryBroker } from './memory-broker.ts'

describeBrokerContract('the broker in memory', async () => {
  const hub = createMemoryBroker()
  hub.refuses = (filter) => filter.startsWith('$')
  return {
    refused: '$SYS/#',
    open: async (will) => hub.open(will),
    async listen() {
      const heard = new BoundedQueue<BrokerMessage>(1000)
      const messages = heard[Symbol.asyncIterator]()
      const stop = hub.listen((message) => heard.push(message))
      return {
        next: async () => (await messages.next()).value,
        async [Symbol.asyncDispose]() {
          stop()
          heard.end()
        },
      }
    },
    cut: async () => hub.cut(),
    mend: async () => hub.mend(),
    async [Symbol.asyncDispose]() {},
  }
})
