/** What is sent to a browser that watches: one RTP packet without its header. */
export type PeerPacket = {
  readonly payload: Uint8Array
  /** 90 kHz, counted on without end; whoever sends takes the lowest 32 bits. */
  readonly timestamp: number
  /** The last packet of a picture. */
  readonly isLast: boolean
}

export type PeerOptions = {
  /** Profile, constraints and level of the H.264 that will be sent: six hexadecimal digits as in SDP. */
  readonly profileLevelId: string
  /** True: sound goes both ways where the browser offers it (Opus). */
  readonly withSound?: boolean
  readonly signal: AbortSignal
}

/** Browsers that watch by WebRTC: H.264 in packetisation mode 1, sent as it is. Host candidates only, no third party. */
export interface Peers {
  /**
   * Answers a browser's SDP offer. Faults: `invalid` when it is no offer, or offers nothing that we can send; `aborted`.
   * Nobody has to come: a peer that does not connect, or goes away, is closed after a while.
   */
  answer(offer: string, options: PeerOptions): Promise<Peer>
}

/** Sound to and from a browser: Opus packets as they are. */
export interface PeerSound {
  /** `timestamp`: 48 kHz, counted on without end. False: too much waits already, or it is closed; nothing was sent. */
  send(packet: { readonly opus: Uint8Array; readonly timestamp: number }): boolean
  /** Called with each packet of the browser, in the order in which they were made; late ones are left out. */
  onPacket(take: (opus: Uint8Array) => void): void
}

export interface Peer extends AsyncDisposable {
  readonly answer: string
  /** Undefined: none was wanted, or the browser offers none. */
  readonly sound: PeerSound | undefined
  /** Resolves once packets may be sent; rejects when the peer is closed before. */
  connected(): Promise<void>
  /** False: too much waits already, or it is closed; nothing was sent. */
  send(packet: PeerPacket): boolean
  /** Called when the browser has lost its picture and wants a key frame. */
  onKeyWanted(take: () => void): void
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal
}

export const PEER_LIMITS = {
  /** An offer of a browser with video and audio has some 6 kB. */
  offerBytesMax: 64 * 1024,
  /** Packets on their way into the network, for one peer. */
  packetsInFlightMax: 512,
  connectMsMax: 20_000,
  /** Nothing was heard of the browser for so long: it has gone. */
  silentMsMax: 15_000,
} as const
