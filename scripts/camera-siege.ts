import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startScriptedRtsp, type ScriptedRtsp, type Trouble } from './live-lab/scripted-rtsp.ts'
import { readFilm } from './live-lab/camera.ts'

const LINTEL = join(import.meta.dirname, 'lintel')
const MAIN = join(import.meta.dirname, '../src/main.ts')
const STALL_MS = 3000
const FILM_FRAMES_PER_S = 15
/** The processor's clock ticks a second, as Linux tells them to programs on every platform. */
const TICKS_PER_S = 100
/** What a collection has not yet taken back. */
const MB_MORE_MAX = 25
/** A session that is just being closed beside one that is just being opened. */
const FILES_MORE_MAX = 4
/** Opening a stream anew and decoding from its key frame costs something, once per trouble. */
const CPU_MORE_MAX = 1.5

const TROUBLES = ['stall', 'reset', 'garbage', 'size'] as const

type Sample = { readonly atS: number; readonly rssMb: number; readonly files: number; readonly cpuS: number }
type Judgement = { readonly says: string; readonly isWell: boolean }

async function siege({
  seconds,
  everyS,
}: {
  readonly seconds: number
  readonly everyS: number
}): Promise<number> {
  if (!(everyS >= 5) || !(seconds >= everyS * 4)) {
    process.stderr.write(
      'wanted at least 5 seconds from one trouble to the next, and time for four of them\n',
    )
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'lintel-siege-'))
  try {
    await using camera = await startCamera(everyS)
    const child = startDoorbell(folder, camera.port)
    const log = linesOf(child)
    const ended = once(child, 'exit') as Promise<[number | null]> // Node says so.
    const watching = watch(child, { seconds, everyS, camera, log })
    const samples = await watching.finally(() => child.kill('SIGTERM'))
    const [code] = await ended
    return report(judge(samples, { everyS, camera, log, code }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first stretch is without trouble, to compare with. Then each connection ends with the next kind of it. */
async function startCamera(everyS: number): Promise<ScriptedRtsp> {
  const films = [await readFilm('walk-up-night.mp4'), await readFilm('open-gop.mp4')] as const
  const shown = { '/door': films[0] }
  let size = 0
  const trouble = (connection: number): Trouble => {
    const kind = TROUBLES[connection % TROUBLES.length] ?? 'reset'
    const after = Math.round(everyS * FILM_FRAMES_PER_S)
    shown['/door'] = films[size % 2] ?? films[0]
    if (kind !== 'size') return { after, doing: kind }
    size++
    return { after, doing: { film: films[size % 2] ?? films[0] } }
  }
  return startScriptedRtsp({ films: shown, trouble })
}

function startDoorbell(folder: string, port: number): ChildProcess {
  const [data, owner] = [join(folder, 'data'), join(folder, 'owner.txt')]
  for (const args of [
    ['init', '--owner', owner],
    ['enrol', '--owner', owner, '--data', data],
  ]) {
    const { status, stderr } = spawnSync(LINTEL, ['owner', ...args], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`lintel owner ${args[0]}: ${stderr}`)
  }
  const settings = {
    ...{ 'camera.kind': 'rtsp', 'camera.rtsp.url': `rtsp://127.0.0.1:${port}/door`, 'web.port': 0 },
    ...{ 'capture.stallMs': STALL_MS, 'detect.recognise': false, 'retention.bytesMax': 50_000_000 },
  }
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--max-semi-space-size=2',
    MAIN,
    'run',
    '--data',
    data,
    ...sets,
  ]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function linesOf(child: ChildProcess): readonly string[] {
  const lines: string[] = []
  let rest = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  return lines
}

type Watching = {
  readonly seconds: number
  readonly everyS: number
  readonly camera: ScriptedRtsp
  readonly log: readonly string[]
}

async function watch(
  child: ChildProcess,
  { seconds, everyS, camera, log }: Watching,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  const startedAt = performance.now()
  for (let atS = 0; atS < seconds; atS = (performance.now() - startedAt) / 1000) {
    await sleep(1000)
    if (child.exitCode !== null)
      throw new Error(`lintel run ended with ${child.exitCode}:\n${log.slice(-20).join('\n')}`)
    const sample = sampleOf(child.pid ?? 0, atS)
    samples.push(sample)
    if (samples.length % Math.round(everyS) === 0)
      process.stdout.write(
        `${atS.toFixed(0)} s: ${sample.rssMb.toFixed(0)} MB, ${sample.files} open files, ${sample.cpuS.toFixed(1)} s of processor time, ${camera.connections()} sessions, ${gapsIn(log)} gaps told\n`,
      )
  }
  return samples
}

function sampleOf(pid: number, atS: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  // utime, stime, and those of its children that have ended; see proc(5).
  const cpu = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0)
  const rssKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
  return { atS, rssMb: rssKb / 1024, files: readdirSync(`/proc/${pid}/fd`).length, cpuS: cpu / TICKS_PER_S }
}

/** How a run of the camera ends is said once. */
const gapsIn = (log: readonly string[]): number =>
  log.filter((line) => /capture\.camera_lost|camera\.run_over/.test(line)).length

function judge(
  samples: readonly Sample[],
  { everyS, camera, log, code }: Omit<Watching, 'seconds'> & { readonly code: number | null },
): readonly Judgement[] {
  const [middle, end] = [within(samples, 1 / 3, 2 / 3), within(samples, 2 / 3, 1)]
  const grownMb = Math.min(...end.map(({ rssMb }) => rssMb)) - Math.min(...middle.map(({ rssMb }) => rssMb))
  const files = (of: readonly Sample[]): number => Math.max(...of.map((sample) => sample.files))
  const quiet = samples.filter(({ atS }) => atS > everyS / 3 && atS < everyS)
  const cpu = { quiet: cpuPerS(quiet), end: cpuPerS(samples.filter(({ atS }) => atS >= everyS)) }
  const [sessions, gaps] = [camera.connections(), gapsIn(log)]
  return [
    {
      says: `memory: ${grownMb.toFixed(0)} MB more in the last third than in the one before`,
      isWell: grownMb <= MB_MORE_MAX,
    },
    {
      says: `open files: ${files(middle)}, then ${files(end)}`,
      isWell: files(end) <= files(middle) + FILES_MORE_MAX,
    },
    {
      says: `processor: ${(cpu.quiet * 1000).toFixed(0)} ms a second without trouble, ${(cpu.end * 1000).toFixed(0)} with`,
      isWell: cpu.end <= cpu.quiet * CPU_MORE_MAX + 0.02,
    },
    {
      says: `${sessions} sessions, ${gaps} gaps told`,
      isWell: sessions > TROUBLES.length && Math.abs(sessions - 1 - gaps) <= 1,
    },
    { says: `lintel run ended with ${code}`, isWell: code === 0 },
  ]
}

const within = (samples: readonly Sample[], from: number, to: number): readonly Sample[] =>
  samples.slice(Math.floor(samples.length * from), Math.floor(samples.length * to))

function cpuPerS(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  return first === undefined || last === undefined
    ? 0
    : (last.cpuS - first.cpuS) / Math.max(1, last.atS - first.atS)
}

function report(judgements: readonly Judgement[]): number {
  for (const { says, isWell } of judgements) process.stdout.write(`${isWell ? 'ok   ' : 'FAIL '} ${says}\n`)
  const failed = judgements.filter(({ isWell }) => !isWell).length
  process.stdout.write(`${judgements.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, every: { type: 'string', default: '60' } },
})
process.exitCode = await siege({ seconds: Number(values.minutes) * 60, everyS: Number(values.every) })
