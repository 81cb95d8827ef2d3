import { silentLog } from '../../base/log.ts'
import { describeWebServerContract } from '../../ports/web-server.contract.ts'
import { ask, connect } from './client.fixture.ts'
import { createHttpServer } from './server.ts'

describeWebServerContract('the HTTP server', async () => ({
  server: createHttpServer({ log: silentLog }),
  ask,
  connect,
  async [Symbol.asyncDispose]() {},
}))
