import { z } from 'zod'

const point = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)])

/** Less than this part of the picture is no area: a line, or a slip of the hand. */
const AREA_MIN = 1e-4
/** Parts of the picture's width and height that tell two corners apart. */
const APART = 1e-6

export const zone = z
  .strictObject({
    name: z.string().min(1).max(40).describe('what people call the place; no two zones have the same'),
    mode: z
      .enum(['watch', 'ignore', 'private'])
      .describe(
        '`watch`: only movement in such zones counts; `ignore`: movement here does not, also where a `watch` zone is; `private`: the same, and it is never recorded (see `capture.privateZones`)',
      ),
    points: z.array(point).max(32).describe('corners, each `[x, y]` from 0 (left, top) to 1 (right, bottom)'),
  })
  .superRefine(({ name, points }, context) => {
    const problem = problemWith(points)
    if (problem !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['points'],
        message: `zone “${name}”: ${problem}`,
        input: points,
      })
  })

type Points = readonly (readonly [number, number])[]

function problemWith(points: Points): string | undefined {
  if (differentIn(points).length < 3) return 'wanted at least three different corners'
  if (!coversSome(points)) return 'wanted corners around an area, these lie on one line'
  return undefined
}

function differentIn(points: Points): Points {
  const isNear = ([ax, ay]: Points[number], [bx, by]: Points[number]): boolean =>
    Math.abs(ax - bx) < APART && Math.abs(ay - by) < APART
  return points.filter((one, index) => points.findIndex((other) => isNear(one, other)) === index)
}

/** The signed area of a figure eight is 0 although it covers something; so each three corners are looked at. */
function coversSome(points: Points): boolean {
  return points.some((a, i) =>
    points.some((b, j) => j > i && points.some((c, k) => k > j && triangle(a, b, c) >= AREA_MIN)),
  )
}

const triangle = ([ax, ay]: Points[number], [bx, by]: Points[number], [cx, cy]: Points[number]): number =>
  Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2

export const zones = z
  .array(zone)
  .max(16)
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      const first = all.findIndex((other) => other.name === name)
      if (first < index)
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `wanted another name for every zone, zone ${first + 1} has this one already`,
          input: name,
        })
    }
  })

export type ZoneConfig = z.output<typeof zone>
