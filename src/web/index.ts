/**
 * Web: the owner's page and all it asks of the device.
 *
 * Owns: the table of routes with the policy of each, the cookies, the headers of every reply, open sockets.
 * Promises: no request reaches a handler that its route's policy does not let in; nothing changes on the word of another site; strangers
 *   learn nothing about the device; sockets end with the session they belong to; what is fetched or changed is noted for the household.
 * When full: a page that does not read its events is closed; 6 sockets and 4 WebRTC viewers a session, the oldest goes.
 * When it fails: faults become replies that say what was wanted; what is our own mistake is logged, and the reply says no more than that.
 * Stopping: closes the server, its sockets and viewers, and resolves when none is left.
 * Not its job: limits of size and time (the driver), who is who (`members/`), opening anything that is sealed.
 * See: DESIGN.md here, `api.ts` for the words, `routes.ts` for the table, `deps.ts` for what it needs of its siblings.
 */
export type * from './api.ts'
export type * from './deps.ts'
export { startWeb, type Web, type WebOptions } from './web.ts'
