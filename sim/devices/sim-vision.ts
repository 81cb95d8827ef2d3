import { Fault } from '../../src/base/fault.ts'
import type { ColourPicture } from '../../src/ports/stills.ts'
import type { Area, Sight, Vision } from '../../src/ports/vision.ts'

/** `missing`: nothing is installed; `crashing`: every look ends the process; `garbage`: what comes back is nonsense. */
export type VisionHealth = 'well' | 'missing' | 'crashing' | 'garbage'

/** Who is drawn brighter than this is a visitor. */
const BRIGHT = 200
const AREA_SHARE_MIN = 0.002

/** Recognises the bright figures of drawn scenes, and fails as the story wants. */
export class SimVision {
  health: VisionHealth = 'well'
  looks = 0
  #isAsleep = true

  readonly port: Vision = {
    look: (picture, { within, signal }) => this.#look(picture, within, signal),
    state: () => {
      if (this.health === 'missing')
        return { state: 'missing', why: 'nobody is recognised: no detector of people is installed' }
      return this.#isAsleep ? { state: 'asleep' } : { state: 'ready', engine: 'drawn' }
    },
  }

  async #look(picture: ColourPicture, within: Area, signal: AbortSignal): Promise<readonly Sight[]> {
    signal.throwIfAborted()
    if (picture.rgb.length < picture.width * picture.height * 3)
      throw new Fault(
        'invalid',
        `picture: wanted ${picture.width * picture.height * 3} bytes, got ${picture.rgb.length}`,
      )
    this.looks++
    this.#isAsleep = false
    if (this.health === 'missing') throw new Fault('unavailable', 'no detector of people is installed')
    if (this.health === 'crashing') throw new Fault('unavailable', 'the detector of people ended: SIGILL')
    if (this.health === 'garbage') throw new Fault('corrupt', 'the detector of people sent nonsense')
    return brightFigure(picture, within)
  }
}

function brightFigure({ width, height, rgb }: ColourPicture, within: Area): readonly Sight[] {
  let [left, right, top, bottom, count] = [width, -1, height, -1, 0]
  for (let y = Math.floor(within.y * height); y < (within.y + within.height) * height; y++) {
    for (let x = Math.floor(within.x * width); x < (within.x + within.width) * width; x++) {
      if ((rgb[(y * width + x) * 3 + 1] ?? 0) < BRIGHT) continue
      ;[left, right, top, bottom] = [
        Math.min(left, x),
        Math.max(right, x),
        Math.min(top, y),
        Math.max(bottom, y),
      ]
      count++
    }
  }
  if (count < width * height * AREA_SHARE_MIN) return []
  const box = {
    x: left / width,
    y: top / height,
    width: (right + 1 - left) / width,
    height: (bottom + 1 - top) / height,
  }
  return [{ thing: 'person', score: 0.9, box }]
}
