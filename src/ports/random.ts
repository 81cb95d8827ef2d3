/**
 * Chance for ids, object names and jitter: seeded in the simulator, so that a run can be replayed.
 * Never for secrets: keys and nonces come from `node:crypto` inside the vault, in the simulator too.
 */
export interface Random {
  bytes(length: number): Uint8Array
  /** Evenly spread over [0, 1). */
  uniform(): number
}
