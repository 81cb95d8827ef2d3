/** What it costs to recognise people, with each engine that is installed here. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { silentLog } from '../src/base/log.ts'
import { pictureAt, probeVideo } from '../src/drivers/ffmpeg/index.ts'
import { createVision, ENGINES, type EngineName } from '../src/drivers/vision/index.ts'
import type { ColourPicture } from '../src/ports/stills.ts'
import { ROOT } from './checks/tools.ts'

export type LookCost = { readonly engine: EngineName; readonly msPerLook: number; readonly peakRssMb: number }

const LOOKS = 50
const WHOLE = { x: 0, y: 0, width: 1, height: 1 }
/** Somebody stands at the door in it. */
const VISITOR = { file: path.join(ROOT, 'test-fixtures/walk-up.mp4'), atS: 12, widthMax: 640 }

/** Processor time of the engine's process for one look after the first; engines that do not work here are left out. */
export async function costsOfLooks(): Promise<readonly LookCost[]> {
  const { signal } = new AbortController()
  const picture = await pictureAt(await probeVideo(VISITOR.file), { ...VISITOR, signal })
  const costs: LookCost[] = []
  for (const engine of ENGINES) {
    const cost = await costOfLooks(engine, picture, signal)
    if (cost !== undefined) costs.push(cost)
  }
  return costs
}

async function costOfLooks(
  engine: EngineName,
  picture: ColourPicture,
  signal: AbortSignal,
): Promise<LookCost | undefined> {
  await using vision = createVision({ log: silentLog, engines: [engine], nice: 0 })
  const look = () => vision.look(picture, { within: WHOLE, signal })
  const first = await look().catch(() => undefined) // Not installed, or not for this processor.
  const pid = vision.pid()
  if (first === undefined || pid === undefined) return undefined
  const before = await cpuMsOf(pid)
  for (let n = 0; n < LOOKS; n++) await look()
  const msPerLook = ((await cpuMsOf(pid)) - before) / LOOKS
  return { engine, msPerLook, peakRssMb: await peakRssMbOf(pid) }
}

const TICK_MS = 10 // USER_HZ: fixed at 100 in what Linux tells user space.

/** `utime` + `stime`, fields 14 and 15 of /proc/PID/stat; see proc(5). */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // The name may hold blanks; field 3 comes after it.
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

async function peakRssMbOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
