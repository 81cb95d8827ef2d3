/**
 * Activity: who of the household did what.
 *
 * Owns: the table `activity`.
 * Promises: each thing that was done has a row, which only the device has, and an entry of the ledger with the row's salted hash, both written
 *   in one transaction; so the store learns that something was done, and neither who did it nor what, and a row that was changed shows.
 * When full: rows older than 400 days go, and the oldest beyond 50,000; their entries stay. Playing the same clip again within a minute is one.
 * When it fails: the fault of the index is passed on, and nothing was noted. While no doorbell runs there is no ledger: rows wait for it.
 * Stopping: `detach` resolves when nothing is being written.
 * Not its job: deciding what is worth noting (`web/`), the ledger itself (`ledger/`).
 * See: `../formats/documents.ts` for the entry; `activities.ts`.
 */
export { createActivities, type ActivityDesk, type ActivityDeps } from './activities.ts'
export { hashOfRow } from './rows.ts'
