import { listedClips, type ListedClip } from '../checkers/clips.ts'
import { CHIME_MS_MAX } from '../checkers/presses.ts'
import type { ClipFact, PressFact, VisitFact } from '../trace.ts'
import { idOf, type Evidence } from './evidence.ts'

export function pressFacts({ presses, chimes, journalled, told }: Evidence): readonly PressFact[] {
  const heard = told.map(({ atMs, payload }) => ({ atMs, id: idOf(payload) }))
  return presses.map(({ id, visit, pressedAtMs, acceptedAtMs: at, closedAtMs }) => ({
    pressedAtMs,
    visit,
    chimedAtMs: chimes.find((chime) => chime >= at && chime <= closedAtMs + CHIME_MS_MAX),
    acknowledgedAtMs: journalled.get(id),
    notifiedAtMs: heard.find((each) => each.id === id)?.atMs,
  }))
}

export function visitFacts(evidence: Evidence): readonly VisitFact[] {
  const began = happenings(evidence, 'visit-began')
  const ended = happenings(evidence, 'visit-ended')
  return began.map(({ it, startedMs }) => {
    const end = ended.find((each) => each.it.visit === it.visit)
    return {
      id: it.visit,
      fromMs: startedMs + it.from,
      toMs: end === undefined ? undefined : end.startedMs + end.it.to,
      signs: end?.it.signs ?? [it.sign],
      labels: (end?.it.labels ?? []).map(({ at, ...seen }) => ({ ...seen, atMs: startedMs + at })),
    }
  })
}

/** Clips in the order they began, and what the household sees of them. */
export async function clipFacts(evidence: Evidence): Promise<readonly ClipFact[]> {
  const listed = await listedClips(evidence)
  const facts = happenings(evidence, 'clip-began').map(({ it, startedMs }) => ({
    id: it.clip,
    visit: it.visit,
    fromMs: startedMs + it.from,
    ...endFacts(evidence, it.clip, { fromMs: startedMs + it.from, listed: listed.get(it.clip) }),
  }))
  return facts
}

function endFacts(
  evidence: Evidence,
  clip: string,
  { fromMs, listed }: { readonly fromMs: number; readonly listed: ListedClip | undefined },
): Omit<ClipFact, 'id' | 'visit' | 'fromMs'> {
  const sealed = happenings(evidence, 'clip-sealed').find(({ it }) => it.clip === clip)
  const recovered = happenings(evidence, 'clip-recovered').find(({ it }) => it.clip === clip)
  const uploaded = happenings(evidence, 'clip-uploaded').find(({ it }) => it.clip === clip)
  const expired = happenings(evidence, 'clip-expired').find(({ it }) => it.clip === clip)
  const durationMs = listed?.durationMs ?? listed?.meta?.durationMs
  return {
    toMs:
      sealed === undefined
        ? durationMs === undefined
          ? undefined
          : fromMs + durationMs
        : sealed.startedMs + sealed.it.to,
    parts: sealed?.it.parts ?? recovered?.it.parts ?? 0,
    bytes: sealed?.it.bytes ?? recovered?.it.bytes ?? 0,
    complete: listed?.meta?.complete ?? false,
    ended: sealed?.it.ended ?? (recovered === undefined ? undefined : 'recovered'),
    sealedAtMs: (sealed ?? recovered)?.atMs,
    uploadedAtMs: uploaded?.atMs,
    expired: expired !== undefined,
  }
}

type Kind = Evidence['happenings'][number]['happening']['kind']
type Of<K extends Kind> = Extract<Evidence['happenings'][number]['happening'], { kind: K }>

function happenings<K extends Kind>(
  { happenings: all, lives }: Evidence,
  kind: K,
): readonly { readonly it: Of<K>; readonly atMs: number; readonly startedMs: number }[] {
  return all.flatMap(({ atMs, life, happening }) =>
    happening.kind === kind
      ? [{ it: happening as Of<K>, atMs, startedMs: lives[life]?.fromMs ?? 0 }] // Its kind was just looked at.
      : [],
  )
}
