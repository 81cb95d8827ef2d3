import { randomBytes } from 'node:crypto'
import {
  MediaStreamTrack,
  PictureLossIndication,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtcpPayloadSpecificFeedback,
  RtpHeader,
  RtpPacket,
  useH264,
  type RTCRtpSender,
} from 'werift'
import { Fault, messageOf } from '../../base/fault.ts'
import { PEER_LIMITS, type Peer, type PeerOptions, type PeerPacket, type Peers } from '../../ports/peers.ts'
import { checkOffer, chooseH264, withoutHiddenCandidates, type OfferedH264 } from './offer.ts'

export type WebrtcOptions = {
  /** Addresses beside those of the network's interfaces; `127.0.0.1` for a browser on the same machine. */
  readonly additionalHosts?: readonly string[]
}

/** WebRTC by werift. Nobody else is asked: no STUN, no TURN; the browser finds us by our own addresses. */
export function openWebrtcPeers({ additionalHosts = [] }: WebrtcOptions = {}): Peers {
  return {
    async answer(offer, options) {
      checkOffer(offer)
      const h264 = chooseH264(offer, options.profileLevelId)
      const connection = new RTCPeerConnection({
        codecs: { video: codecsOf(h264), audio: [] },
        iceServers: [],
        iceLite: true,
        iceUseTcp: false,
        iceAdditionalHostAddresses: [...additionalHosts],
        bundlePolicy: 'max-bundle',
      })
      const peer = new WeriftPeer(connection, options)
      try {
        await peer.negotiate(withoutHiddenCandidates(offer))
        return peer
      } catch (cause) {
        await peer[Symbol.asyncDispose]()
        if (options.signal.aborted) throw new Fault('aborted', 'whoever wanted to watch has gone', { cause })
        throw new Fault('invalid', `the offer: ${messageOf(cause)}`, { cause })
      }
    },
  }
}

function codecsOf({ payloadType, parameters, rtx }: OfferedH264): RTCRtpCodecParameters[] {
  const rtcpFeedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }]
  const h264 = useH264({ payloadType, parameters, rtcpFeedback })
  if (rtx === undefined) return [h264]
  const again = new RTCRtpCodecParameters({
    mimeType: 'video/rtx',
    clockRate: 90_000,
    payloadType: rtx,
    parameters: `apt=${payloadType}`,
  })
  return [h264, again]
}

class WeriftPeer implements Peer {
  readonly #connection: RTCPeerConnection
  readonly #ended = new AbortController()
  readonly #connected = Promise.withResolvers<void>()
  #sender: RTCRtpSender | undefined
  #sequence = randomBytes(2).readUInt16BE()
  readonly #firstStamp = randomBytes(4).readUInt32BE()
  #inFlight = 0
  #wantKey: () => void = () => {}
  #patience: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  answer = ''

  constructor(connection: RTCPeerConnection, { signal }: PeerOptions) {
    this.#connection = connection
    this.#connected.promise.catch(() => {}) // Whoever waits for it hears of it; nobody has to.
    const end = (): void => void this[Symbol.asyncDispose]()
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true, signal: this.signal })
    this.#expectNews(PEER_LIMITS.connectMsMax)
    this.signal.addEventListener('abort', () => clearTimeout(this.#patience), { once: true })
    connection.connectionStateChange.subscribe((state) => {
      if (state === 'connected') {
        this.#expectNews(PEER_LIMITS.silentMsMax)
        this.#connected.resolve()
      } else if (state === 'failed' || state === 'closed' || state === 'disconnected') end()
    })
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  async negotiate(offer: string): Promise<void> {
    const connection = this.#connection
    await connection.setRemoteDescription({ type: 'offer', sdp: offer })
    for (const transceiver of connection.getTransceivers())
      if (transceiver.kind === 'video') {
        await transceiver.sender.replaceTrack(new MediaStreamTrack({ kind: 'video' }))
        transceiver.setDirection('sendonly')
        this.#sender = transceiver.sender
      } else transceiver.setDirection('inactive')
    // Of all that comes: werift itself does not find the sender where the browser names an SSRC of its own.
    for (const { onRtcp } of connection.dtlsTransports)
      onRtcp.subscribe((packet) => {
        this.#expectNews(PEER_LIMITS.silentMsMax)
        const isKeyWanted =
          packet instanceof RtcpPayloadSpecificFeedback && packet.feedback instanceof PictureLossIndication
        if (isKeyWanted) this.#wantKey()
      })
    await connection.setLocalDescription(await connection.createAnswer())
    this.answer = connection.localDescription?.sdp ?? ''
  }

  /** A browser that sees something says so about once a second; one that is silent for too long has gone. */
  #expectNews(withinMs: number): void {
    clearTimeout(this.#patience)
    if (!this.signal.aborted) this.#patience = setTimeout(() => void this[Symbol.asyncDispose](), withinMs)
  }

  connected(): Promise<void> {
    return this.#connected.promise
  }

  send({ payload, timestamp, isLast }: PeerPacket): boolean {
    const sender = this.#sender
    if (sender === undefined || this.signal.aborted) return false
    if (this.#inFlight >= PEER_LIMITS.packetsInFlightMax) return false
    this.#sequence = (this.#sequence + 1) & 0xffff
    const header = new RtpHeader({
      sequenceNumber: this.#sequence,
      timestamp: (this.#firstStamp + timestamp) % 2 ** 32,
      marker: isLast,
    })
    this.#inFlight++
    const landed = (): void => void this.#inFlight--
    // A network that is gone shows as a connection that ends; a packet that was lost is lost.
    sender
      .sendRtp(new RtpPacket(header, Buffer.from(payload.buffer, payload.byteOffset, payload.length)))
      .then(landed, landed)
    return true
  }

  onKeyWanted(take: () => void): void {
    this.#wantKey = take
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#ended.abort()
    this.#connected.reject(new Fault('unavailable', 'the browser did not connect, or has gone'))
    await this.#connection.close()
  }
}
