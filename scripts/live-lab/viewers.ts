/** Somebody who watches by WebRTC and throws away what comes: in a process of its own, so that its cost is not counted. */
import { RTCPeerConnection, RTCRtpCodecParameters, useH264 } from 'werift'

export type ViewerReply = {
  readonly id: number
  readonly offer?: string
  readonly packets?: number
  readonly lost?: number
}
type Asked =
  | { readonly id: number; readonly what: 'offer' | 'counts' }
  | { readonly id: number; readonly what: 'answer'; readonly answer: string }

let packets = 0
let lost = 0
const connections: RTCPeerConnection[] = []

process.on('message', (asked: Asked) => void answer(asked))
process.on('disconnect', () => process.exit(0))

async function answer(asked: Asked): Promise<void> {
  const reply: ViewerReply =
    asked.what === 'offer'
      ? { id: asked.id, offer: await openViewer() }
      : asked.what === 'counts'
        ? { id: asked.id, packets, lost }
        : { id: asked.id }
  if (asked.what === 'answer')
    await connections.at(-1)?.setRemoteDescription({ type: 'answer', sdp: asked.answer })
  process.send?.(reply)
}

async function openViewer(): Promise<string> {
  const h264 = useH264({
    payloadType: 102,
    rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
    parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  })
  const rtx = { mimeType: 'video/rtx', payloadType: 103, clockRate: 90_000, parameters: 'apt=102' }
  const connection = new RTCPeerConnection({
    codecs: { video: [h264, new RTCRtpCodecParameters(rtx)], audio: [] },
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
  })
  let before: number | undefined
  connection.addTransceiver('video', { direction: 'recvonly' }).onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe(({ header: { sequenceNumber } }) => {
      packets++
      if (before !== undefined)
        lost += Math.max(0, ((sequenceNumber - before + 0x8000) & 0xffff) - 0x8000 - 1)
      before = sequenceNumber
    }),
  )
  connections.push(connection)
  await connection.setLocalDescription(await connection.createOffer())
  return connection.localDescription?.sdp ?? ''
}
