/** Who came, by day: rows to open, filters, and a strip for each day to move along. */
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { dayText } from '../app/format.ts'
import { useShelf } from '../app/shelf-context.ts'
import { useStore } from '../app/store.ts'
import { useTask } from '../app/use-task.ts'
import { groupDays, groupVisits, isShown, type Day, type Filter } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Button, Heading, Problem, Waiting } from '../ui/parts.tsx'
import { DayStrip } from './day-strip.tsx'
import { VisitRow } from './visit-row.tsx'

export function Visits(): JSX.Element {
  const shelf = useShelf()
  const { clips, more, state, problem } = useStore(shelf.now)
  const [filter, setFilter] = useState<Filter>({ what: 'all' })
  const visits = useMemo(() => groupVisits(clips), [clips])
  const days = useMemo(() => groupDays(visits.filter((visit) => isShown(visit, filter))), [visits, filter])
  const zones = useMemo(() => [...new Set(visits.flatMap((visit) => visit.zones))].sort(), [visits])
  const older = useTask()
  return (
    <div class="visits">
      <header class="screen-head">
        <Heading text={texts.visits.title} />
      </header>
      <Filters filter={filter} zones={zones} onChange={setFilter} />
      <Problem says={problem ?? older.problem} />
      {state === 'loading' && <Waiting />}
      {state === 'there' && days.length === 0 && (
        <p class="muted">{visits.length === 0 ? texts.visits.none : texts.visits.noneLike}</p>
      )}
      <div onKeyDown={moveAmongVisits}>
        {days.map((day) => (
          <DaySection key={day.key} day={day} />
        ))}
      </div>
      {more && (
        <Button wide isBusy={older.isBusy} onClick={() => older.run(() => shelf.loadOlder())}>
          {texts.visits.older}
        </Button>
      )}
    </div>
  )
}

function Filters(props: {
  readonly filter: Filter
  readonly zones: readonly string[]
  readonly onChange: (filter: Filter) => void
}): JSX.Element {
  const { filter, zones, onChange } = props
  const words = { all: texts.visits.all, people: texts.visits.people, presses: texts.visits.presses }
  return (
    <div class="filters" role="group" aria-label={texts.visits.filters}>
      {(['all', 'people', 'presses'] as const).map((what) => (
        <button
          key={what}
          type="button"
          class="chip"
          aria-pressed={filter.what === what}
          onClick={() => onChange({ ...filter, what })}
        >
          {words[what]}
        </button>
      ))}
      {zones.length > 0 && (
        <label class="chip-select">
          <span class="for-readers">{texts.visits.zone}</span>
          <select
            value={filter.zone ?? ''}
            onChange={({ currentTarget: { value } }) =>
              onChange({ what: filter.what, ...(value === '' ? {} : { zone: value }) })
            }
          >
            <option value="">{texts.visits.anyZone}</option>
            {zones.map((zone) => (
              <option key={zone} value={zone}>
                {zone}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  )
}

function DaySection({ day }: { readonly day: Day }): JSX.Element {
  const name = dayText(day.fromUnixMs)
  return (
    <section class="day" aria-label={name}>
      <h2>
        {name} <small>{texts.visits.count(day.visits.length)}</small>
      </h2>
      <DayStrip day={day} name={name} />
      <ul class="visit-list">
        {day.visits.map((visit) => (
          <li key={visit.id}>
            <VisitRow visit={visit} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Arrow keys go from visit to visit, over the borders of days. */
function moveAmongVisits(event: KeyboardEvent & { readonly currentTarget: EventTarget | null }): void {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key]
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('a.visit')]
  const now = rows.findIndex((row) => row === document.activeElement)
  const next = rows[now === -1 ? 0 : now + step]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
