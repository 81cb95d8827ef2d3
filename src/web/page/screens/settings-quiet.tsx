/** Quiet hours: when, and what is silent then. The time zone comes from the browser of whoever sets the first. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { texts } from '../texts.ts'
import { Button, Card, Field } from '../ui/parts.tsx'
import type { Desk } from './settings.tsx'

type Time = { readonly from: string; readonly to: string; readonly days: readonly string[] }

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const SILENCED = ['chime', 'pages', 'push', 'notices'] as const
const NIGHT: Time = { from: '22:00', to: '07:00', days: DAYS }
const TIMES_MAX = 16

export function QuietHours({ desk }: { readonly desk: Desk }): JSX.Element {
  return (
    <Card title={texts.settings.quiet}>
      <p class="hint">{texts.settings.quietAbout}</p>
      <Times desk={desk} />
      <Silences desk={desk} />
      <Zone desk={desk} />
    </Card>
  )
}

const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

function Times({ desk }: { readonly desk: Desk }): JSX.Element {
  const now = timesIn(desk)
  const [times, setTimes] = useState(now)
  useEffect(() => setTimes(now), [desk.reply])
  const isChanged = JSON.stringify(times) !== JSON.stringify(now)
  const isWhole = times.every(({ from, to, days }) => from !== '' && to !== '' && days.length > 0)
  const isNew = desk.row('device.timeZone')?.value === null
  const save = (): void =>
    desk.change({
      'quietHours.times': times.map(toSaved),
      ...(isNew && times.length > 0 ? { 'device.timeZone': zoneHere() } : {}),
    })
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      {times.map((time, n) => (
        <OneTime
          key={n}
          n={n + 1}
          time={time}
          isOff={!desk.canChange}
          onChange={(changed) => setTimes(times.with(n, changed))}
          onRemove={() => setTimes(times.toSpliced(n, 1))}
        />
      ))}
      {desk.canChange && (
        <div class="buttons">
          {times.length < TIMES_MAX && (
            <Button onClick={() => setTimes([...times, NIGHT])}>{texts.settings.quietAdd}</Button>
          )}
          {isChanged && (
            <Button type="submit" kind="main" isBusy={desk.isBusy} isOff={!isWhole}>
              {texts.save}
            </Button>
          )}
        </div>
      )}
    </form>
  )
}

function OneTime(props: {
  readonly n: number
  readonly time: Time
  readonly isOff: boolean
  readonly onChange: (time: Time) => void
  readonly onRemove: () => void
}): JSX.Element {
  const { n, time, isOff, onChange } = props
  const { from, to, days } = time
  return (
    <fieldset class="quiet-time" disabled={isOff}>
      <legend>{texts.settings.quietNth(n)}</legend>
      <div class="from-to">
        <Field
          label={texts.settings.quietFrom}
          type="time"
          value={from}
          onInput={(text) => onChange({ ...time, from: text })}
        />
        <Field
          label={texts.settings.quietTo}
          type="time"
          value={to}
          onInput={(text) => onChange({ ...time, to: text })}
          hint={to !== '' && to <= from && to !== '00:00' ? texts.settings.quietNextDay : undefined}
        />
      </div>
      <div class="chips days" role="group" aria-label={texts.settings.quietDays}>
        {DAYS.map((day) => (
          <button
            key={day}
            type="button"
            class="chip"
            aria-pressed={days.includes(day)}
            aria-label={texts.settings.days7[day].long}
            onClick={() =>
              onChange({
                ...time,
                days: DAYS.filter((each) => days.includes(each) !== (each === day)),
              })
            }
          >
            {texts.settings.days7[day].short}
          </button>
        ))}
      </div>
      {!isOff && (
        <Button kind="quiet" label={texts.settings.quietRemoveNth(n)} onClick={props.onRemove}>
          {texts.settings.quietRemove}
        </Button>
      )}
    </fieldset>
  )
}

function Silences({ desk }: { readonly desk: Desk }): JSX.Element | null {
  const value = desk.row('quietHours.silences')?.value
  if (!Array.isArray(value) || timesIn(desk).length === 0) return null
  const chosen = value.map(String)
  return (
    <fieldset class="chips">
      <legend>{texts.settings.quietSilences}</legend>
      {SILENCED.map((what) => (
        <button
          key={what}
          type="button"
          class="chip"
          aria-pressed={chosen.includes(what)}
          disabled={!desk.canChange || desk.isBusy}
          onClick={() =>
            desk.change({
              'quietHours.silences': SILENCED.filter((each) => chosen.includes(each) !== (each === what)),
            })
          }
        >
          {texts.settings.silences[what]}
        </button>
      ))}
    </fieldset>
  )
}

/** Times are those of the house, wherever the page is opened. */
function Zone({ desk }: { readonly desk: Desk }): JSX.Element | null {
  const zone = desk.row('device.timeZone')?.value
  if (typeof zone !== 'string') return null
  const here = zoneHere()
  return (
    <div class="setting-line">
      <span>
        <b>{texts.settings.timeZone}</b>
        <small class="muted">{zone.replaceAll('_', ' ')}</small>
      </span>
      {here !== zone && desk.canChange && (
        <Button isBusy={desk.isBusy} onClick={() => desk.change({ 'device.timeZone': here })}>
          {texts.settings.timeZoneHere(here.replaceAll('_', ' '))}
        </Button>
      )}
    </div>
  )
}

/** As fields for times of day have it: they know no 24:00. */
function timesIn(desk: Desk): readonly Time[] {
  const value = desk.row('quietHours.times')?.value
  return Array.isArray(value)
    ? (value as readonly Time[]).map((time) => ({ ...time, to: time.to === '24:00' ? '00:00' : time.to })) // The device has checked it.
    : []
}

const toSaved = (time: Time): Time => (time.to === '00:00' ? { ...time, to: '24:00' } : time)
