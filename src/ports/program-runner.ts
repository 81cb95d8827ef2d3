/**
 * Runs a program that the owner named: no shell, an empty environment, no input, in `/`. What it writes is forgotten, but for the end of what
 * it said on stderr when it fails.
 *
 * Faults: `missing` (no such program), `denied` (not to be run), `unavailable` (it failed, or had to be killed), `invalid` (no full path).
 */
export interface ProgramRunner {
  /** Resolves when it ended with 0. It is killed, with all that it started, after `timeoutMs` or when the signal is aborted. */
  run(
    argv: readonly string[],
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void>
}
