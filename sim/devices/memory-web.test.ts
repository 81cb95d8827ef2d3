import { describeWebServerContract } from '../../src/ports/web-server.contract.ts'
import { MemoryWeb } from './memory-web.ts'

describeWebServerContract('the simulated web server', async () => {
  const web = new MemoryWeb()
  return {
    server: web.server,
    ask: (port, asked) => web.ask(port, asked),
    connect: (port, asked) => web.connect(port, asked),
    async [Symbol.asyncDispose]() {},
  }
})
