import type { JSX } from 'preact'
import type { StatusReply, StatusRow } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp } from '../app/context.ts'
import { useStore } from '../app/store.ts'
import { useLoaded } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Heading, Show } from '../ui/parts.tsx'

export function Status(): JSX.Element {
  const alarms = useStore(useApp().alarms)
  const { loaded, again } = useLoaded(() => ask<StatusReply>('GET', '/api/status'), [alarms.join()])
  return (
    <div class="status">
      <header class="screen-head">
        <Heading text={texts.status.title} />
      </header>
      <Show loaded={loaded} again={again}>
        {({ rows }) => (
          <>
            {rows.every(({ state }) => state === 'well' || state === 'off') && (
              <p class="verdict genuine">
                <Icon name="check" />
                <b>{texts.status.allWell}</b>
              </p>
            )}
            <ul class="status-rows">
              {rows
                .toSorted((a, b) => urgency(a) - urgency(b))
                .map((row) => (
                  <Row key={row.key} row={row} />
                ))}
            </ul>
          </>
        )}
      </Show>
    </div>
  )
}

const urgency = ({ state }: StatusRow): number => ['bad', 'warn', 'well', 'off'].indexOf(state)

function Row({ row }: { readonly row: StatusRow }): JSX.Element {
  const isFine = row.state === 'well' || row.state === 'off'
  return (
    <li class={`status-row ${row.state}`}>
      <Icon name={isFine ? 'check' : 'warn'} />
      <div>
        <h2>
          {texts.status.names[row.key]} <small>{texts.status.states[row.state]}</small>
        </h2>
        <p>{row.says}</p>
        {row.todo !== undefined && (
          <p class="todo">
            <b>{texts.status.todo}:</b> {row.todo}
          </p>
        )}
      </div>
    </li>
  )
}
