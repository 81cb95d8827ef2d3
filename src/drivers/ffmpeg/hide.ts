/** Fills areas of a picture with a plain colour, with ffmpeg's own filters, before anything is encoded. */

/** Corners as `[x, y]`, each from 0 (left, top) to 1 (right, bottom); what is inside is told by the even-odd rule. */
export type Outline = readonly (readonly [number, number])[]

/** A rectangle of whole pixels; `toX` and `toY` are the first that are outside. */
export type Rect = {
  readonly fromX: number
  readonly fromY: number
  readonly toX: number
  readonly toY: number
}

type Size = { readonly width: number; readonly height: number }
type Run = { readonly from: number; readonly to: number }

/** Every rectangle is a filter of its own: about 2 µs a picture, and some 90 characters of the command line. */
const RECTS_MAX = 400
const COLOUR = 'black'

/**
 * A chain of filters, empty for no areas. One input only, and nothing that has to come in time or could run out: a mask that
 * is laid over from a second input would let the picture through before its first and after its last picture. Places are
 * given in parts of the size, so that they hold also when the size changes in the middle of a stream.
 */
export function hidingFilters(areas: readonly Outline[], size: Size): readonly string[] {
  return rectsOver(areas, size).map(({ fromX, fromY, toX, toY }) => {
    const x = placed('iw', fromX, toX, size.width)
    const y = placed('ih', fromY, toY, size.height)
    return `drawbox=x='${x.from}':y='${y.from}':w='${x.length}':h='${y.length}':color=${COLOUR}:t=fill`
  })
}

function placed(whole: string, from: number, to: number, of: number) {
  const first = `floor(${whole}*${from}/${of})`
  return { from: first, length: `ceil(${whole}*${to}/${of})-${first}` }
}

/**
 * Rectangles that cover every pixel which one of the areas touches, and as few others as that allows: with slanted edges
 * the rows are taken two at a time (as the colours of the pictures are), or more where that would give too many.
 */
export function rectsOver(areas: readonly Outline[], size: Size): readonly Rect[] {
  for (let step = 2; ; step *= 2) {
    const rects = merged(bandsOver(areas, size, step))
    if (rects.length <= RECTS_MAX || step >= size.height) return rects
  }
}

type Band = { readonly fromY: number; readonly toY: number; readonly runs: readonly Run[] }

function bandsOver(areas: readonly Outline[], size: Size, step: number): readonly Band[] {
  const scaled = areas.map((points) => points.map(([x, y]) => [x * size.width, y * size.height] as const))
  const bands: Band[] = []
  for (let fromY = 0; fromY < size.height; fromY += step) {
    const toY = Math.min(size.height, fromY + step)
    const runs = joined(scaled.flatMap((outline) => runsIn(outline, { fromY, toY, width: size.width })))
    bands.push({ fromY, toY, runs })
  }
  return bands
}

/** What an area touches of a band: what its edges sweep there, and what is inside of it in between. */
function runsIn(outline: Outline, { fromY, toY, width }: Omit<Rect, 'fromX' | 'toX'> & Pick<Size, 'width'>) {
  const edges = edgesOf(outline)
  const swept = edges.flatMap((edge) => sweptBy(edge, fromY, toY))
  // Where no edge passes, a pixel is inside at its middle or not at all; so one line through the band tells.
  const crossings = crossingsAt(edges, (fromY + toY) / 2)
  const inside = crossings.flatMap((from, index) =>
    index % 2 === 0 ? [{ from, to: crossings[index + 1] ?? from }] : [],
  )
  return [...swept, ...inside]
    .map(({ from, to }) => ({ from: Math.max(0, Math.floor(from)), to: Math.min(width, Math.ceil(to)) }))
    .filter(({ from, to }) => from < to)
}

type Edge = { readonly a: Outline[number]; readonly b: Outline[number] }

const edgesOf = (outline: Outline): readonly Edge[] =>
  outline.map((b, index) => ({ a: outline.at(index - 1) ?? b, b }))

/** The part of an edge that is in the band; along its rim it takes nothing from it. */
function sweptBy({ a: [ax, ay], b: [bx, by] }: Edge, fromY: number, toY: number): readonly Run[] {
  if (Math.max(ay, by) <= fromY || Math.min(ay, by) >= toY) return []
  const xAt = (y: number): number =>
    ax + ((bx - ax) * (clamp(y, Math.min(ay, by), Math.max(ay, by)) - ay)) / (by - ay)
  const [one, other] = ay === by ? [ax, bx] : [xAt(fromY), xAt(toY)]
  return [{ from: Math.min(one, other), to: Math.max(one, other) }]
}

function crossingsAt(edges: readonly Edge[], y: number): readonly number[] {
  return edges
    .flatMap(({ a: [ax, ay], b: [bx, by] }) =>
      ay > y === by > y ? [] : [ax + ((bx - ax) * (y - ay)) / (by - ay)],
    )
    .sort((one, other) => one - other)
}

/** Runs that touch or overlap become one. */
function joined(runs: readonly Run[]): readonly Run[] {
  const result: Run[] = []
  for (const run of [...runs].sort((one, other) => one.from - other.from)) {
    const last = result.at(-1)
    if (last === undefined || run.from > last.to) result.push(run)
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, run.to) }
  }
  return result
}

/** A run that is the same in the next band goes on as one rectangle. */
function merged(bands: readonly Band[]): readonly Rect[] {
  const done: Rect[] = []
  let open: readonly Rect[] = []
  for (const { fromY, toY, runs } of bands) {
    const isSame = (rect: Rect, { from, to }: Run): boolean => rect.fromX === from && rect.toX === to
    done.push(...open.filter((rect) => !runs.some((run) => isSame(rect, run))))
    open = runs.map((run) => {
      const above = open.find((rect) => isSame(rect, run))
      return { fromX: run.from, toX: run.to, fromY: above?.fromY ?? fromY, toY }
    })
  }
  return [...done, ...open]
}

const clamp = (n: number, least: number, most: number): number => Math.min(most, Math.max(least, n))
