import { laterBy, type MonoMs } from '../base/time.ts'

/** How PIR and movement in the picture together begin a visit; a press always does, and within a visit each counts for itself. */
export type Fusion =
  /** Each by itself. */
  | 'either'
  /** Only both, within `fusionMs` of each other: neither a warm wind nor a shadow begins one. */
  | 'both'
  /** Movement, but only after the PIR: nothing is looked at before it has seen somebody. */
  | 'pir-wakes-vision'

/** What was heard of each while nobody was there. */
export type Alone = {
  /** Since when the PIR is, or was, active. */
  readonly pirSince?: MonoMs | undefined
  /** When it became inactive; undefined while it is active. */
  readonly pirUntil?: MonoMs | undefined
  readonly motionAt?: MonoMs | undefined
}

type LoneSign =
  | { readonly kind: 'pir'; readonly active: boolean; readonly at: MonoMs }
  | { readonly kind: 'motion'; readonly at: MonoMs; readonly zones?: readonly string[] }

export type FusionRules = { readonly fusion: Exclude<Fusion, 'either'>; readonly fusionMs: number }

/** Either a memory of what was heard, or the signs that begin a visit now, in the order they happened. */
export type Fused = { readonly alone: Alone } | { readonly signs: readonly LoneSign[] }

export function fuse(alone: Alone, sign: LoneSign, rules: FusionRules): Fused {
  return sign.kind === 'pir' ? fusePir(alone, sign, rules) : fuseMotion(alone, sign, rules)
}

function fusePir(
  alone: Alone,
  sign: Extract<LoneSign, { kind: 'pir' }>,
  { fusion, fusionMs }: FusionRules,
): Fused {
  if (!sign.active)
    return { alone: { ...alone, pirUntil: alone.pirSince === undefined ? undefined : sign.at } }
  const { motionAt } = alone
  if (fusion === 'both' && motionAt !== undefined && sign.at - motionAt <= fusionMs)
    return { signs: [{ kind: 'motion', at: motionAt }, sign] }
  return { alone: { ...alone, pirSince: sign.at, pirUntil: undefined } }
}

function fuseMotion(
  alone: Alone,
  sign: Extract<LoneSign, { kind: 'motion' }>,
  { fusion, fusionMs }: FusionRules,
): Fused {
  const { pirSince, pirUntil } = alone
  const isHeard = pirSince !== undefined && (pirUntil === undefined || sign.at - pirUntil <= fusionMs)
  if (!isHeard) return { alone: fusion === 'both' ? { ...alone, motionAt: sign.at } : alone }
  // A PIR that has been active for minutes began nothing until now.
  const oldest = laterBy(sign.at, -fusionMs)
  const from = pirSince > oldest ? pirSince : oldest
  const fall =
    pirUntil === undefined
      ? []
      : [{ kind: 'pir', active: false, at: pirUntil < from ? from : pirUntil } as const]
  return { signs: [{ kind: 'pir', active: true, at: from }, ...fall, sign] }
}
