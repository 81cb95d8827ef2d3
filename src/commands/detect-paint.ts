/** Puts the drawing onto the pixels. */
import sharp, { type Sharp } from 'sharp'
import type { MotionView } from '../detect/index.ts'
import { drawMoment, drawPanel, type Film, type Moment } from './detect-draw.ts'

export type Painter = {
  /** `picture`: red, green, blue of the video's picture. The answer is the whole picture of the film. */
  paint(picture: Uint8Array, moment: Moment, view: MotionView | undefined): Promise<Uint8Array>
}

export async function createPainter(film: Film): Promise<Painter> {
  const { width, height, pictureHeight, inset } = film.layout
  const pictureBytes = width * pictureHeight * 3
  const panel = await pixelsOf(sharp(Buffer.from(drawPanel(film))))
  const insets = createInsets(inset)
  return {
    async paint(picture, moment, view) {
      const canvas = Buffer.alloc(width * height * 3)
      canvas.set(picture.subarray(0, pictureBytes))
      canvas.set(panel, pictureBytes)
      const background = await insets.of(view)
      const place = { left: inset.x, top: inset.y }
      return pixelsOf(
        sharp(canvas, { raw: { width, height, channels: 3 } }).composite([
          ...(background === undefined ? [] : [{ ...background, ...place }]),
          { input: Buffer.from(drawMoment(film, moment)), left: 0, top: 0 },
        ]),
      )
    },
  }
}

const pixelsOf = (picture: Sharp): Promise<Uint8Array> =>
  picture.removeAlpha().toColourspace('srgb').raw().toBuffer()

type Inset = { readonly input: Buffer; readonly raw: { width: number; height: number; channels: 3 } }

/** The same view comes in several pictures of the film; it is made once. */
function createInsets(size: { readonly width: number; readonly height: number }): {
  of(view: MotionView | undefined): Promise<Inset | undefined>
} {
  const { width, height } = size
  let last: { readonly view: MotionView; readonly inset: Inset } | undefined
  return {
    async of(view) {
      if (view === undefined) return undefined
      if (last?.view === view) return last.inset
      const raw = { width: view.width, height: view.height, channels: 3 } as const
      const small = sharp(tinted(view), { raw }).resize(width, height, { fit: 'fill' })
      const inset = { input: await small.raw().toBuffer(), raw: { width, height, channels: 3 } } as const
      last = { view, inset }
      return inset
    },
  }
}

/** What stands out from the background glows in the colour of movement. */
const TINT = [255, 157, 30] as const
const TINT_SHARE = 0.75

function tinted({ background, foreground }: MotionView): Buffer {
  const pixels = Buffer.alloc(background.length * 3)
  for (let i = 0; i < background.length; i++) {
    const luma = background[i] ?? 0
    const share = foreground[i] === 1 ? TINT_SHARE : 0
    for (let colour = 0; colour < 3; colour++)
      pixels[3 * i + colour] = Math.round(luma + ((TINT[colour] ?? 0) - luma) * share)
  }
  return pixels
}
