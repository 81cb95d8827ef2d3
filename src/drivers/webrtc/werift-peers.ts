import {
  MediaStreamTrack,
  PictureLossIndication,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtcpPayloadSpecificFeedback,
  useH264,
  useOPUS,
} from 'werift'
import { Fault, messageOf } from '../../base/fault.ts'
import {
  PEER_LIMITS,
  type Peer,
  type PeerOptions,
  type PeerPacket,
  type Peers,
  type PeerSound,
} from '../../ports/peers.ts'
import { checkOffer, chooseH264, chooseOpus, withoutHiddenCandidates, type OfferedH264 } from './offer.ts'
import { RtpOut } from './rtp-out.ts'

export type WebrtcOptions = {
  /** Addresses beside those of the network's interfaces; `127.0.0.1` for a browser on the same machine. */
  readonly additionalHosts?: readonly string[]
}

/** WebRTC by werift. Nobody else is asked: no STUN, no TURN; the browser finds us by our own addresses. */
export function openWeriftPeers({ additionalHosts = [] }: WebrtcOptions): Peers {
  return {
    async answer(offer, options) {
      checkOffer(offer)
      const h264 = chooseH264(offer, options.profileLevelId)
      const opus = options.withSound === true ? chooseOpus(offer) : undefined
      const connection = new RTCPeerConnection({
        codecs: { video: codecsOf(h264), audio: opus === undefined ? [] : [opusOf(opus)] },
        iceServers: [],
        iceLite: true,
        iceUseTcp: false,
        iceAdditionalHostAddresses: [...additionalHosts],
        bundlePolicy: 'max-bundle',
      })
      const peer = new WeriftPeer(connection, options, opus)
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

/** One channel, steady, with what mends single losses (RFC 7587). */
const opusOf = (payloadType: number): RTCRtpCodecParameters =>
  useOPUS({
    payloadType,
    rtcpFeedback: [],
    parameters: 'minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;usedtx=0;maxaveragebitrate=40000',
  })

class WeriftPeer implements Peer {
  readonly #connection: RTCPeerConnection
  readonly #opus: number | undefined
  readonly #ended = new AbortController()
  readonly #connected = Promise.withResolvers<void>()
  #pictures: RtpOut | undefined
  #voice: RtpOut | undefined
  #wantKey: () => void = () => {}
  #hear: (opus: Uint8Array) => void = () => {}
  #lastHeard: number | undefined
  #patience: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  answer = ''

  constructor(connection: RTCPeerConnection, { signal }: PeerOptions, opus: number | undefined) {
    this.#connection = connection
    this.#opus = opus
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
        this.#pictures = new RtpOut(transceiver.sender)
      } else if (this.#opus !== undefined && this.#voice === undefined) {
        await transceiver.sender.replaceTrack(new MediaStreamTrack({ kind: 'audio' }))
        transceiver.setDirection('sendrecv')
        this.#voice = new RtpOut(transceiver.sender)
      } else transceiver.setDirection('inactive')
    // Of all that comes: werift itself does not find the sender where the browser names an SSRC of its own.
    for (const { onRtcp } of connection.dtlsTransports)
      onRtcp.subscribe((packet) => {
        this.#expectNews(PEER_LIMITS.silentMsMax)
        const isKeyWanted =
          packet instanceof RtcpPayloadSpecificFeedback && packet.feedback instanceof PictureLossIndication
        if (isKeyWanted) this.#wantKey()
      })
    for (const { onRtp } of connection.dtlsTransports)
      onRtp.subscribe(({ header, payload }) => {
        if (header.payloadType === this.#opus) this.#take(header.sequenceNumber, payload)
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

  /** What comes after its successor is too late to be heard. */
  #take(sequence: number, opus: Uint8Array): void {
    const ahead = this.#lastHeard === undefined ? 1 : (sequence - this.#lastHeard) & 0xffff
    if (ahead === 0 || ahead > 0x7fff || this.signal.aborted) return
    this.#lastHeard = sequence
    this.#hear(new Uint8Array(opus)) // Its buffer is used again.
  }

  get sound(): PeerSound | undefined {
    if (this.#voice === undefined) return undefined
    return {
      send: ({ opus, timestamp }) => this.#send(this.#voice, { payload: opus, timestamp, isLast: false }),
      onPacket: (take) => (this.#hear = take),
    }
  }

  send(packet: PeerPacket): boolean {
    return this.#send(this.#pictures, packet)
  }

  #send(way: RtpOut | undefined, packet: PeerPacket): boolean {
    return way !== undefined && !this.signal.aborted && way.send(packet)
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
