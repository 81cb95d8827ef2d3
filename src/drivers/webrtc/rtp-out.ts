import { randomBytes } from 'node:crypto'
import { RtpHeader, RtpPacket, type RTCRtpSender } from 'werift'
import { PEER_LIMITS, type PeerPacket } from '../../ports/peers.ts'

/** One stream of RTP packets to a browser (RFC 3550): counted on from a random number, as are its times. */
export class RtpOut {
  readonly #sender: RTCRtpSender
  #sequence = randomBytes(2).readUInt16BE()
  readonly #firstStamp = randomBytes(4).readUInt32BE()
  #inFlight = 0

  constructor(sender: RTCRtpSender) {
    this.#sender = sender
  }

  /** False: too much is on its way already; nothing was sent. */
  send({ payload, timestamp, isLast }: PeerPacket): boolean {
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
    this.#sender
      .sendRtp(new RtpPacket(header, Buffer.from(payload.buffer, payload.byteOffset, payload.length)))
      .then(landed, landed)
    return true
  }
}
