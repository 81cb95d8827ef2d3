import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useH264,
  useOPUS,
} from 'werift'
import { describe, expect, it } from 'vitest'
import { BoundedQueue } from '../../base/queue.ts'
import { describePeersContract, type Caller } from '../../ports/peers.contract.ts'
import { openWebrtcPeers } from './index.ts'
import { chooseH264, chooseOpus, withoutHiddenCandidates } from './offer.ts'

describePeersContract('WebRTC by werift', () => ({
  peers: openWebrtcPeers({ additionalHosts: ['127.0.0.1'] }),
  call: openCaller,
}))

async function openCaller(): Promise<Caller> {
  const h264 = useH264({
    payloadType: 102,
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
    parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  })
  const connection = new RTCPeerConnection({
    codecs: {
      video: [
        h264,
        new RTCRtpCodecParameters({
          mimeType: 'video/rtx',
          payloadType: 103,
          clockRate: 90_000,
          parameters: 'apt=102',
        }),
      ],
      audio: [useOPUS({ payloadType: 111 })],
    },
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
  })
  const arrived = new BoundedQueue<RtpPacket>(100)
  const packets = arrived[Symbol.asyncIterator]()
  const sounds = new BoundedQueue<RtpPacket>(100)
  const heard = sounds[Symbol.asyncIterator]()
  const microphone = new MediaStreamTrack({ kind: 'audio' })
  const voice = connection.addTransceiver(microphone, { direction: 'sendrecv' })
  voice.onTrack.subscribe((track) => track.onReceiveRtp.subscribe((packet) => sounds.push(packet)))
  let said = 0
  const transceiver = connection.addTransceiver('video', { direction: 'recvonly' })
  let source = 0
  transceiver.onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe((packet) => {
      source = packet.header.ssrc
      arrived.push(packet)
    }),
  )
  await connection.setLocalDescription(await connection.createOffer())
  return {
    offer: connection.localDescription?.sdp ?? '',
    take: (answer) => connection.setRemoteDescription({ type: 'answer', sdp: answer }),
    async next() {
      const { value } = await packets.next()
      if (value === undefined) throw new Error('the connection ended')
      const { header, payload } = value
      return { payload, timestamp: header.timestamp, isLast: header.marker }
    },
    async speak(opus) {
      const header = new RtpHeader({ sequenceNumber: ++said, timestamp: said * 960, payloadType: 111 })
      await voice.sender.sendRtp(new RtpPacket(header, Buffer.from(opus)))
    },
    async nextSound() {
      const { value } = await heard.next()
      if (value === undefined) throw new Error('the connection ended')
      return { opus: value.payload, timestamp: value.header.timestamp }
    },
    wantKey: async () => transceiver.receiver.sendRtcpPLI(source),
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

/** As much of Chromium’s offer as counts. */
const OFFER = `v=0\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
a=rtpmap:111 opus/48000/2\r
m=video 9 UDP/TLS/RTP/SAVPF 96 103 104 107 108 109 114 115\r
a=rtpmap:96 VP8/90000\r
a=rtpmap:103 H264/90000\r
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r
a=rtpmap:104 rtx/90000\r
a=fmtp:104 apt=103\r
a=rtpmap:107 H264/90000\r
a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f\r
a=rtpmap:114 H264/90000\r
a=fmtp:114 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f\r
a=rtpmap:115 rtx/90000\r
a=fmtp:115 apt=114\r
`

describe('out of a browser’s offer', () => {
  it('takes the H.264 of the camera’s profile, with its retransmissions', () => {
    expect(chooseH264(OFFER, '640028')).toMatchObject({ payloadType: 114, rtx: 115 })
    expect(chooseH264(OFFER, '42e01f')).toMatchObject({ payloadType: 103, rtx: 104 })
  })

  it('takes the first where none has the profile: decoders take what they get', () => {
    expect(chooseH264(OFFER, '4d001f')).toMatchObject({ payloadType: 103 })
  })

  it('takes Opus, where the browser has it', () => {
    expect(chooseOpus(OFFER)).toBe(111)
    expect(chooseOpus(OFFER.replace('opus', 'PCMU'))).toBeUndefined()
    expect(chooseOpus(OFFER.slice(OFFER.indexOf('m=video')))).toBeUndefined()
  })

  it('leaves out the candidates that only the browser’s own machine can find', () => {
    const hidden = 'a=candidate:1 1 udp 2113937151 4f5c.local 51234 typ host generation 0\r\n'
    const plain = 'a=candidate:2 1 udp 2113937151 192.0.2.7 51234 typ host generation 0\r\n'
    expect(withoutHiddenCandidates(`${OFFER}${hidden}${plain}`)).toBe(`${OFFER}${plain}`)
  })
})
