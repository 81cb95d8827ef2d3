/** What every screen may use; made once, in main.tsx. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { Fault } from '../../../base/fault.ts'
import type { ClipShelf } from '../clips/clip-shelf.ts'
import type { DoorSound } from './door-sound.ts'
import type { Events } from './events.ts'
import type { RingStore } from './rings.ts'
import type { SessionStore, SignedIn } from './session.ts'
import { useStore, type Store } from './store.ts'

export type App = {
  readonly session: SessionStore
  readonly events: Events
  readonly shelf: ClipShelf
  readonly rings: RingStore
  /** A sentence that is shown for a moment, and read out. */
  readonly notice: Store<string | undefined>
  readonly alarms: Store<readonly string[]>
  readonly sound: DoorSound
}

export const AppContext = createContext<App | undefined>(undefined)

export function useApp(): App {
  const app = useContext(AppContext)
  if (app === undefined) throw new Fault('bug', 'a screen outside of the app')
  return app
}

/** For screens that are only shown to those who are signed in. */
export function useSignedIn(): SignedIn {
  const session = useStore(useApp().session)
  if (session.phase !== 'in') throw new Fault('bug', 'a screen for members, and nobody is signed in')
  return session
}
