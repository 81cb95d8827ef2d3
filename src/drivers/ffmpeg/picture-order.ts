import { Fault } from '../../base/fault.ts'
import { ticks } from '../../base/time.ts'
import { fieldsOf, numberIn, sectionOf } from './ffprobe-lines.ts'
import { inputArgs, type VideoFacts } from './probe.ts'
import { linesOf, startTool } from './run-tool.ts'
import type { Sample } from './samples.ts'

/** Of so many packets one may be damaged so that no picture comes out of it. */
const PACKETS_PER_LOST_PICTURE = 100

/**
 * When the pictures of a stream are shown whose container does not say (a raw stream, an AVI with B-frames): in the
 * order in which a decoder gives them out, at the times at which the packets come.
 */
export type PictureOrder = {
  /** When each packet comes, in ticks of `tickS`, in decoding order. */
  readonly comes: readonly number[]
  readonly tickS: number
  /** For each packet: how many pictures are shown before its own. */
  readonly rank: readonly number[]
  readonly lastDuration: number
}

/** Decodes the whole stream once, leaving out what is not needed to know the order. */
export async function readPictureOrder(
  video: VideoFacts,
  options: { readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<PictureOrder> {
  const decode = ['-v', 'fatal', '-skip_loop_filter', 'all', '-skip_idct', 'all']
  const entries = 'packet=pos,dts,duration:frame=pkt_pos:stream=time_base'
  const show = ['-of', 'compact', '-select_streams', 'V:0', '-show_entries', entries]
  await using tool = startTool('ffprobe', [...decode, ...show, ...inputArgs(video.path)], {
    signal: options.signal,
    failure: 'corrupt',
  })
  tool.stdin.end()
  const packets: ListedPacket[] = []
  const shown: number[] = []
  let tickS = 0
  for await (const line of linesOf(tool)) {
    const fields = fieldsOf(line)
    const section = sectionOf(line)
    if (section === 'packet')
      packets.push({
        pos: numberIn(fields, 'pos') ?? -1,
        dts: numberIn(fields, 'dts'),
        duration: numberIn(fields, 'duration') ?? 0,
      })
    if (section === 'frame') shown.push(numberIn(fields, 'pkt_pos') ?? -1)
    if (section === 'stream') tickS = secondsOf(fields.get('time_base') ?? '')
  }
  return orderOf(options.name, packets, shown, tickS)
}

type ListedPacket = { readonly pos: number; readonly dts: number | undefined; readonly duration: number }

function secondsOf(timeBase: string): number {
  const [num = 0, den = 0] = timeBase.split('/').map(Number)
  return den > 0 ? num / den : 0
}

function orderOf(
  name: string,
  packets: readonly ListedPacket[],
  shown: readonly number[],
  tickS: number,
): PictureOrder {
  const byPos = new Map(packets.map(({ pos }, index) => [pos, index]))
  const order = [...new Set(shown.flatMap((pos) => byPos.get(pos) ?? []))]
  const found = new Set(order)
  const lost = packets.length - found.size
  if (tickS === 0 || lost * PACKETS_PER_LOST_PICTURE > packets.length)
    throw new Fault('invalid', `${name}: ${lost} of its ${packets.length} pictures cannot be decoded`)
  for (const index of packets.keys())
    if (!found.has(index)) order.splice(index === 0 ? 0 : order.indexOf(index - 1) + 1, 0, index)
  const rank = packets.map(() => 0)
  for (const [place, index] of order.entries()) rank[index] = place
  return { comes: timesOf(packets), tickS, rank, lastDuration: packets.at(-1)?.duration ?? 0 }
}

/** A raw stream has no times at all: then one picture's duration follows the other. */
function timesOf(packets: readonly ListedPacket[]): readonly number[] {
  let next = 0
  return packets.map(({ dts, duration }) => {
    const at = dts ?? next
    next = at + duration
    return at
  })
}

/** Gives the samples of such a stream their times: shown when it is their turn, decoded as late as that allows. */
export function retimer(order: PictureOrder, name: string): (sample: Sample, timescale: number) => Sample {
  const { comes, rank, tickS, lastDuration } = order
  const shownAt = (index: number): number => comes[rank[index] ?? 0] ?? 0
  const delay = comes.reduce((most, at, index) => Math.max(most, at - shownAt(index)), 0)
  let index = 0
  return (sample, timescale) => {
    const at = comes[index]
    if (at === undefined)
      throw new Fault('corrupt', `${name}: wanted ${comes.length} packets as when it was looked at, got more`)
    const toTicks = (n: number): number => Math.round(n * tickS * timescale)
    const dts = toTicks(at - delay)
    const next = comes[index + 1] ?? at + lastDuration
    const pts = toTicks(shownAt(index))
    index++
    return { ...sample, pts: ticks(pts), dts: ticks(dts), duration: ticks(toTicks(next - delay) - dts) }
  }
}
