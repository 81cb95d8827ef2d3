/** The press that rings on this page now, and what became of it. Pure but for the store. */
import type { DeviceEvent } from '../../api.ts'
import { createStore, type Store } from './store.ts'

export type Ring = {
  readonly press: string
  readonly atUnixMs: number
  /** Quiet hours: no sound. */
  readonly isSilent: boolean
  /** 0: there will be none. It is asked for at once, and again when the device says that it is made. */
  readonly pictureRound: number
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
      if (ring?.isMine === true || ring?.press === event.press) return ring // The same again: the line was down for a moment.
      return {
        press: event.press,
        atUnixMs: event.atUnixMs,
        isSilent: event.silent === true,
        pictureRound: event.hasPicture ? 1 : 0,
        isMine: false,
      }
    case 'press-picture':
      return ring?.press === event.press ? { ...ring, pictureRound: ring.pictureRound + 1 } : ring
    case 'press-over':
      if (ring?.press !== event.press || ring.isMine) return ring
      return { ...ring, over: { how: event.how, ...(event.by === undefined ? {} : { by: event.by }) } }
    default:
      return ring
  }
}
