/**
 * Orders: what the owner may have done from afar, through people who must not be believed.
 *
 * Owns: the rows `order/…` of the table `device`: ids of orders that were taken.
 * Promises: only a message signed by the owner's key, to this device, at most a minute old and never taken before has any effect; its id is
 *   on disk before anything is done; what the broker had kept is ignored; who did not sign gets no answer.
 * When full: after 1,000 orders within a day no more are taken until the first is a day old.
 * When it fails: an order that cannot be remembered is not carried out, and the answer says so.
 * Stopping: `run` ends when its signal is aborted, after the order it is at.
 * Not its job: harmless settings (`mqtt/`), what the orders do (`clips/`, `settings/`), making them (`owner/`).
 * See: `../formats/order.ts` for the message; `read-order.ts` for what is asked of it.
 */
export { createOrders, type OrderHouse, type Orders, type OrdersDeps } from './orders.ts'
