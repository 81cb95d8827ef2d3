/**
 * Push: tells pages that are closed.
 *
 * Owns: the table `push` (which browsers want to be told), the file `push.key` (the VAPID key the services know us by).
 * Promises: what is sent is at most a kilobyte, encrypted for one browser, and names and shows nothing: not who, not where, no picture; a browser that
 *   has gone is forgotten; all are told side by side, so that none waits for another.
 * When full: 8 browsers a member, 64 in all: the oldest goes.
 * When it fails: a service that is away is asked twice more within half a minute, then the message is old; that is logged without its address.
 * Stopping: disposal ends what is being sent.
 * Not its job: opening pages' rings (`rings/`), making the picture (the page fetches and opens it), HTTP (`drivers/push`).
 * See: `../ports/push-service.ts`, RFC 8030, 8291, 8292.
 */
export { openPush, type Push, type PushDeps } from './push.ts'
