import type { ColourPicture } from './stills.ts'

/** What the detector tells apart. `carried` is a bag, a backpack or a suitcase: a weak hint at a parcel, and no more. */
export const THINGS = ['person', 'vehicle', 'animal', 'carried'] as const
export type Thing = (typeof THINGS)[number]

/** Left, top, width and height as shares of the picture, each from 0 to 1. */
export type Area = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Something that was recognised. `score` from 0 to 1 is the model's own measure of certainty, to three decimals. */
export type Sight = { readonly thing: Thing; readonly score: number; readonly box: Area }

export type VisionState =
  /** Nobody has asked yet: nothing is loaded. */
  | { readonly state: 'asleep' }
  | { readonly state: 'ready'; readonly engine: string }
  /** `why`: one sentence for people. It is tried again now and then. */
  | { readonly state: 'missing'; readonly why: string }

/** Recognises people and things. Outside the process, as the libraries that do it may crash; so it is a port. */
export interface Vision {
  /**
   * What is to be seen in the picture, looked at as closely as the area `within` allows; the best first.
   * Faults: `unavailable` when nothing can look (now), `corrupt` when nonsense came back, `aborted`.
   */
  look(picture: ColourPicture, options: { within: Area; signal: AbortSignal }): Promise<readonly Sight[]>
  state(): VisionState
}
