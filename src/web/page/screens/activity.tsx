import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Activity, ActivityReply } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp } from '../app/context.ts'
import { dayText, timeText } from '../app/format.ts'
import { linkToVisit } from '../app/route.ts'
import { useStore } from '../app/store.ts'
import { useLoaded, useTask } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Button, Heading, Problem, Show } from '../ui/parts.tsx'

const PAGE = 50

const load = (before?: string): Promise<ActivityReply> =>
  ask<ActivityReply>('GET', `/api/activity?limit=${PAGE}${before === undefined ? '' : `&before=${before}`}`)

export function ActivityScreen(): JSX.Element {
  const { loaded, again } = useLoaded(() => load(), [])
  return (
    <div class="activity">
      <header class="screen-head">
        <Heading text={texts.activity.title} />
      </header>
      <p class="muted">{texts.activity.lead}</p>
      <Show loaded={loaded} again={again}>
        {(first) => <Entries first={first} />}
      </Show>
    </div>
  )
}

function Entries({ first }: { readonly first: ActivityReply }): JSX.Element {
  const [older, setOlder] = useState<ActivityReply>({ activity: [], more: first.more })
  const task = useTask()
  const all = [...first.activity, ...older.activity]
  const days = Map.groupBy(all, (entry) => dayText(entry.atUnixMs))
  const last = all.at(-1)
  const loadOlder = (): void =>
    task.run(async () => {
      const reply = await load(last?.id)
      setOlder({ activity: [...older.activity, ...reply.activity], more: reply.more })
    })
  if (last === undefined) return <p class="muted">{texts.activity.none}</p>
  return (
    <>
      {[...days].map(([day, entries]) => (
        <section key={day} class="day" aria-label={day}>
          <h2>{day}</h2>
          <ul class="entries">
            {entries.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
      <Problem says={task.problem} />
      {older.more && (
        <Button wide isBusy={task.isBusy} onClick={loadOlder}>
          {texts.activity.older}
        </Button>
      )}
    </>
  )
}

function Entry({ entry }: { readonly entry: Activity }): JSX.Element {
  const { clips } = useStore(useApp().shelf.now)
  const visit = clips.find(({ facts }) => facts.clip === entry.clip)?.meta?.visit
  return (
    <li>
      <time dateTime={new Date(entry.atUnixMs).toISOString()}>{timeText(entry.atUnixMs)}</time>
      <span>
        <b>{entry.name}</b>{' '}
        {visit === undefined ? (
          texts.activity.what[entry.what]
        ) : (
          <a href={linkToVisit(visit)}>{texts.activity.what[entry.what]}</a>
        )}
        {entry.detail !== undefined && <small class="muted detail">{entry.detail}</small>}
        {!entry.trustedClock && <small class="muted detail">{texts.activity.noClock}</small>}
      </span>
    </li>
  )
}
