import type { CrashReport } from '../../../sim/crash/crash.ts'
import type { SeedResult } from '../../../sim/explore/explore.ts'

/** What a worker can be asked to do. */
export type Job =
  /** Random stories of these seeds; those divisible by `twiceEvery` are played twice. */
  | {
      readonly what: 'explore'
      readonly fromSeed: number
      readonly seeds: number
      readonly twiceEvery: number
    }
  /** One procedure, by its number, and the share of its crash points. */
  | {
      readonly what: 'crash'
      readonly procedure: number
      readonly share: { readonly index: number; readonly of: number }
      readonly sectorBytes: number
    }

export type JobResult =
  | { readonly what: 'explore'; readonly results: readonly SeedResult[] }
  | { readonly what: 'crash'; readonly report: CrashReport }
