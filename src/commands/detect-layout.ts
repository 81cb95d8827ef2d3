/** Where everything is in the overlay film: the video's picture above, a panel with the curve and the background below. */

export type Place = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** All in pixels of the film. */
export type Layout = {
  readonly width: number
  /** The video's picture begins at 0, 0; the panel is below. */
  readonly pictureHeight: number
  readonly height: number
  /** Letters and lines are so many times larger than in a film of 640 pixels. */
  readonly unit: number
  readonly curve: Place
  readonly inset: Place
}

/** On a smaller film nobody could read anything. */
export const FILM_WIDTH_MIN = 480
const UNIT_WIDTH = 640
const PICTURE_HEIGHT_MAX = 4096
const PANEL_HEIGHT = 104
const MARGIN = 10
const INSET = { height: 72, widthMax: 160 }
const CURVE = { top: 34, bottom: 84 }

/** At most `widthMax` wide; only pictures too small to read on are enlarged. */
export function layOut(video: { readonly width: number; readonly height: number }, widthMax: number): Layout {
  const width = even(Math.min(widthMax, Math.max(FILM_WIDTH_MIN, video.width)))
  const unit = Math.max(1, width / UNIT_WIDTH)
  const pictureHeight = Math.min(PICTURE_HEIGHT_MAX, even((video.height * width) / video.width))
  const height = pictureHeight + even(PANEL_HEIGHT * unit)
  const insetHeight = Math.round(INSET.height * unit)
  const insetWidth = Math.round(
    Math.min(INSET.widthMax * unit, Math.max(8, (insetHeight * width) / pictureHeight)),
  )
  const insetX = Math.round(width - MARGIN * unit - insetWidth)
  return {
    width,
    pictureHeight,
    height,
    unit,
    inset: {
      x: insetX,
      y: Math.round(height - MARGIN * unit) - insetHeight,
      width: insetWidth,
      height: insetHeight,
    },
    curve: {
      x: MARGIN * unit,
      y: pictureHeight + CURVE.top * unit,
      width: insetX - 2.4 * MARGIN * unit,
      height: (CURVE.bottom - CURVE.top) * unit,
    },
  }
}

const even = (pixels: number): number => Math.max(2, 2 * Math.round(pixels / 2))
