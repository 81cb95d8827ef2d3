import type { ApiError, WebrtcBody, WebrtcReply } from '../../api.ts'
import { checkAnswer } from './signature.ts'
import { NotNow, type PageSound, type Show } from './types.ts'
import { onNextPicture, pause, playMuted, untilAborted } from './waiting.ts'

/** The camera's own H.264. The answer is believed only when the device has signed both fingerprints. */
export const showWebrtc: Show = async ({ video }, { onPicture, onSound, signal, devicePublicKey }) => {
  if (typeof RTCPeerConnection === 'undefined') throw new Error('this browser has no WebRTC')
  const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' })
  const close = (): void => {
    connection.close()
    video.srcObject = null
    onSound?.(undefined)
  }
  signal.addEventListener('abort', close, { once: true })
  try {
    const transceiver = connection.addTransceiver('video', { direction: 'recvonly' })
    showSoonest(transceiver.receiver)
    // Both ways from the beginning: what is said and heard later needs no new agreement.
    const voice = connection.addTransceiver('audio', { direction: 'sendrecv' })
    connection.addEventListener('track', ({ track }) => {
      if (track.kind !== 'video') return
      video.srcObject = new MediaStream([track])
      playMuted(video)
      onNextPicture(video, onPicture, signal)
    })
    const ended = untilEnded(connection)
    await connection.setLocalDescription()
    const offer = connection.localDescription?.sdp ?? ''
    const { answer, signature, viewer } = await askFor(offer, signal)
    await checkAnswer({ offer, answer, signature, devicePublicKey })
    await connection.setRemoteDescription({ type: 'answer', sdp: answer })
    if (voice.currentDirection === 'sendrecv') onSound?.(soundOf(voice, viewer))
    return await Promise.race([ended, untilFrozen(connection, signal), untilAborted(signal)])
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

/** In an element of its own: pictures do not wait for sound. */
function soundOf({ receiver, sender }: RTCRtpTransceiver, viewer: string): PageSound {
  showSoonest(receiver)
  return { viewer, stream: new MediaStream([receiver.track]), say: (track) => sender.replaceTrack(track) }
}

/** A door is looked at now: rather a jerk than a delay. */
function showSoonest(receiver: RTCRtpReceiver): void {
  const buffered: { jitterBufferTarget?: number | null } = receiver
  if ('jitterBufferTarget' in buffered) buffered.jitterBufferTarget = 0
}

async function askFor(offer: string, signal: AbortSignal): Promise<WebrtcReply> {
  const body: WebrtcBody = { offer }
  const reply = await fetch('/api/live/webrtc', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  if (reply.ok) return (await reply.json()) as WebrtcReply // Our own device says it.
  const error = (await reply.json().catch(() => ({}))) as Partial<ApiError>
  const says = error.message ?? `the doorbell refused with ${reply.status}`
  throw reply.status === HTTP_UNAVAILABLE ? new NotNow(says) : new Error(says)
}

const HTTP_UNAVAILABLE = 503
const LOOK_EVERY_MS = 2000
const FROZEN_MS = 10_000

/** Rejects when no picture has come for a while, though the connection stands. */
async function untilFrozen(connection: RTCPeerConnection, signal: AbortSignal): Promise<never> {
  let decoded = 0
  let frozenMs = 0
  while (frozenMs < FROZEN_MS) {
    await pause(LOOK_EVERY_MS, signal)
    if (signal.aborted) return untilAborted(signal)
    const before = decoded
    for (const stats of (await connection.getStats()).values() as Iterable<RTCInboundRtpStreamStats>)
      if (stats.type === 'inbound-rtp' && stats.kind === 'video') decoded = stats.framesDecoded ?? 0
    frozenMs = decoded === before ? frozenMs + LOOK_EVERY_MS : 0
  }
  throw new Error(`no picture came for ${FROZEN_MS / 1000} seconds`)
}

/** Rejects when the connection has failed. */
function untilEnded(connection: RTCPeerConnection): Promise<never> {
  const ended = new Promise<never>((_resolve, reject) => {
    connection.addEventListener('connectionstatechange', () => {
      const { connectionState } = connection
      if (connectionState === 'failed') reject(new Error('no way was found through the network'))
      if (connectionState === 'disconnected') reject(new Error('the connection was lost'))
    })
  })
  ended.catch(() => {}) // It may fail before anybody waits for it.
  return ended
}
