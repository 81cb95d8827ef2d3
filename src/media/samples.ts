/** Sound as samples: 16 bits with a sign, one channel, 48,000 a second. */

export const SAMPLES_PER_S = 48_000
const LOUDEST = 32_767

type Tone = { readonly hertz: number; readonly fromS: number; readonly lastsS: number }

/** E5, then C5: the same two tones that the page rings with (`src/web/page/app/chime.ts`). */
const DING_DONG: readonly Tone[] = [
  { hertz: 659.25, fromS: 0, lastsS: 0.9 },
  { hertz: 523.25, fromS: 0.45, lastsS: 1.4 },
]
/** Three partials, each weaker, make a struck bar of it rather than a whistle. */
const PARTIALS = [
  { times: 1, share: 0.7 },
  { times: 2, share: 0.2 },
  { times: 3, share: 0.1 },
] as const
/** Two tones at once stay below the loudest that there is. */
const LOUDNESS = 0.6
const ATTACK_S = 0.005
/** A tone ends at a thousandth of how it began. */
const FADE = Math.log(1000)

/** The chime, made here: two decaying tones. Always the same. */
export function chimeSamples(): Int16Array {
  const lastsS = Math.max(...DING_DONG.map((tone) => tone.fromS + tone.lastsS))
  const samples = new Int16Array(Math.ceil(lastsS * SAMPLES_PER_S))
  for (let n = 0; n < samples.length; n++) {
    const atS = n / SAMPLES_PER_S
    const sum = DING_DONG.reduce((so, tone) => so + toneAt(tone, atS - tone.fromS), 0)
    samples[n] = Math.round(sum * LOUDNESS * LOUDEST)
  }
  return samples
}

function toneAt({ hertz, lastsS }: Tone, sinceS: number): number {
  if (sinceS < 0 || sinceS > lastsS) return 0
  const wave = PARTIALS.reduce(
    (sum, { times, share }) => sum + share * Math.sin(2 * Math.PI * hertz * times * sinceS),
    0,
  )
  return wave * Math.min(1, sinceS / ATTACK_S) * Math.exp((-FADE * sinceS) / lastsS)
}

/** Adds `count` samples of a source, as loud as `volume` (0 … 1) says, to what is there; what is too loud is cut, not turned round. */
export function mixSamples(
  into: Int16Array,
  source: { readonly samples: Int16Array; readonly from: number; readonly volume: number },
): void {
  const count = Math.min(into.length, source.samples.length - source.from)
  for (let n = 0; n < count; n++) {
    const sum = (into[n] ?? 0) + (source.samples[source.from + n] ?? 0) * source.volume
    into[n] = Math.max(-LOUDEST - 1, Math.min(LOUDEST, Math.round(sum)))
  }
}
