import { describeTcpServerContract } from '../../src/ports/tcp-server.contract.ts'
import { createSimTcp } from './sim-tcp.ts'

describeTcpServerContract('the simulated TCP', () => {
  const sim = createSimTcp()
  return { server: sim.server, dial: async (port) => sim.dial(port) }
})
