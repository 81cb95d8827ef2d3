/** The frame of all screens for those who are signed in: where one may go, and what is wrong with the line. */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Role } from '../../api.ts'
import { texts } from '../texts.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import { Button } from '../ui/parts.tsx'
import { useApp, useSignedIn } from './context.ts'
import { linkTo, type Place, type Route } from './route.ts'
import { resumeSession, trustDevice } from './session.ts'
import { useStore } from './store.ts'

type Entry = {
  readonly place: Place
  readonly icon: IconName
  readonly roles: readonly Role[]
  readonly isFirst: boolean
}

const EVERYBODY: readonly Role[] = ['owner', 'household', 'guest']
/** Long enough to be read twice. */
const NOTICE_MS = 8000

const HOUSEHOLD: readonly Role[] = ['owner', 'household']

/** `isFirst`: on a phone it stands at the bottom; the others are under “More”. */
const ENTRIES: readonly Entry[] = [
  { place: 'door', icon: 'door', roles: EVERYBODY, isFirst: true },
  { place: 'visits', icon: 'visits', roles: HOUSEHOLD, isFirst: true },
  { place: 'activity', icon: 'activity', roles: HOUSEHOLD, isFirst: true },
  { place: 'people', icon: 'people', roles: ['owner'], isFirst: false },
  { place: 'status', icon: 'status', roles: HOUSEHOLD, isFirst: false },
  { place: 'settings', icon: 'settings', roles: HOUSEHOLD, isFirst: false },
  { place: 'you', icon: 'you', roles: EVERYBODY, isFirst: false },
]

export const entriesFor = (role: Role): readonly Entry[] =>
  ENTRIES.filter(({ roles }) => roles.includes(role))

/** Which entry of the navigation a route belongs to. */
function placeOf({ at }: Route): Place {
  if (at === 'visit') return 'visits'
  if (at === 'zones') return 'settings'
  return at === 'enrol' || at === 'join' || at === 'ring' ? 'door' : at
}

export function Frame(props: { readonly route: Route; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skipToMain}>
        {texts.skip}
      </a>
      <Navigation now={placeOf(props.route)} />
      <main id="main" tabIndex={-1}>
        <Banners />
        {props.children}
      </main>
      <Notice />
    </div>
  )
}

/** The address is where one is in the page, so the link may not change it. */
function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Navigation({ now }: { readonly now: Place }): JSX.Element {
  const { me } = useSignedIn()
  const entries = entriesFor(me.role)
  const isInMore = !entries.some(({ place, isFirst }) => isFirst && place === now)
  return (
    <nav class="nav" aria-label={texts.places.nav}>
      <p class="brand">
        <img src="./icon.svg" width="36" height="36" alt="" />
        <span>{texts.app}</span>
      </p>
      {entries.map(({ place, icon, isFirst }) => (
        <a
          key={place}
          class={isFirst ? '' : 'is-later'}
          href={linkTo(place)}
          aria-current={place === now ? 'page' : undefined}
        >
          <Icon name={icon} />
          <span>{texts.places[place]}</span>
        </a>
      ))}
      <a class="is-more" href={linkTo('more')} aria-current={isInMore ? 'page' : undefined}>
        <Icon name="more" />
        <span>{texts.places.more}</span>
      </a>
    </nav>
  )
}

function Banners(): JSX.Element {
  const { session, events } = useApp()
  const signedIn = useSignedIn()
  const isOpen = useStore(events.isOpen)
  return (
    <>
      {signedIn.pin === 'changed' && (
        <div class="banner wrong" role="alert">
          <Icon name="warn" />
          <span>{texts.problems.otherDoorbell}</span>
          <Button onClick={() => void trustDevice(session, signedIn)}>{texts.problems.itIsNew}</Button>
        </div>
      )}
      {signedIn.isAway ? (
        <div class="banner" role="status">
          <span>{texts.problems.offline}</span>
          <Button onClick={() => void resumeSession(session)}>{texts.again}</Button>
        </div>
      ) : (
        !isOpen && (
          <div class="banner quiet" role="status">
            {texts.problems.line}
          </div>
        )
      )}
    </>
  )
}

function Notice(): JSX.Element {
  const { notice } = useApp()
  const says = useStore(notice)
  useEffect(() => {
    if (says === undefined) return undefined
    const timer = setTimeout(() => notice.set(undefined), NOTICE_MS)
    return () => clearTimeout(timer)
  }, [says])
  return (
    <div class="notice" role="status">
      {says !== undefined && (
        <p>
          {says}{' '}
          <Button kind="quiet" icon="ignore" label={texts.close} onClick={() => notice.set(undefined)} />
        </p>
      )}
    </div>
  )
}
