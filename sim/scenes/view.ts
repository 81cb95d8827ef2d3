import type { Point } from './canvas.ts'

/**
 * How the doorbell sees the ground: `x` metres to the right, `z` metres away, `up` metres above it.
 * One unit of the picture is its height in pixels.
 */
export type View = { readonly width: number; readonly height: number }

export const HORIZON = 0.4
const FOCAL = 0.92
const CAMERA_UP_M = 1.35

export const metre = ({ height }: View, z: number): number => (height * FOCAL) / z

export const place = (view: View, x: number, z: number, up = 0): Point => [
  view.width / 2 + x * metre(view, z),
  HORIZON * view.height + (CAMERA_UP_M - up) * metre(view, z),
]

/** The ground under a pixel below the horizon. */
export function groundAt({ width, height }: View, pixelX: number, pixelY: number): { x: number; z: number } {
  const z = (FOCAL * CAMERA_UP_M) / Math.max(1e-4, pixelY / height - HORIZON)
  return { x: ((pixelX - width / 2) / (FOCAL * height)) * z, z }
}

/** How much light there is at night: of the doorbell's own infrared lamp, and of the lamps on the street. */
export const lampAt = (z: number): number => 1.15 / (1 + (z * z) / 22) + (z > 12 ? 0.16 : 0)
