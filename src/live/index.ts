/**
 * Live: what the camera sends now, to whoever may see it.
 *
 * Owns: the viewers, and what waits for each of them.
 * Promises: packets go on as the camera made them, apart from MPEG-1 for old browsers; several viewers cost one camera; whoever comes begins with the preroll's newest key frame; `take` never waits and never throws, whoever watches.
 * When full: what waits for a viewer is dropped up to the next key frame (`LIVE_LIMITS`); one viewer too many is refused in words.
 * When it fails: a viewer who has gone is forgotten; a camera that went away shows again, to those who stayed, when it comes back.
 * Stopping: disposal ends every view and waits for it.
 * Not its job: who may watch (`web/`), sockets, peers and encoders (ports), recording (`clips/`).
 * See: `../web/DESIGN.md`; `live-run.ts` for what is made of a packet, `follower.ts` for what waits, `rtsp.ts` for VLC and recorders.
 */
export { fingerprintOf, signedText } from './fingerprint.ts'
export { LIVE_LIMITS } from './limits.ts'
export {
  createLive,
  type Live,
  type LiveDeps,
  type LiveTransport,
  type LiveViewer,
  type WebrtcAnswer,
  type WebrtcOffer,
} from './live.ts'
export type { LiveHello } from './live-run.ts'
export type { LiveSink } from './sink.ts'
export { serveRtsp, type RtspDeps, type RtspOptions } from './rtsp.ts'
