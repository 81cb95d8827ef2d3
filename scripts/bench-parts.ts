/** What the benchmarks share: videos made once, and what a program costs. */
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { mustRun, ROOT } from './checks/tools.ts'

export const LINTEL = path.join(ROOT, 'scripts/lintel')
const CACHE = path.join(ROOT, '.cache/bench')

export type VideoRecipe = {
  readonly name: string
  readonly width: number
  readonly height: number
  /** What the encoder aims at: a rate, or a quality (x264's `crf`), where packets grow with what happens. */
  readonly kbitPerS: number | { readonly quality: number }
  readonly seconds: number
  /** Pictures a second; 25 when left out. */
  readonly fps?: number
  /** Nobody walks from here on; to the end when left out. */
  readonly walkS?: number
}

/**
 * A still scene with sensor noise through which something walks for a fifth of the time. Made once, then kept; gives the
 * file's name.
 */
export async function makeVideo(recipe: VideoRecipe): Promise<string> {
  const { name, kbitPerS, seconds, fps = 25, walkS } = recipe
  const walked = walkS === undefined ? '' : `-walk${walkS}s`
  const aim = typeof kbitPerS === 'number' ? `${kbitPerS}k` : `q${kbitPerS.quality}`
  const file = path.join(CACHE, `${name}-${seconds}s-${aim}${walked}.mp4`)
  if ((await stat(file).catch(() => undefined)) !== undefined) return file
  await mkdir(CACHE, { recursive: true })
  console.error(`making ${path.relative(process.cwd(), file)} …`)
  const { still, walker, graph } = drawingOf(recipe)
  const encode = `-t ${seconds} -c:v libx264 -preset veryfast ${typeof kbitPerS === 'number' ? `-b:v ${kbitPerS}k` : `-crf ${kbitPerS.quality}`} -g ${2 * fps} -pix_fmt yuv420p`
  const making = `${file}.${process.pid}.making.mp4`
  await mustRun('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', still, '-f', 'lavfi', '-i', walker],
    ...['-filter_complex', graph, ...encode.split(' '), making],
  ])
  await rename(making, file)
  return file
}

function drawingOf({ width, height, seconds, fps = 25, walkS = seconds }: VideoRecipe): {
  readonly still: string
  readonly walker: string
  readonly graph: string
} {
  const there = `lt(mod(t\\,30)\\,6)*lt(t\\,${walkS})` // Six seconds of every thirty.
  return {
    still: `mandelbrot=s=${width}x${height}:r=${fps},select='eq(n\\,0)',loop=-1:1,setpts=N/${fps}/TB`,
    walker: `color=c=0x404858:s=${even(width / 12)}x${even(height / 2)}:r=${fps}`,
    graph: `[0][1]overlay=x='(W+w)*mod(t\\,30)/6-w':y=H/3:enable='${there}':shortest=0,noise=alls=5:allf=t`,
  }
}

const even = (n: number): number => Math.round(n / 2) * 2

/** The beginning of a cached video, copied without decoding; kept beside it. */
export async function beginningOf(file: string, seconds: number): Promise<string> {
  const short = file.replace(/\.mp4$/, `-first${seconds}s.mp4`)
  if ((await stat(short).catch(() => undefined)) !== undefined) return short
  const making = `${short}.${process.pid}.making.mp4`
  await mustRun('ffmpeg', ['-v', 'error', '-y', '-i', file, '-t', String(seconds), '-c', 'copy', making])
  await rename(making, short)
  return short
}

/** What any program has to decode: grey, 320 wide, five pictures a second. */
export const bareDecode = (file: string): readonly string[] => [
  ...['-v', 'error', '-nostdin', '-i', file],
  ...['-vf', 'fps=5,scale=320:-2,format=gray', '-f', 'null', '-'],
]

export type Cost = {
  readonly cpuS: number
  readonly wallS: number
  /** Of the program and all its children that lived at one moment, each at its own peak; looked at ten times a second. */
  readonly peakRssMb: number
}

/** User and system time of a program and all its children, as the shell's `times` counts them. Throws when it fails. */
export function costOf(program: string, args: readonly string[]): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const child = spawn('sh', ['-c', '"$@" >/dev/null || exit; times', 'sh', program, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr, peakRssMb] = ['', '', 0]
    const watch = setInterval(() => {
      peakRssOfTree(child.pid).then(
        (mb) => (peakRssMb = Math.max(peakRssMb, mb)),
        () => {}, // Gone already.
      )
    }, 100)
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      clearInterval(watch)
      const wallS = (performance.now() - startedAt) / 1000
      if (code !== 0)
        reject(new Error(`${path.basename(program)} ${args.join(' ')} ended with ${code}:\n${stderr.trim()}`))
      else resolve({ cpuS: childrenCpuS(stdout), wallS, peakRssMb })
    })
  })
}

function childrenCpuS(times: string): number {
  const children = times.trim().split('\n')[1] ?? ''
  const [userS, systemS] = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, m, s]) => Number(m) * 60 + Number(s),
  )
  if (userS === undefined || systemS === undefined) throw new Error(`times: wanted two lines, got ${times}`)
  return userS + systemS
}

/** The peaks of all that a process has started, itself left out, in MB. */
async function peakRssOfTree(root: number | undefined): Promise<number> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const facts = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    parents.set(Number(name), Number(facts.slice(facts.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const descends = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || descends(parents.get(pid)))
  const members = [...parents.keys()].filter((pid) => pid !== root && descends(parents.get(pid)))
  const peaks = await Promise.all(members.map((pid) => readPeakRssMb(pid).catch(() => 0)))
  return peaks.reduce((sum, mb) => sum + mb, 0)
}

/** The kernel's high-water mark of a process's memory, in MB. Throws when it is gone. */
export async function readPeakRssMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024
}

/** Length of a video in seconds, as its container says. */
export async function durationOf(file: string): Promise<number> {
  const { stdout } = await mustRun('ffprobe', [
    ...['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', file],
  ])
  return Number(stdout)
}

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}
