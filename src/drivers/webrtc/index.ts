import type { Peers } from '../../ports/peers.ts'
import type { WebrtcOptions } from './werift-peers.ts'

/** werift takes 35 MB and a moment to load: it is loaded for the first who watches. */
export function openWebrtcPeers(options: WebrtcOptions = {}): Peers {
  let opened: Promise<Peers> | undefined
  return {
    async answer(offer, wanted) {
      opened ??= import('./werift-peers.ts').then(({ openWeriftPeers }) => openWeriftPeers(options))
      return (await opened).answer(offer, wanted)
    },
  }
}
