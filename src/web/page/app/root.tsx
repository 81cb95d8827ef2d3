/** Which screen there is: before the door, or behind it. */
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { ActivityScreen } from '../screens/activity.tsx'
import { ClipActions } from '../screens/clip-actions.tsx'
import { Door } from '../screens/door.tsx'
import { Login } from '../screens/login.tsx'
import { More } from '../screens/more.tsx'
import { RingScreen } from '../screens/ring.tsx'
import { Status } from '../screens/status.tsx'
import { VisitScreen } from '../screens/visit.tsx'
import { Visits } from '../screens/visits.tsx'
import { You } from '../screens/you.tsx'
import { lazy } from '../ui/lazy.tsx'
import { Waiting } from '../ui/parts.tsx'
import { useApp } from './context.ts'
import { Frame } from './frame.tsx'
import { useRoute, type Route } from './route.ts'
import { useStore } from './store.ts'

const Enrol = lazy(async () => (await import('../screens/enrol.tsx')).Enrol)
const Join = lazy(async () => (await import('../screens/join.tsx')).Join)
const People = lazy(async () => (await import('../screens/people.tsx')).People)
const Settings = lazy(async () => (await import('../screens/settings.tsx')).Settings)
const Zones = lazy(async () => (await import('../screens/zones.tsx')).Zones)

export function Root(): JSX.Element {
  const { session } = useApp()
  const now = useStore(session)
  const route = useRoute()
  useEffect(() => scrollTo(0, 0), [route.at])
  if (route.at === 'enrol') return <Enrol secret={route.secret} />
  if (route.at === 'join' && now.phase !== 'starting') return <Join code={route.code} />
  if (now.phase === 'starting') return <Waiting />
  if (now.phase === 'out') return <Login problem={now.problem} />
  return (
    <>
      <Frame route={route}>
        <Screen route={route} hasKey={now.key !== undefined} />
      </Frame>
      <RingScreen />
    </>
  )
}

function Screen({ route, hasKey }: { readonly route: Route; readonly hasKey: boolean }): JSX.Element {
  switch (route.at) {
    case 'visits':
      return <Visits />
    case 'visit':
      return <VisitScreen key={route.visit} visit={route.visit} hasKey={hasKey} actions={ClipActions} />
    case 'activity':
      return <ActivityScreen />
    case 'people':
      return <People />
    case 'status':
      return <Status />
    case 'settings':
      return <Settings />
    case 'zones':
      return <Zones />
    case 'you':
      return <You />
    case 'more':
      return <More />
    case 'door':
    case 'ring':
    case 'enrol':
    case 'join':
      return <Door />
  }
}
