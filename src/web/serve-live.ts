import type { SocketPeer, WebReply } from '../ports/web-server.ts'
import type { SoundBody, WebrtcBody, WebrtcReply } from './api.ts'
import { doerOf, doorbellOf, noteRarely } from './desk.ts'
import { NOT_SIGNED_IN, json, nothing } from './replies.ts'
import type { Call } from './route.ts'

/** A page whose connection comes and goes is one that watches. */
const WATCHED_MS = 5 * 60_000
/** Who lets go of the button and holds it again goes on talking. */
const TALKED_MS = 60_000

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
  const seat = desk.presence.enter(who, token, 'viewer')
  try {
    const reply: WebrtcReply = await live.webrtc(body.offer, { who: doerOf(who), signal: seat.signal })
    await noteRarely(desk, who, 'watched-live', { everyMs: WATCHED_MS })
    return json(200, reply)
  } catch (error) {
    seat[Symbol.dispose]()
    throw error
  }
}

/** Guests see and hear the door; they do not speak for the household. */
export async function listen({ desk, who, body }: Call<'member', SoundBody>): Promise<WebReply> {
  doorbellOf(desk).talk.listen({ ...body, member: who.member })
  return nothing()
}

export async function talk({ desk, who, body }: Call<'household', SoundBody>): Promise<WebReply> {
  doorbellOf(desk).talk.talk({ ...body, member: who.member })
  if (body.on) await noteRarely(desk, who, 'talked', { everyMs: TALKED_MS })
  return nothing()
}
