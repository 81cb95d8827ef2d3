/**
 * What the runtime costs, as ratios taken in one run:
 *
 *   scripts/bench                      CPU of `lintel sim` against a bare ffmpeg decode, at 1080p, 720p and 360p
 *   scripts/bench --long               and the peak memory of Node over one hour of 1080p
 *   scripts/bench --rounds 5 my.mp4    a video of yours instead
 *
 * Numbers never make it fail: a busy machine is no bug. The two sides take turns, so that both meet the same weather.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import {
  bareDecode,
  costOf,
  durationOf,
  LINTEL,
  makeVideo,
  median,
  readPeakRssMb,
  type Cost,
} from './bench-parts.ts'
import { mustRun } from './checks/tools.ts'

const CPU_RATIO_WANTED = 1.3
const PEAK_RSS_MB_WANTED = 200
const SIZES = [
  { name: '1080p', width: 1920, height: 1080, kbitPerS: 3000 }, // What cameras of that size send.
  { name: '720p', width: 1280, height: 720, kbitPerS: 1500 },
  { name: '360p', width: 640, height: 360, kbitPerS: 500 },
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '120' },
    long: { type: 'boolean', default: false },
  },
})

const work = await mkdtemp(path.join(tmpdir(), 'lintel-bench-'))

async function main(): Promise<void> {
  const rounds = Number(values.rounds)
  console.log(
    `${cpus().length} processors, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${rounds} rounds each\n`,
  )
  const videos = await chooseVideos()
  await mustRun(LINTEL, ['owner', 'init', '--owner', ownerFile()])
  console.log('video         length  ffmpeg CPU  lintel CPU   ratio   (each round)          lintel wall')
  for (const video of videos) await compare(video, rounds)
  console.log(
    `\nratio: whole runtime against bare ffmpeg decoding to 5 small pictures a second; wanted at most ${CPU_RATIO_WANTED}`,
  )
  if (values.long) await measureMemory()
}

const ownerFile = (): string => path.join(work, 'owner.txt')

type Video = { readonly name: string; readonly file: string }

async function chooseVideos(): Promise<readonly Video[]> {
  if (positionals.length > 0)
    return positionals.map((file) => ({ name: path.basename(file), file: path.resolve(file) }))
  const videos: Video[] = []
  for (const size of SIZES)
    videos.push({ name: size.name, file: await makeVideo({ ...size, seconds: Number(values.seconds) }) })
  return videos
}

async function compare({ name, file }: Video, rounds: number): Promise<void> {
  const bare: Cost[] = []
  const whole: Cost[] = []
  for (let round = 0; round < rounds; round++) {
    bare.push(await costOf('ffmpeg', bareDecode(file)))
    whole.push(await costOf(LINTEL, simOf(file, path.join(work, `${name}-${round}`))))
  }
  const ratios = whole.map(({ cpuS }, round) => cpuS / (bare[round]?.cpuS ?? Number.NaN))
  const seconds = await durationOf(file)
  const each = `(${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`
  const row = [
    name.padEnd(12),
    `${seconds.toFixed(0)} s`.padStart(7),
    `${median(bare.map(({ cpuS }) => cpuS)).toFixed(2)} s`.padStart(11),
    `${median(whole.map(({ cpuS }) => cpuS)).toFixed(2)} s`.padStart(11),
    median(ratios).toFixed(2).padStart(7),
  ]
  const wallS = median(whole.map((cost) => cost.wallS))
  console.log(
    `${row.join(' ')}   ${each.padEnd(22)}${wallS.toFixed(1)} s, ${(seconds / wallS).toFixed(0)} × real time`,
  )
}

const simOf = (file: string, data: string): readonly string[] => [
  'sim',
  file,
  '--json',
  '--speed',
  'max',
  '--data',
  data,
  '--owner',
  ownerFile(),
]

async function measureMemory(): Promise<void> {
  const [hd] = SIZES
  if (hd === undefined) return
  const minute = await makeVideo({ ...hd, seconds: Number(values.seconds) })
  const hour = path.join(work, 'hour.mp4')
  const times = Math.ceil(3600 / (await durationOf(minute))) - 1
  await mustRun('ffmpeg', ['-v', 'error', '-stream_loop', String(times), '-i', minute, '-c', 'copy', hour])
  console.log('\none hour of 1080p …')
  const { peakRssMb, reportedMb, wallS } = await runWatched(simOf(hour, path.join(work, 'hour')))
  console.log(
    `peak memory of Node: ${peakRssMb.toFixed(0)} MB by the kernel’s account, ${reportedMb.toFixed(0)} MB by its own; ` +
      `wanted at most ${PEAK_RSS_MB_WANTED} MB (${wallS.toFixed(0)} s, ${(3600 / wallS).toFixed(0)} × real time)`,
  )
}

const Report = z.object({ cost: z.object({ peakRssMb: z.number() }) })

/** Runs lintel and watches the kernel's high-water mark of its memory; scripts/lintel becomes Node, so the id is Node's. */
function runWatched(
  args: readonly string[],
): Promise<{ peakRssMb: number; reportedMb: number; wallS: number }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const child = spawn(LINTEL, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let stdout = ''
    let peakRssMb = 0
    const watch = setInterval(() => {
      readPeakRssMb(child.pid).then(
        (mb) => (peakRssMb = Math.max(peakRssMb, mb)),
        () => {},
      ) // Gone already.
    }, 200)
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      clearInterval(watch)
      if (code !== 0) return reject(new Error(`lintel sim ended with ${code}`))
      const { cost } = Report.parse(JSON.parse(stdout))
      resolve({ peakRssMb, reportedMb: cost.peakRssMb, wallS: (performance.now() - startedAt) / 1000 })
    })
  })
}

try {
  await main()
} finally {
  await rm(work, { recursive: true, force: true })
}
