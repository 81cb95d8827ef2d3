/** The owner's page: what there is of it is made here, once, and introduced to each other. */
import { render } from 'preact'
import type { DeviceEvent } from '../api.ts'
import { prepareChime } from './app/chime.ts'
import { AppContext, type App } from './app/context.ts'
import { deviceSource } from './app/device-source.ts'
import { DoorSound } from './app/door-sound.ts'
import { createEvents } from './app/events.ts'
import { createRings, ringAfter } from './app/rings.ts'
import { Root } from './app/root.tsx'
import { parseRoute } from './app/route.ts'
import { createSession, publicKeyOf, resumeSession } from './app/session.ts'
import { ShelfContext } from './app/shelf-context.ts'
import { createStore } from './app/store.ts'
import { registerWorker } from './app/worker-registration.ts'
import { ClipShelf } from './clips/clip-shelf.ts'
import { browserCache } from './clips/sealed-cache.ts'
import { applyTheme, readTheme } from './ui/theme.ts'

const session = createSession()

const signedIn = () => {
  const now = session.get()
  return now.phase === 'in' ? now : undefined
}

const shelf = new ClipShelf({
  source: deviceSource(),
  cache: browserCache(),
  key: () => signedIn()?.key,
  devicePublicKey: () => {
    const now = signedIn()
    return now === undefined ? new Uint8Array(0) : publicKeyOf(now.me.device)
  },
})

const app: App = {
  session,
  events: createEvents({ onSignedOut: () => void resumeSession(session) }),
  shelf,
  rings: createRings(),
  notice: createStore<string | undefined>(undefined),
  alarms: createStore<readonly string[]>([]),
  sound: new DoorSound(),
}

function take(event: DeviceEvent): void {
  app.rings.change((ring) => ringAfter(ring, event))
  if (event.type === 'sound') app.sound.learn(event)
  if (event.type === 'alarms') app.alarms.set(event.alarms)
  if (event.type === 'clip') {
    if (event.state === 'expired') shelf.forget(event.clip)
    else shelf.refresh(event.clip).catch(() => undefined) // The next event, or the next look, brings it.
  }
}

/** What follows from being signed in: the line to the device, and the clips. */
function follow(): void {
  const now = signedIn()
  if (now === undefined) {
    app.events.close()
    shelf.reset()
    return
  }
  if (!now.isAway) app.events.open()
  if (now.me.role !== 'guest' && shelf.now.get().state === 'idle') void shelf.load()
}

/** From a notice: the press rings here too, as long as it is not over. */
function ringFromAddress(): void {
  const route = parseRoute(location.hash)
  if (route.at === 'ring' && signedIn() !== undefined && app.rings.get() === undefined)
    app.rings.set({
      press: route.press,
      atUnixMs: Date.now(),
      isSilent: false,
      pictureRound: 1,
      isMine: false,
    })
}

function start(): void {
  applyTheme(readTheme())
  prepareChime()
  app.events.hear((event) => take(event))
  app.events.isOpen.subscribe((isOpen) => {
    if (!isOpen) app.sound.forget()
    // Whatever happened while the line was down, a doorbell that has only just started among it.
    if (isOpen && signedIn()?.me.role !== 'guest') void shelf.load()
  })
  session.subscribe(() => {
    follow()
    ringFromAddress()
  })
  addEventListener('hashchange', ringFromAddress)
  const root = document.getElementById('app')
  if (root !== null)
    render(
      <AppContext.Provider value={app}>
        <ShelfContext.Provider value={shelf}>
          <Root />
        </ShelfContext.Provider>
      </AppContext.Provider>,
      root,
    )
  void resumeSession(session)
  registerWorker()
}

start()
