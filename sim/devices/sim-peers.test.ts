import { describePeersContract } from '../../src/ports/peers.contract.ts'
import { createSimPeers } from './sim-peers.ts'

describePeersContract('the simulated browsers', () => {
  const sim = createSimPeers()
  return {
    peers: sim.peers,
    call: async () => {
      const browser = sim.browse()
      return {
        offer: browser.offer,
        take: async (answer) => browser.take(answer),
        next: () => browser.next(),
        speak: async (opus) => browser.speak(opus),
        nextSound: () => browser.nextSound(),
        wantKey: async () => browser.wantKey(),
        [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose](),
      }
    },
  }
})
