import { describeObjectStoreContract } from '../../src/ports/object-store.contract.ts'
import { createMemoryStore } from './memory-store.ts'

describeObjectStoreContract('the store in memory', async () => ({
  store: createMemoryStore(),
  async [Symbol.asyncDispose]() {},
}))
