/** Puts the drawing onto the pixels. */
import sharp from 'sharp'
import type { MotionView } from '../detect/index.ts'
import { drawMoment, drawPanel, type Film, type Moment } from './detect-draw.ts'
import type { Place } from './detect-layout.ts'

export type Painter = {
  /** `picture`: red, green, blue of the video's picture. The answer is the whole picture of the film. */
  paint(picture: Uint8Array, moment: Moment, view: MotionView | undefined): Promise<Uint8Array>
}

export async function createPainter(film: Film): Promise<Painter> {
  const { width, height, pictureHeight, inset } = film.layout
  const pictureBytes = width * pictureHeight * 3
  const panel = await sharp(Buffer.from(drawPanel(film)))
    .removeAlpha()
    .raw()
    .toBuffer()
  const insets = createInsets(inset)
  return {
    async paint(picture, moment, view) {
      const canvas = new Uint8Array(width * height * 3)
      canvas.set(picture.subarray(0, pictureBytes))
      canvas.set(panel, pictureBytes)
      const background = await insets.of(view)
      if (background !== undefined) putRows(canvas, width, background, inset)
      layOver(
        canvas,
        await sharp(Buffer.from(drawMoment(film, moment)))
          .ensureAlpha()
          .raw()
          .toBuffer(),
      )
      return canvas
    },
  }
}

function putRows(
  canvas: Uint8Array,
  canvasWidth: number,
  pixels: Uint8Array,
  { x, y, width, height }: Place,
): void {
  for (let row = 0; row < height; row++)
    canvas.set(pixels.subarray(3 * row * width, 3 * (row + 1) * width), 3 * ((y + row) * canvasWidth + x))
}

/** `drawing` has red, green, blue and how much they cover; most of it covers nothing, which is why this is fast. */
function layOver(canvas: Uint8Array, drawing: Uint8Array): void {
  for (let from = 0, to = 0; from < drawing.length; from += 4, to += 3) {
    const cover = drawing[from + 3] ?? 0
    if (cover === 0) continue
    for (let colour = 0; colour < 3; colour++) {
      const below = canvas[to + colour] ?? 0
      canvas[to + colour] = Math.round(below + (((drawing[from + colour] ?? 0) - below) * cover) / 255)
    }
  }
}

/** The same view comes in several pictures of the film; it is made once. */
function createInsets({ width, height }: Place): {
  of(view: MotionView | undefined): Promise<Uint8Array | undefined>
} {
  let last: { readonly view: MotionView; readonly pixels: Uint8Array } | undefined
  return {
    async of(view) {
      if (view === undefined) return undefined
      if (last?.view === view) return last.pixels
      const raw = { width: view.width, height: view.height, channels: 3 } as const
      const pixels = await sharp(tinted(view), { raw })
        .resize(width, height, { fit: 'fill' })
        .raw()
        .toBuffer()
      last = { view, pixels }
      return pixels
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
