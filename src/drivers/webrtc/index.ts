export { openWebrtcPeers } from './werift-peers.ts'
