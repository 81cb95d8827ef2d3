/** 24 hours from left to right: moving along shows the picture of the nearest visit; letting go, or Enter, opens it. */
import type { JSX, TargetedPointerEvent } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { timeText } from '../app/format.ts'
import { goTo, linkToVisit } from '../app/route.ts'
import { nearestVisit, shareOfDay, type Day, type Visit } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Poster } from './poster.tsx'
import { visitTitle } from './visit-row.tsx'

export function DayStrip({ day, name }: { readonly day: Day; readonly name: string }): JSX.Element {
  const byTime = useMemo(() => day.visits.toSorted((a, b) => a.fromUnixMs - b.fromUnixMs), [day.visits])
  const [share, setShare] = useState<number>()
  const isDragging = useRef(false)
  const visit = share === undefined ? undefined : nearestVisit(byTime, share)
  const at = visit === undefined ? -1 : byTime.indexOf(visit)
  const open = (): void => {
    if (visit !== undefined) goTo(linkToVisit(visit.id))
  }
  return (
    <div
      class="strip"
      role="slider"
      tabIndex={0}
      aria-label={texts.visits.day(name)}
      aria-valuemin={1}
      aria-valuemax={byTime.length}
      aria-valuenow={at === -1 ? byTime.length : at + 1}
      aria-valuetext={visit === undefined ? name : `${timeText(visit.fromUnixMs)}, ${visitTitle(visit)}`}
      onKeyDown={(event) => {
        const next = event.key === 'Enter' ? open() : placeAfter(event.key, at, byTime)
        if (next !== undefined) setShare(next)
        else if (event.key !== 'Enter') return
        event.preventDefault()
        event.stopPropagation()
      }}
      onBlur={() => setShare(undefined)}
      onPointerDown={(event) => {
        isDragging.current = true
        event.currentTarget.setPointerCapture(event.pointerId)
        setShare(shareUnder(event))
      }}
      onPointerMove={(event) => {
        if (isDragging.current || event.pointerType === 'mouse') setShare(shareUnder(event))
      }}
      onPointerUp={() => {
        isDragging.current = false
        open()
      }}
      onPointerLeave={() => {
        if (!isDragging.current) setShare(undefined)
      }}
    >
      <Marks visits={byTime} near={visit} />
    </div>
  )
}

function Marks(props: { readonly visits: readonly Visit[]; readonly near: Visit | undefined }): JSX.Element {
  const { visits, near } = props
  return (
    <>
      {[6, 12, 18].map((hour) => (
        <span key={hour} class="strip-hour" style={leftOf(hour / 24)} aria-hidden="true">
          {hour}
        </span>
      ))}
      {visits.map((each) => (
        <span
          key={each.id}
          class={`strip-mark ${each.presses > 0 ? 'press' : ''} ${each === near ? 'is-near' : ''}`}
          style={leftOf(shareOfDay(each.fromUnixMs))}
          aria-hidden="true"
        />
      ))}
      {near !== undefined && (
        <span
          class="strip-preview"
          style={leftOf(Math.min(0.88, Math.max(0.12, shareOfDay(near.fromUnixMs))))}
          aria-hidden="true"
        >
          <Poster visit={near} alt="" />
          <b>{timeText(near.fromUnixMs)}</b>
        </span>
      )}
    </>
  )
}

const leftOf = (share: number): { readonly left: string } => ({ left: `${share * 100}%` })

function shareUnder({ currentTarget, clientX }: TargetedPointerEvent<HTMLDivElement>): number {
  const { left, width } = currentTarget.getBoundingClientRect()
  return Math.min(1, Math.max(0, (clientX - left) / width))
}

/** Where a key leads from the visit that is shown; undefined: the key is none of ours. */
function placeAfter(key: string, at: number, visits: readonly Visit[]): number | undefined {
  const last = visits.length - 1
  const places: Readonly<Record<string, number>> = {
    ArrowLeft: at === -1 ? last : at - 1,
    ArrowRight: at === -1 ? 0 : at + 1,
    Home: 0,
    End: last,
  }
  const place = places[key]
  const visit = place === undefined ? undefined : visits[Math.min(last, Math.max(0, place))]
  return visit === undefined ? undefined : shareOfDay(visit.fromUnixMs)
}
