import { drawBackdrop, drawPorch } from './backdrop.ts'
import { copyCanvas, createCanvas, type Canvas } from './canvas.ts'
import type { Actor, Scene } from './catalogue.ts'
import { clamp, hash } from './chance.ts'
import { drawCar, drawDog, drawParcel, drawPerson, type Pose } from './figures.ts'
import { poseAt } from './truth.ts'
import {
  drawClock,
  drawDapples,
  drawFlag,
  drawMoths,
  drawWeb,
  huntingAt,
  shakeAt,
  shiftCanvas,
  sweepAt,
} from './unrest.ts'
import {
  beamLight,
  beamsAt,
  cloudsAt,
  drawInsects,
  drawPlant,
  drawRain,
  growNearTree,
  growPlants,
  gustAt,
  type Plant,
} from './weather.ts'

export type Format = {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly seconds: number
  readonly seed: number
}

/** The scene's pictures as yuv420p, one after the other: luma, then the two colour planes of half the size. */
export function* renderFrames(scene: Scene, format: Format): Generator<Uint8Array, void> {
  const { width, height, fps, seconds, seed } = format
  const backdrop = createCanvas(width, height)
  drawBackdrop(backdrop, seed)
  const porch = porchLayer(backdrop, seed)
  const canvas = createCanvas(width, height)
  const plants = [...growPlants(seed + 100), ...(scene.nearTree ? [growNearTree(seed + 110)] : [])]
  const camera: Camera = { gain: 1, usual: 0 }
  for (let frame = 0; frame < Math.round(seconds * fps); frame++) {
    const atS = frame / fps
    copyCanvas(backdrop, canvas)
    drawLively(canvas, scene, { plants, porch, atS, frame, seed })
    if (scene.shake > 0) shiftCanvas(canvas, shakeAt(scene.shake, atS, canvas, seed))
    if (scene.things.includes('clock')) drawClock(canvas, atS)
    yield expose(canvas, scene, { camera, atS, frame, seed, stepS: 1 / fps })
  }
}

/** `runs`: from and behind which pixel it covers, pair after pair. */
type Layer = { readonly canvas: Canvas; readonly runs: readonly (readonly [from: number, to: number])[] }

/** The porch never changes: it is drawn once, and laid over every picture. */
function porchLayer(backdrop: Canvas, seed: number): Layer {
  const canvas = createCanvas(backdrop.width, backdrop.height)
  copyCanvas(backdrop, canvas)
  drawPorch(canvas, seed)
  const covers = (i: number): boolean =>
    canvas.luma[i] !== backdrop.luma[i] || canvas.lamp[i] !== backdrop.lamp[i]
  const runs: [number, number][] = []
  for (let i = 0; i < canvas.luma.length; i++) {
    const last = runs.at(-1)
    if (!covers(i)) continue
    if (last?.[1] === i) last[1] = i + 1
    else runs.push([i, i + 1])
  }
  return { canvas, runs }
}

function lay({ canvas, runs }: Layer, target: Canvas): void {
  for (const plane of ['luma', 'blue', 'red', 'sun', 'lamp'] as const) {
    for (const [from, to] of runs) target[plane].set(canvas[plane].subarray(from, to), from)
  }
}

type Moment = {
  readonly porch: Layer
  readonly plants: readonly Plant[]
  readonly atS: number
  readonly frame: number
  readonly seed: number
}

/** Everything that moves, farthest first. */
function drawLively(canvas: Canvas, scene: Scene, { plants, porch, atS, frame, seed }: Moment): void {
  const near = scene.nearTree ? plants.at(-1) : undefined
  if (near !== undefined && scene.light === 'day')
    drawDapples(canvas, near, gustAt(scene.wind, atS, seed), atS)
  if (scene.things.includes('flag')) drawFlag(canvas, gustAt(scene.wind, atS, seed + 9), atS)
  const things: { readonly z: number; readonly draw: () => void }[] = plants.map((plant, n) => ({
    z: plant.z,
    draw: () => drawPlant(canvas, plant, scene.wind, atS, seed + n),
  }))
  for (const actor of scene.actors) {
    const pose = poseAt(actor, atS)
    if (pose !== undefined) things.push({ z: pose.z, draw: () => drawActor(canvas, actor, pose, scene) })
  }
  for (const thing of things.toSorted((a, b) => b.z - a.z)) thing.draw()
  lay(porch, canvas)
  if (scene.rain > 0) drawRain(canvas, scene.rain, frame, seed)
  if (scene.insects > 0) drawInsects(canvas, scene.insects, atS, seed)
  if (scene.moths > 0) drawMoths(canvas, scene.moths, atS, seed)
  if (scene.things.includes('web')) drawWeb(canvas, gustAt(scene.wind, atS, seed + 9), atS)
}

function drawActor(canvas: Canvas, actor: Actor, pose: Pose, { light }: Scene): void {
  switch (actor.kind) {
    case 'person':
      return drawPerson(canvas, pose, actor.clothes)
    case 'car':
      return drawCar(canvas, pose, actor.colour, light === 'night')
    case 'dog':
      return drawDog(canvas, pose, actor.colour)
    case 'parcel':
      return drawParcel(canvas, pose)
  }
}

/** The camera's automatic exposure: `usual` is the brightness it was set up with. */
type Camera = { gain: number; usual: number }

type Shot = {
  readonly camera: Camera
  readonly atS: number
  readonly frame: number
  readonly seed: number
  readonly stepS: number
}

const EXPOSURE_S = 1.1

/** Lets the light of the moment fall on the canvas and takes the picture, with the sensor's noise. */
function expose(canvas: Canvas, scene: Scene, shot: Shot): Uint8Array {
  const { camera, atS, stepS } = shot
  const isNight = (scene.light === 'night') !== (scene.switchesS.filter((s) => s <= atS).length % 2 === 1)
  const brightness = isNight
    ? lightNight(canvas, scene, atS, shot.seed)
    : lightDay(canvas, scene, atS, shot.seed)
  if (camera.usual === 0) camera.usual = brightness
  const wanted = clamp(Math.sqrt(camera.usual / brightness), 0.6, 1.7)
  camera.gain += (wanted - camera.gain) * clamp(stepS / EXPOSURE_S)
  const jumped = scene.exposureJumpsS.filter((s) => s <= atS).length % 2 === 1
  const gain = camera.gain * (jumped ? 1.38 : 1) * huntingAt(scene.hunting, atS, shot.seed)
  const picture = new Uint8Array(
    canvas.width * canvas.height + 2 * Math.ceil(canvas.width / 2) * Math.ceil(canvas.height / 2),
  )
  writeLuma(canvas, picture, { ...shot, gain, noise: isNight ? 3.2 : 1.5 })
  writeColour(canvas, picture, isNight ? 0 : gain)
  return picture
}

/** Puts the light into `sun`: from here on it is the factor by which a pixel is lit. Answers the mean brightness. */
function lightDay(canvas: Canvas, scene: Scene, atS: number, seed: number): number {
  const { width, height, sun, luma } = canvas
  const cols = Math.ceil(width / 16) + 1
  const through = cloudsAt(scene.clouds, atS, seed, canvas)
  let total = 0
  for (let y = 0; y < height; y++) {
    const [row, down] = [(y >> 4) * cols, (y & 15) / 16]
    for (let x = 0; x < width; x++) {
      const [n, across] = [row + (x >> 4), (x & 15) / 16]
      const upper = (through[n] ?? 1) * (1 - across) + (through[n + 1] ?? 1) * across
      const lower = (through[n + cols] ?? 1) * (1 - across) + (through[n + cols + 1] ?? 1) * across
      const i = y * width + x
      const light = 0.52 + 0.52 * (sun[i] ?? 0) * (upper * (1 - down) + lower * down)
      sun[i] = light
      total += light * (luma[i] ?? 0)
    }
  }
  return total / sun.length
}

function lightNight(canvas: Canvas, { beams }: Scene, atS: number, seed: number): number {
  const { width, height, sun, lamp, luma } = canvas
  const beam = beams === true ? beamsAt(atS, canvas) : undefined
  const sweep = beams === 'cut' ? sweepAt(atS, canvas, seed) : undefined
  let total = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const [u, v] = [x / width - 0.5, y / height - 0.55]
      let light = 0.07 + (lamp[i] ?? 0) * (1.15 - 1.3 * (u * u + v * v))
      if (beam !== undefined) light += beamLight(beam, x, y)
      if (sweep !== undefined) light += sweep(x, y)
      sun[i] = light
      total += light * (luma[i] ?? 0)
    }
  }
  return total / sun.length
}

type Sensor = { readonly gain: number; readonly noise: number; readonly frame: number; readonly seed: number }

const HASH_BYTES_SPREAD = 147.8 // Standard deviation of the sum of four random bytes.

function writeLuma(
  { luma, sun, width, height }: Canvas,
  picture: Uint8Array,
  { gain, noise, frame, seed }: Sensor,
): void {
  const scale = noise / HASH_BYTES_SPREAD
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const h = hash(i, frame, seed + 77)
      const grain = ((h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24) - 510) * scale
      const bright = 16 + 219 * clamp((luma[i] ?? 0) * (sun[i] ?? 0) * gain, 0, 1)
      picture[i] = clamp(Math.floor(bright + grain + 0.5), 0, 255)
    }
  }
}

/** One colour value for four pixels, from their upper left one and its diagonal neighbour. */
function writeColour({ blue, red, sun, width, height }: Canvas, picture: Uint8Array, gain: number): void {
  const [cols, rows] = [Math.ceil(width / 2), Math.ceil(height / 2)]
  let at = width * height
  for (const plane of [blue, red]) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < cols; x++) {
        const i = 2 * y * width + 2 * x
        const j = Math.min(height - 1, 2 * y + 1) * width + Math.min(width - 1, 2 * x + 1)
        const tint = 0.5 * ((plane[i] ?? 0) * (sun[i] ?? 0) + (plane[j] ?? 0) * (sun[j] ?? 0)) * gain
        picture[at++] = clamp(Math.floor(128.5 + 224 * tint), 16, 240)
      }
    }
  }
}
