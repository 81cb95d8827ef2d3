import type { JSX } from 'preact'
import { spanText, timeText } from '../app/format.ts'
import { linkToVisit } from '../app/route.ts'
import type { Visit } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Poster } from './poster.tsx'

/** What came, in words: who was seen, else that something moved. */
export function visitTitle(visit: Visit): string {
  if (visit.problem !== undefined) return texts.visits.sealed
  const names = visit.labels.map((label) => texts.visits.labels[label] ?? label)
  return names.length === 0 ? texts.visits.movement : names.join(', ')
}

export function VisitRow({ visit }: { readonly visit: Visit }): JSX.Element {
  const t = texts.visits
  return (
    <a class="visit" href={linkToVisit(visit.id)}>
      <Poster visit={visit} alt="" />
      <span class="visit-text">
        <b>{visitTitle(visit)}</b>
        <span class="muted">
          {visit.problem === undefined ? timeText(visit.fromUnixMs) : visit.problem}
          {visit.problem === undefined &&
            !visit.isGrowing &&
            ` · ${spanText(visit.toUnixMs - visit.fromUnixMs)}`}
          {!visit.clockTrusted && ` · ${t.noClock}`}
        </span>
        <span class="tags">
          {visit.presses > 0 && (
            <span class="tag press">
              <Icon name="bell" /> {t.rang(visit.presses)}
            </span>
          )}
          {visit.zones.map((zone) => (
            <span class="tag" key={zone}>
              {zone}
            </span>
          ))}
          {visit.isCutOff && <span class="tag growing">{t.cutOff}</span>}
          {visit.isGrowing && <span class="tag growing">{t.growing}</span>}
          {visit.isHeld && <span class="tag">{t.held}</span>}
        </span>
      </span>
    </a>
  )
}
