/** Diagnostics for people who look after the software. The *ledger* is the record for the household. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
