import {
  brighter,
  drawEllipse,
  drawLimb,
  drawShadow,
  drawShape,
  paint,
  type Canvas,
  type Paint,
  type Point,
} from './canvas.ts'
import { clamp, mix, wave } from './chance.ts'
import { lampAt, metre, place } from './view.ts'

/** Where something is and how it holds itself at one moment. */
export type Pose = {
  readonly x: number
  readonly z: number
  /** Metres walked so far: the phase of the legs. */
  readonly walked: number
  /** Metres per second to the right and away from the camera. */
  readonly speedX: number
  readonly speedZ: number
  /** How far the arm is stretched towards the button, 0 to 1. */
  readonly reach: number
  /** The small sway of somebody who stands, in metres. */
  readonly sway: number
  readonly carries: boolean
}

export type Clothes = {
  readonly coat: string
  readonly trousers: string
  readonly hair: string
  readonly skin: string
  readonly tallM: number
}

type Brush = {
  readonly canvas: Canvas
  readonly pose: Pose
  readonly scale: number
  readonly colour: (hex: string) => Paint
  /** A place on the figure: metres to the side of its middle and above the ground. */
  readonly at: (side: number, up: number) => Point
}

function brushFor(canvas: Canvas, pose: Pose): Brush {
  const lamp = lampAt(pose.z)
  const sun = pose.z < 3.4 ? 0.15 : 0.9
  return {
    canvas,
    pose,
    scale: metre(canvas, pose.z),
    colour: (hex) => paint(hex, { sun, lamp }),
    at: (side, up) => place(canvas, pose.x + side, pose.z, up),
  }
}

export function drawPerson(canvas: Canvas, pose: Pose, clothes: Clothes): void {
  const brush = brushFor(canvas, pose)
  const k = clothes.tallM / 1.75
  const foot = brush.at(0.12 * k, 0)
  drawShadow(canvas, foot, [0.5 * brush.scale, 0.12 * brush.scale], 0.75)
  const bob = 0.02 * Math.abs(wave(pose.walked / STRIDE_M))
  const parts: Parts = {
    brush,
    clothes,
    k,
    bob,
    sideways: sidewaysOf(pose),
    facing: pose.speedZ > 0.1 ? -1 : 1,
  }
  drawLegs(parts)
  drawArm(parts, -1)
  drawTrunk(parts)
  drawArm(parts, 1)
  drawHead(parts)
  if (pose.carries) drawParcelAt(brush, 0, 1.02 * k)
}

const STRIDE_M = 1.45

type Parts = {
  readonly brush: Brush
  readonly clothes: Clothes
  readonly k: number
  readonly bob: number
  /** 1 when seen from the side, walking to the right; −1 to the left; 0 from the front or back. */
  readonly sideways: number
  /** 1 towards the camera, −1 away from it. */
  readonly facing: number
}

/** Slower than this nobody lifts a foot. */
const STEP_M_PER_S = 0.3

const isWalkingIn = ({ speedX, speedZ }: Pose): boolean =>
  speedX * speedX + speedZ * speedZ > STEP_M_PER_S * STEP_M_PER_S

function sidewaysOf({ speedX, speedZ }: Pose): number {
  const speed = Math.sqrt(speedX * speedX + speedZ * speedZ)
  return speed < STEP_M_PER_S ? 0 : speedX / speed
}

function drawLegs({ brush, clothes, k, bob, sideways }: Parts): void {
  const { pose, at, scale, canvas } = brush
  const isWalking = isWalkingIn(pose)
  for (const side of [-1, 1]) {
    const swing = isWalking ? wave(pose.walked / STRIDE_M + (side > 0 ? 0.5 : 0)) : 0
    const lift = isWalking ? Math.max(0, wave(pose.walked / STRIDE_M + 0.25 + (side > 0 ? 0.5 : 0))) : 0
    const apart = side * 0.095 * k * (1 - 0.7 * Math.abs(sideways)) + pose.sway * 0.2
    const cloth = brighter(brush.colour(clothes.trousers), side > 0 ? 0.86 : 1)
    const hip = at(apart * 0.8 + pose.sway, (0.92 + bob) * k)
    const knee = at(apart + 0.22 * swing * sideways + 0.07 * lift * sideways, (0.5 + 0.07 * lift) * k)
    const ankle = at(apart * 1.1 + 0.34 * swing * sideways - 0.1 * lift * sideways, (0.09 + 0.13 * lift) * k)
    drawLimb(canvas, { from: hip, to: knee, radius: 0.092 * k * scale, radiusTo: 0.072 * k * scale }, cloth)
    drawLimb(canvas, { from: knee, to: ankle, radius: 0.07 * k * scale, radiusTo: 0.052 * k * scale }, cloth)
    const toe: Point = [ankle[0] + 0.12 * sideways * scale * k, ankle[1] + 0.045 * scale * k]
    drawLimb(canvas, { from: ankle, to: toe, radius: 0.055 * k * scale }, brush.colour('#2b2624'))
  }
}

function drawTrunk({ brush, clothes, k, bob, sideways }: Parts): void {
  const { at, scale, canvas, pose } = brush
  const coat = brush.colour(clothes.coat)
  const half = (wide: number): number => wide * k * (1 - 0.35 * Math.abs(sideways))
  const corner = (side: number, up: number): Point => at(side + pose.sway, (up + bob) * k)
  const outline = [
    corner(-half(0.19), 1.44),
    corner(half(0.19), 1.44),
    corner(half(0.185), 0.84),
    corner(-half(0.185), 0.84),
  ]
  const middle = at(pose.sway, 0)[0]
  const fold = (x: number, y: number): number =>
    0.98 -
    0.2 * clamp((x - middle) / (0.2 * k * scale), -1, 1) +
    0.06 * wave(y / (0.16 * scale * k) + pose.sway * 3)
  drawLimb(
    canvas,
    { from: corner(-half(0.15), 1.4), to: corner(half(0.15), 1.4), radius: 0.085 * k * scale },
    coat,
  )
  drawShape(canvas, outline, coat, fold)
  drawLimb(
    canvas,
    { from: corner(-half(0.12), 0.86), to: corner(half(0.12), 0.86), radius: 0.07 * k * scale },
    brighter(coat, 0.9),
  )
  if (Math.abs(sideways) < 0.5)
    drawLimb(
      canvas,
      { from: corner(0, 1.4), to: corner(0, 0.84), radius: 0.009 * k * scale },
      brighter(coat, 0.6),
    )
}

function drawArm({ brush, clothes, k, bob, sideways, facing }: Parts, side: number): void {
  const { at, scale, canvas, pose } = brush
  const isWalking = isWalkingIn(pose)
  const swing = isWalking ? wave(pose.walked / STRIDE_M + (side > 0 ? 0 : 0.5)) : 0
  const coat = brighter(brush.colour(clothes.coat), side > 0 ? 0.8 : 0.95)
  const apart = side * 0.225 * k * (1 - 0.55 * Math.abs(sideways))
  const shoulder = at(apart + pose.sway, (1.39 + bob) * k)
  const isReaching = side > 0 && pose.reach > 0
  const held = pose.carries || isReaching
  const bend = pose.carries ? 1 : isReaching ? pose.reach : 0
  const elbow = at(apart * 1.12 + 0.13 * swing * sideways + pose.sway, (1.1 + (held ? 0.05 * bend : 0)) * k)
  const hang: Point = at(
    apart * 1.1 + (0.22 * swing + 0.05) * sideways + pose.sway,
    (0.84 + 0.05 * Math.abs(swing) * facing) * k,
  )
  const raised: Point = pose.carries ? at(side * 0.14 * k, 1.05 * k) : at(apart * 0.7, 1.36 * k)
  const wrist: Point = [mix(hang[0], raised[0], bend), mix(hang[1], raised[1], bend)]
  drawLimb(
    canvas,
    { from: shoulder, to: elbow, radius: 0.062 * k * scale, radiusTo: 0.052 * k * scale },
    coat,
  )
  drawLimb(canvas, { from: elbow, to: wrist, radius: 0.052 * k * scale, radiusTo: 0.042 * k * scale }, coat)
  const hand = 0.048 * k * scale * (1 + 0.35 * (isReaching ? pose.reach : 0))
  drawLimb(
    canvas,
    { from: wrist, to: [wrist[0], wrist[1] + hand * 0.8], radius: hand },
    brush.colour(clothes.skin),
  )
}

function drawHead({ brush, clothes, k, bob, sideways, facing }: Parts): void {
  const { at, scale, canvas, pose } = brush
  const up = (metres: number): number => (metres + bob) * k
  const middle = pose.sway * 1.25
  const [skin, hair] = [brush.colour(clothes.skin), brush.colour(clothes.hair)]
  drawLimb(
    canvas,
    { from: at(middle, up(1.5)), to: at(middle, up(1.42)), radius: 0.055 * k * scale },
    brighter(skin, 0.8),
  )
  drawEllipse(canvas, at(middle, up(1.635)), [0.092 * k * scale, 0.118 * k * scale], facing > 0 ? skin : hair)
  const capX = middle - 0.03 * sideways
  drawEllipse(canvas, at(capX, up(1.725)), [0.096 * k * scale, 0.052 * k * scale], hair)
  if (facing < 0 || Math.abs(sideways) > 0.6 || scale * 0.09 < 5) return
  const feature = (side: number, height: number, wide: number, tone: string): void =>
    drawEllipse(
      canvas,
      at(middle + side, up(height)),
      [wide * scale, wide * 0.55 * scale],
      brush.colour(tone),
    )
  feature(-0.035 * k, 1.645 * k, 0.013 * k, '#33261f')
  feature(0.035 * k, 1.645 * k, 0.013 * k, '#33261f')
  feature(0, 1.578 * k, 0.026 * k, '#8a4b43')
}

/** A parcel on the ground, or in somebody's hands. */
export function drawParcel(canvas: Canvas, pose: Pose): void {
  const brush = brushFor(canvas, pose)
  drawShadow(canvas, brush.at(0.06, 0), [0.3 * brush.scale, 0.07 * brush.scale], 0.7)
  drawParcelAt(brush, 0, 0)
}

function drawParcelAt({ canvas, at, colour }: Brush, side: number, up: number): void {
  const box = colour('#b98f5e')
  const face = (left: number, right: number, low: number, high: number): readonly Point[] => [
    at(side + left, up + high),
    at(side + right, up + high),
    at(side + right, up + low),
    at(side + left, up + low),
  ]
  drawShape(canvas, face(-0.2, 0.2, 0, 0.26), box)
  drawShape(canvas, face(-0.19, 0.19, 0.26, 0.31), brighter(box, 1.2))
  drawShape(canvas, face(-0.03, 0.03, 0, 0.31), brighter(box, 0.72))
}

export function drawCar(canvas: Canvas, pose: Pose, colour: string, lightsOn: boolean): void {
  const brush = brushFor(canvas, pose)
  const { at, scale } = brush
  const nose = pose.speedX >= 0 ? 1 : -1
  const body = brush.colour(colour)
  const glass = brush.colour('#2c3640')
  drawShadow(canvas, at(0, 0), [2.5 * scale, 0.22 * scale], 0.85)
  const shine = (_: number, y: number): number => 1.12 - 0.3 * clamp((y - at(0, 0.95)[1]) / (0.7 * scale))
  drawShape(
    canvas,
    ordered([at(-1.35 * nose, 0.88), at(-0.85 * nose, 1.44), at(0.45 * nose, 1.44), at(1.1 * nose, 0.88)]),
    body,
  )
  drawShape(
    canvas,
    ordered([at(-1.12 * nose, 0.9), at(-0.75 * nose, 1.36), at(-0.2 * nose, 1.36), at(-0.2 * nose, 0.9)]),
    glass,
  )
  drawShape(
    canvas,
    ordered([at(-0.1 * nose, 0.9), at(-0.1 * nose, 1.36), at(0.4 * nose, 1.36), at(0.9 * nose, 0.9)]),
    glass,
  )
  drawShape(
    canvas,
    ordered([at(-2.12 * nose, 0.3), at(-2.1 * nose, 0.9), at(1.9 * nose, 0.86), at(2.15 * nose, 0.34)]),
    body,
    shine,
  )
  for (const x of [-1.35, 1.32]) {
    drawEllipse(canvas, at(x * nose, 0.32), [0.33 * scale, 0.33 * scale], brush.colour('#1d1d1f'))
    drawEllipse(canvas, at(x * nose, 0.32), [0.17 * scale, 0.17 * scale], brush.colour('#9fa3a8'))
  }
  const lit = lightsOn ? { ...paint('#fffbe8', { lamp: 4 }), sun: 4 } : brush.colour('#e9e6da')
  const size = lightsOn ? 0.22 : 0.11 // A lamp dazzles.
  drawEllipse(canvas, at(2.05 * nose, 0.66), [size * scale, 0.75 * size * scale], lit)
  const rear = lightsOn ? { ...paint('#ff5040', { lamp: 1.5 }), sun: 1.5 } : brush.colour('#a02a22')
  drawEllipse(canvas, at(-2.05 * nose, 0.72), [0.07 * scale, 0.09 * scale], rear)
}

/** Corners in clockwise order, whichever way the car goes. */
function ordered(corners: readonly Point[]): readonly Point[] {
  let turn = 0
  let [fromX, fromY] = corners.at(-1) ?? [0, 0]
  for (const [toX, toY] of corners) {
    turn += fromX * toY - toX * fromY
    fromX = toX
    fromY = toY
  }
  return turn > 0 ? corners : corners.toReversed()
}

export function drawDog(canvas: Canvas, pose: Pose, colour: string): void {
  const brush = brushFor(canvas, pose)
  const { at, scale } = brush
  const nose = pose.speedX >= 0 ? 1 : -1
  const fur = brush.colour(colour)
  drawShadow(canvas, at(0, 0), [0.5 * scale, 0.08 * scale], 0.7)
  const legs = [
    [-0.26, 0],
    [-0.2, 0.5],
    [0.2, 0.25],
    [0.27, 0.75],
  ] as const
  for (const [x, phase] of legs) {
    const swing = 0.11 * wave(pose.walked / 0.7 + phase)
    drawLimb(
      canvas,
      {
        from: at(x * nose, 0.34),
        to: at((x + swing) * nose, 0.02),
        radius: 0.04 * scale,
        radiusTo: 0.027 * scale,
      },
      brighter(fur, phase < 0.3 ? 1 : 0.75),
    )
  }
  drawLimb(
    canvas,
    {
      from: at(-0.27 * nose, 0.42),
      to: at(0.24 * nose, 0.43),
      radius: 0.12 * scale,
      radiusTo: 0.135 * scale,
    },
    fur,
  )
  const wag = 0.05 * wave(pose.walked * 1.7)
  drawLimb(
    canvas,
    {
      from: at(-0.33 * nose, 0.47),
      to: at(-0.52 * nose, 0.62 + wag),
      radius: 0.035 * scale,
      radiusTo: 0.018 * scale,
    },
    fur,
  )
  drawLimb(canvas, { from: at(0.27 * nose, 0.5), to: at(0.39 * nose, 0.62), radius: 0.075 * scale }, fur)
  drawLimb(
    canvas,
    { from: at(0.4 * nose, 0.64), to: at(0.56 * nose, 0.6), radius: 0.082 * scale, radiusTo: 0.042 * scale },
    brighter(fur, 1.06),
  )
  drawLimb(
    canvas,
    { from: at(0.37 * nose, 0.71), to: at(0.33 * nose, 0.61), radius: 0.035 * scale },
    brighter(fur, 0.6),
  )
}
