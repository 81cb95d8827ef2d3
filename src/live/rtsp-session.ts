/** What one RTSP client may do next: a request and the state before give a reply and the state after. */
import { parameterSets, profileLevelId, RTP_TYPE, type RtspReply, type RtspRequest } from '../media/index.ts'
import type { Track } from '../ports/camera.ts'
import type { Verdict } from './digest.ts'

export type RtspState =
  | { readonly phase: 'begun' }
  | { readonly phase: 'ready' | 'playing'; readonly session: string; readonly channel: number }
  | { readonly phase: 'over' }

export type RtspStep = { readonly reply: RtspReply; readonly state: RtspState }

export type RtspAround = {
  readonly verdict: Verdict
  readonly challenges: readonly string[]
  /** Undefined while the camera sends nothing. */
  readonly track: Track | undefined
  /** Of our side of the connection. */
  readonly address: string
  /** For a session that begins now. */
  readonly session: string
}

const METHODS = 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN'
const SESSION_S = 60

export function stepRtsp(state: RtspState, request: RtspRequest, around: RtspAround): RtspStep {
  const { method } = request
  if (method === 'OPTIONS') return { state, reply: ok([['Public', METHODS]]) }
  if (around.verdict !== 'welcome') {
    const headers = around.challenges.map((challenge) => ['WWW-Authenticate', challenge] as const)
    return { state, reply: { status: 401, reason: 'Unauthorized', headers } }
  }
  switch (method) {
    case 'DESCRIBE':
      return { state, reply: describe(request, around) }
    case 'SETUP':
      return setUp(state, request, around)
    case 'PLAY':
      return inSession(state, request, (session, { channel }) => ({
        state: { phase: 'playing', session, channel },
        reply: ok([
          ['Session', session],
          ['Range', 'npt=now-'],
        ]),
      }))
    case 'GET_PARAMETER':
    case 'SET_PARAMETER':
      return { state, reply: ok('session' in state ? [['Session', state.session]] : []) }
    case 'TEARDOWN':
      return inSession(state, request, () => ({ state: { phase: 'over' }, reply: ok() }))
    default:
      return { state, reply: { status: 501, reason: 'Not Implemented', headers: [['Allow', METHODS]] } }
  }
}

const ok = (headers: RtspReply['headers'] = []): RtspReply => ({ status: 200, reason: 'OK', headers })

function setUp(state: RtspState, { headers }: RtspRequest, { session }: RtspAround): RtspStep {
  const transport = headers.get('transport') ?? ''
  const offers = transport.split(',').filter((offer) => /^\s*RTP\/AVP\/TCP(;|$)/i.test(offer))
  if (offers.length === 0)
    return {
      state,
      reply: { status: 461, reason: 'Unsupported Transport (RTP over TCP, interleaved, is wanted)' },
    }
  if (state.phase !== 'begun')
    return { state, reply: { status: 455, reason: 'Method Not Valid in This State' } }
  const channel = Math.min(254, Number(/interleaved=(\d{1,3})/.exec(offers[0] ?? '')?.[1] ?? 0))
  return {
    state: { phase: 'ready', session, channel },
    reply: ok([
      ['Transport', `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`],
      ['Session', `${session};timeout=${SESSION_S}`],
    ]),
  }
}

type InSession = Extract<RtspState, { readonly session: string }>

function inSession(
  state: RtspState,
  { headers }: RtspRequest,
  step: (session: string, state: InSession) => RtspStep,
): RtspStep {
  const named = headers.get('session')?.split(';')[0]?.trim()
  if (!('session' in state))
    return { state, reply: { status: 455, reason: 'Method Not Valid in This State' } }
  if (named !== state.session) return { state, reply: { status: 454, reason: 'Session Not Found' } }
  return step(state.session, state)
}

function describe({ url }: RtspRequest, { track, address }: RtspAround): RtspReply {
  if (track === undefined)
    return { status: 503, reason: 'Service Unavailable (the camera sends no pictures now)' }
  const base = url.replace(/\/?$/, '/')
  return {
    ...ok([
      ['Content-Type', 'application/sdp'],
      ['Content-Base', base],
    ]),
    body: sdpOf(track, address),
  }
}

/** RFC 8866, with the formats of RFC 6184 and RFC 7798. */
function sdpOf(track: Track, address: string): string {
  const family = address.includes(':') ? 'IP6' : 'IP4'
  return [
    'v=0',
    `o=- 0 0 IN ${family} ${address}`,
    's=Lintel',
    `c=IN ${family} ${family === 'IP6' ? '::' : '0.0.0.0'}`,
    't=0 0',
    'a=control:*',
    `m=video 0 RTP/AVP ${RTP_TYPE}`,
    ...formatOf(track),
    `a=framesize:${RTP_TYPE} ${track.width}-${track.height}`,
    'a=control:video',
    '',
  ].join('\r\n')
}

function formatOf({ codec, sampleEntry }: Track): readonly string[] {
  const sets = parameterSets(sampleEntry)
  if (codec === 'h264') {
    const sprop = sets.map(base64).join(',')
    return [
      `a=rtpmap:${RTP_TYPE} H264/90000`,
      `a=fmtp:${RTP_TYPE} packetization-mode=1;profile-level-id=${profileLevelId(sampleEntry) ?? ''};sprop-parameter-sets=${sprop}`,
    ]
  }
  const ofType = (type: number): string =>
    sets
      .filter((set) => (((set[0] ?? 0) >> 1) & 0x3f) === type)
      .map(base64)
      .join(',')
  return [
    `a=rtpmap:${RTP_TYPE} H265/90000`,
    `a=fmtp:${RTP_TYPE} sprop-vps=${ofType(32)};sprop-sps=${ofType(33)};sprop-pps=${ofType(34)}`,
  ]
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
