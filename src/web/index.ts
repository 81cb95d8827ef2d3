/**
 * Web: the owner's page, as HTTP and WebSocket.
 *
 * Owns: the table of routes and their policies, the words that page and device exchange.
 * Promises: no route without a policy; nothing about the device is told to strangers.
 * When full: `WEB_LIMITS`.
 * When it fails: any request gets an answer.
 * Stopping: closes all sockets.
 * Not its job: deciding who somebody is (`members/`), what is recorded (`clips/`).
 * See: DESIGN.md here.
 */
export type * from './api.ts'
export type * from './deps.ts'
