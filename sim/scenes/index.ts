/**
 * Scenes that never happened, with the exact truth about them: a front garden as a doorbell sees it. The same name, size,
 * rate and seed give the same bytes on every machine. `catalogue.ts` holds the scenes as data.
 */
import { Fault } from '../../src/base/fault.ts'
import { nearestName } from '../../src/base/nearest.ts'
import { SCENES, type Scene, type SceneName } from './catalogue.ts'
import { renderFrames } from './render.ts'
import { truthOf, type Truth } from './truth.ts'

export type { Scene, SceneName } from './catalogue.ts'
export type { Interval, Seen, Truth, TruthBox } from './truth.ts'

export type SceneOptions = {
  readonly width?: number
  readonly height?: number
  readonly fps?: number
  /** As long as the scene says, when left out. */
  readonly seconds?: number
  readonly seed?: number
}

export type RenderedScene = {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly seconds: number
  /** yuv420p pictures, made one by one as they are asked for. */
  frames(): Iterable<Uint8Array>
  readonly truth: Truth
}

export const sceneNames = Object.keys(SCENES) as readonly SceneName[]

const isSceneName = (name: string): name is SceneName => Object.hasOwn(SCENES, name)

export function sceneOf(name: string): Scene {
  if (isSceneName(name)) return SCENES[name]
  const meant = nearestName(name, sceneNames)
  throw new Fault(
    'invalid',
    `there is no scene ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  )
}

export function renderScene(name: string, options: SceneOptions = {}): RenderedScene {
  const scene = sceneOf(name)
  const { width = 640, height = 360, fps = 15, seconds = scene.seconds, seed = 1 } = options
  const isGood = width >= 16 && height >= 16 && Number.isInteger(width) && Number.isInteger(height)
  if (!isGood || !(fps > 0) || !(seconds > 0))
    throw new Fault(
      'invalid',
      `scene ${name}: wanted at least 16×16 pixels and a positive rate and length, got ${width}×${height} @${fps}, ${seconds} s`,
    )
  const format = { width, height, fps, seconds, seed }
  return {
    width,
    height,
    fps,
    seconds,
    frames: () => renderFrames(scene, format),
    truth: truthOf(scene, format, seconds),
  }
}
