/**
 * Talk: what is said and heard at the door, between the board's sound and those who watch by WebRTC.
 *
 * Owns: who listens, and the one who talks.
 * Promises: the microphone is open only while somebody listens; at most one talks, and everybody is told who; in half duplex nobody hears
 *   the microphone while somebody talks, and a moment after; sound is handed on and never kept.
 * When full: packets that a listener has no room for are lost; somebody who wants to talk while another does is refused in words.
 * When it fails: a microphone or speaker that goes away is said to all, and looked for again; pictures and bell go on without it.
 * Stopping: `run` ends when its signal is aborted; whoever talked is cut off.
 * Not its job: who may talk (`web/`), pictures (`live/`), devices, codecs and mixing (`ports/audio.ts`).
 * See: `../live/live.ts`, which brings those who watch; `limits.ts`.
 */
export { TALK_LIMITS } from './limits.ts'
export { createTalk, type Watcher, type Talk, type TalkDeps, type TalkRules, type TalkState } from './talk.ts'
