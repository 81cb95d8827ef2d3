/** Home: the door now, what to look after, and who came last. */
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { ask } from '../app/api-client.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { linkTo } from '../app/route.ts'
import { useStore } from '../app/store.ts'
import { useTask } from '../app/use-task.ts'
import { groupVisits } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Card, Heading, LinkButton, Problem } from '../ui/parts.tsx'
import { LiveView } from './live-view.tsx'
import { TalkBar } from './talk-bar.tsx'
import { VisitRow } from './visit-row.tsx'

const RECENT = 4

export function Door(): JSX.Element {
  const { me } = useSignedIn()
  return (
    <div class="door">
      <header class="screen-head">
        <Heading text={me.device.name} />
        {me.role !== 'guest' && <StatusPill />}
      </header>
      <LiveView withControls />
      <TalkBar />
      <div class="door-controls">{me.device.simulated && <PressButton />}</div>
      {me.role !== 'guest' && <RecentVisits />}
    </div>
  )
}

function StatusPill(): JSX.Element {
  const alarms = useStore(useApp().alarms)
  const isWell = alarms.length === 0
  return (
    <a class={`pill ${isWell ? 'well' : 'warn'}`} href={linkTo('status')}>
      <Icon name={isWell ? 'check' : 'warn'} />
      {isWell ? texts.door.well : texts.door.look(alarms.length)}
    </a>
  )
}

function PressButton(): JSX.Element {
  const task = useTask()
  const press = (): void => task.run(() => ask<undefined>('POST', '/api/simulate/press', { body: {} }))
  return (
    <>
      <Button icon="bell" isBusy={task.isBusy} onClick={press}>
        {texts.door.press}
      </Button>
      <span class="hint">{texts.door.pressHint}</span>
      <Problem says={task.problem} />
    </>
  )
}

function RecentVisits(): JSX.Element {
  const { clips, state, problem } = useStore(useApp().shelf.now)
  const visits = useMemo(() => groupVisits(clips).slice(0, RECENT), [clips])
  return (
    <Card title={texts.door.recent}>
      <Problem says={problem} />
      {visits.length === 0 && state === 'there' && <p class="muted">{texts.door.none}</p>}
      <ul class="visit-list">
        {visits.map((visit) => (
          <li key={visit.id}>
            <VisitRow visit={visit} />
          </li>
        ))}
      </ul>
      {visits.length > 0 && <LinkButton to={linkTo('visits')}>{texts.door.all}</LinkButton>}
    </Card>
  )
}
