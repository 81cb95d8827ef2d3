import { describeTcpServerContract } from '../../src/ports/tcp-server.contract.ts'
import { createSimTcp } from './sim-tcp.ts'

describeTcpServerContract('the simulated TCP', () => {
  const { server, dial } = createSimTcp()
  return { server, dial: async (port) => dial(port) }
})
