import type { ClipSummary, SimSummary, VisitSummary } from '../../sim/summary.ts'

/** What a person reads after a run. */
export function describeReplay(summary: SimSummary): string {
  const { video, durationS, visits, clips, presses, cost } = summary
  const head = `${video}: ${clock(durationS)} of video, ${count(visits.length, 'visit')}, ${count(presses.length, 'press', 'presses')}, ${count(clips.length, 'clip')}`
  const speed = cost.wallS > 0 ? durationS / cost.wallS : 0
  const foot = `in ${cost.wallS.toFixed(1)} s (${speed.toFixed(0)} × real time, ${cost.cpuS.toFixed(1)} s of processor time, ${cost.peakRssMb.toFixed(0)} MB)`
  const rows = visits.map((visit) => describeVisit(visit, clips))
  const warnings = describePrivacy(summary)
  return [head, ...(rows.length === 0 ? ['  nobody came'] : rows), ...warnings, foot, ''].join('\n')
}

const describePrivacy = ({ privateRecorded = [] }: SimSummary): readonly string[] =>
  privateRecorded.length === 0
    ? []
    : [
        `WARNING: private, and recorded all the same (capture.privateZones=record): ${privateRecorded.join(', ')}`,
      ]

function describeVisit(visit: VisitSummary, clips: readonly ClipSummary[]): string {
  const mine = clips.filter((clip) => visit.clips.includes(clip.id))
  const head = `  ${clock(visit.fromS)} – ${clock(visit.toS)}  ${visit.signs.join(', ')}`
  const rows = mine.map(
    (clip) => `    clip ${clip.id}  ${clock(clip.fromS)} – ${clock(clip.toS)}, ${describeClip(clip)}`,
  )
  return [head, ...rows].join('\n')
}

const describeClip = (clip: ClipSummary): string =>
  `${count(clip.parts, 'part')}, ${kilobytes(clip.bytes)}, sealed, ${clip.uploaded ? 'uploaded' : 'not uploaded yet'}`

const clock = (seconds: number): string => {
  const minutes = Math.floor(seconds / 60)
  return `${minutes}:${(seconds - minutes * 60).toFixed(1).padStart(4, '0')}`
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
