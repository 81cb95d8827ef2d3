/** The device's events by WebSocket, for as long as somebody is signed in; a line that breaks is tried again, a little later each time. */
import type { DeviceEvent, PageEvent } from '../../api.ts'
import { createStore, type Store } from './store.ts'

const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 15_000

export type Events = {
  readonly isOpen: Store<boolean>
  hear(take: (event: DeviceEvent) => void): () => void
  tell(event: PageEvent): void
  open(): void
  close(): void
}

/** The session is over: signed out elsewhere, removed, or a guest whose time has passed (`web/DESIGN.md`). */
const SIGNED_OUT = 4401

/** `onSignedOut`: the device says that nobody is signed in here any more. */
export function createEvents({ onSignedOut }: { readonly onSignedOut: () => void }): Events {
  const isOpen = createStore(false)
  const hearers = new Set<(event: DeviceEvent) => void>()
  let socket: WebSocket | undefined
  let retryMs = RETRY_MS_MIN
  let timer: ReturnType<typeof setTimeout> | undefined

  const connect = (): void => {
    clearTimeout(timer)
    const made = new WebSocket(socketAddress('/api/events'))
    socket = made
    made.addEventListener('open', () => {
      retryMs = RETRY_MS_MIN
      isOpen.set(true)
    })
    made.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') return
      const event = JSON.parse(data) as DeviceEvent // The page believes its own device: see api.ts.
      for (const take of [...hearers]) take(event)
    })
    made.addEventListener('close', ({ code }) => {
      if (socket !== made) return
      isOpen.set(false)
      if (code === SIGNED_OUT) {
        socket = undefined
        onSignedOut()
        return
      }
      timer = setTimeout(connect, retryMs)
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)
    })
  }

  return {
    isOpen,
    hear(take) {
      hearers.add(take)
      return () => hearers.delete(take)
    },
    tell(event) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event))
    },
    open() {
      if (socket === undefined) connect()
    },
    close() {
      clearTimeout(timer)
      const ended = socket
      socket = undefined
      ended?.close()
      isOpen.set(false)
    },
  }
}

export const socketAddress = (path: string): string =>
  `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${path}`
