import type { SocketPeer, WebReply } from '../ports/web-server.ts'
import type { WebrtcBody, WebrtcReply } from './api.ts'
import { doerOf, doorbellOf, noteRarely } from './desk.ts'
import { NOT_SIGNED_IN, json } from './replies.ts'
import type { Call } from './route.ts'

/** A page whose connection comes and goes is one that watches. */
const WATCHED_MS = 5 * 60_000

type Watch = (call: Call<'member'>, socket: SocketPeer, signal: AbortSignal) => Promise<void>

export const serveFmp4: Watch = (call, socket, signal) => serveLive(call, signal, 'fmp4', socket)
export const serveMpeg1: Watch = (call, socket, signal) => serveLive(call, signal, 'mpeg1', socket)

async function serveLive(
  { desk, who }: Call<'member'>,
  signal: AbortSignal,
  transport: 'fmp4' | 'mpeg1',
  socket: SocketPeer,
): Promise<void> {
  const { live } = doorbellOf(desk)
  await noteRarely(desk, who, 'watched-live', { everyMs: WATCHED_MS })
  await live[transport](socket, AbortSignal.any([signal, socket.signal]))
}

export async function answerWebrtc({
  desk,
  who,
  token,
  body,
}: Call<'member', WebrtcBody>): Promise<WebReply> {
  if (token === undefined) return NOT_SIGNED_IN
  const { live } = doorbellOf(desk)
  const talk = body.talk ?? false
  const seat = desk.presence.enter(who, token, 'viewer')
  try {
    const reply: WebrtcReply = await live.webrtc(body.offer, { talk, signal: seat.signal })
    await noteRarely(desk, who, 'watched-live', { everyMs: WATCHED_MS })
    if (talk) await desk.activity.note(doerOf(who), 'talked')
    return json(200, reply)
  } catch (error) {
    seat[Symbol.dispose]()
    throw error
  }
}
