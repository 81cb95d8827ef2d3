import type { Random } from '../../src/ports/random.ts'

/**
 * Chance that can be replayed: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32 from the seed.
 * For ids and jitter only; secrets are never seeded.
 */
export interface SeededRandom extends Random {
  /** Chance of its own for one purpose: one more question here changes nothing there. The same name gives the same chance. */
  fork(name: string): SeededRandom
}

export function createSeededRandom(seed: number): SeededRandom {
  const state = new Uint32Array(4)
  let mixed = seed >>> 0
  for (let i = 0; i < state.length; i++) {
    mixed = (mixed + 0x9e3779b9) >>> 0
    let z = mixed
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    state[i] = (z ^ (z >>> 15)) >>> 0
  }
  const next = (): number => nextWord(state)
  return {
    uniform: () => next() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => next() >>> 24),
    fork: (name) => createSeededRandom(mix(seed, name)),
  }
}

/** FNV-1a over the name, begun with the seed. */
function mix(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0
  return hash
}

function nextWord(state: Uint32Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = state
  const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
  const [c1, d1] = [c ^ a, d ^ b]
  state.set([a ^ d1, b ^ c1, c1 ^ (b << 9), rotateLeft(d1, 11)])
  return result
}

const rotateLeft = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0
