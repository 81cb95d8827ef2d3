/** The press that rings on this page now, and what became of it. Pure but for the store. */
import type { DeviceEvent } from '../../api.ts'
import { createStore, type Store } from './store.ts'

export type Ring = {
  readonly press: string
  readonly atUnixMs: number
  readonly hasPicture: boolean
  readonly over?: { readonly how: 'answered' | 'ignored' | 'timed-out'; readonly by?: string }
  /** Answered on this page: it stays open, with the live picture. */
  readonly isMine: boolean
}

export type RingStore = Store<Ring | undefined>
export const createRings = (): RingStore => createStore<Ring | undefined>(undefined)

/** What an event makes of the ring that is shown. */
export function ringAfter(ring: Ring | undefined, event: DeviceEvent): Ring | undefined {
  switch (event.type) {
    case 'press':
      // Whoever talks at the door already knows that somebody is there.
      if (ring?.isMine === true) return ring
      return { press: event.press, atUnixMs: event.atUnixMs, hasPicture: event.hasPicture, isMine: false }
    case 'press-picture':
      return ring?.press === event.press ? { ...ring, hasPicture: true } : ring
    case 'press-over':
      if (ring?.press !== event.press || ring.isMine) return ring
      return { ...ring, over: { how: event.how, ...(event.by === undefined ? {} : { by: event.by }) } }
    default:
      return ring
  }
}
