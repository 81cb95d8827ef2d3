/** The detectors that `scripts/bench seeing` compares: how each is asked what moved, and what it costs. */
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { Fault } from '../src/base/fault.ts'
import { bareDecode, durationOf, LINTEL } from './bench-parts.ts'
import { ROOT, runTool } from './checks/tools.ts'
import type { Span } from './score-motion-rules.ts'

export const DETECTORS = ['lintel', 'motion', 'knn', 'mog2'] as const
export type DetectorName = (typeof DETECTORS)[number]

export type Command = readonly [program: string, args: readonly string[]]

export type Detector = {
  readonly name: string
  /** Undefined: it is here; otherwise what to type to get it. */
  missing(): Promise<string | undefined>
  watch(file: string): Promise<readonly Span[]>
  /** Looks at the video once, whole; `playsInRealTime`: only its first half minute, as fast as it was recorded. */
  readonly cost: { readonly command: (file: string) => Promise<Command>; readonly playsInRealTime?: true }
}

/** Debian's, for which `python3-opencv` is installed. */
const PYTHON = '/usr/bin/python3'
const OPENCV = path.join(ROOT, 'scripts/bench-seeing-opencv.py')
/** What `motion` waits for after the last movement until it calls an event over. */
const MOTION_GAP_S = 2
const REAL_TIME_S = 30

/** `work`: a folder for what the detectors leave. */
export function detectorsIn(work: string): Readonly<Record<DetectorName, Detector>> {
  return { lintel: lintelIn(work), motion: motionIn(work), knn: openCv('knn'), mog2: openCv('mog2') }
}

const detected = z.looseObject({ motion: z.array(z.tuple([z.number(), z.number()])) })

function lintelIn(work: string): Detector {
  return {
    name: 'Lintel',
    missing: async () => undefined,
    watch: async (file) => {
      const args = ['detect', file, '--json', '--set', 'detect.recognise=false']
      return detected.parse(JSON.parse(await outputOf(LINTEL, args))).motion
    },
    cost: { command: async (file) => simCommand(work, file, { decode: 'always' }) },
  }
}

let runs = 0
/** The whole runtime, with the decoding that is asked for, and with people recognised or not. */
export async function simCommand(
  work: string,
  file: string,
  { decode, recognise = false }: { readonly decode: 'auto' | 'always'; readonly recognise?: boolean },
): Promise<Command> {
  const owner = path.join(work, 'owner.txt')
  await runTool(LINTEL, ['owner', 'init', '--owner', owner]) // Fails where it is there already; sim says what is wrong.
  const folder = path.join(work, `data-${++runs}`)
  const settings = [`detect.recognise=${recognise}`, `detect.decode=${decode}`].flatMap((set) => [
    '--set',
    set,
  ])
  return [LINTEL, ['sim', file, '--data', folder, '--owner', owner, '--cloud', 'none', '--json', ...settings]]
}

const openCv = (kind: 'knn' | 'mog2'): Detector => ({
  name: `OpenCV ${kind.toUpperCase()}`,
  missing: () => unlessRuns('apt install python3-opencv', PYTHON, ['-c', 'import cv2']),
  watch: async (file) => readSpans(await outputOf(PYTHON, [OPENCV, kind, file]), `OpenCV ${kind}`),
  cost: { command: async (file) => [PYTHON, [OPENCV, kind, file]] },
})

const spans = z.array(z.tuple([z.number(), z.number()]))

/** Throws `Fault('invalid')` for anything but a JSON list of pairs. */
export function readSpans(text: string, whose: string): readonly Span[] {
  try {
    return spans.parse(JSON.parse(text))
  } catch (cause) {
    throw new Fault('invalid', `${whose}: wanted [[from, to], …], got ${text.trim().slice(0, 80)}`, { cause })
  }
}

/** As Debian ships it, at the size of the video; nothing is written. */
function motionIn(work: string): Detector {
  const configure = async (file: string): Promise<string> => {
    const config = path.join(work, 'motion.conf')
    await mkdir(work, { recursive: true })
    await writeFile(
      config,
      [
        `netcam_url file://${file}`,
        ...['daemon off', 'setup_mode off', 'log_level 6', 'framerate 100', `event_gap ${MOTION_GAP_S}`],
        ...['picture_output off', 'movie_output off', 'stream_port 0', 'webcontrol_port 0'],
      ].join('\n'),
    )
    return config
  }
  const command = async (file: string, seconds: number): Promise<Command> => {
    const play = `timeout -s INT ${seconds} motion -n -c ${await configure(file)}; true`
    return ['sh', ['-c', play]]
  }
  return {
    name: 'Motion',
    missing: () => unlessRuns('apt install motion', 'sh', ['-c', 'command -v motion']),
    watch: async (file) => {
      const [program, args] = await command(file, Math.ceil((await durationOf(file)) + 2))
      return listenToMotion(program, args)
    },
    cost: { command: (file) => command(file, REAL_TIME_S), playsInRealTime: true },
  }
}

/** It plays at the speed of life and says what it sees when it sees it. */
async function listenToMotion(program: string, args: readonly string[]): Promise<readonly Span[]> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const heard: Line[] = []
  for await (const text of createInterface({ input: child.stderr }))
    heard.push({ atS: performance.now() / 1000, text })
  return spansOfMotion(heard)
}

export type Line = { readonly atS: number; readonly text: string }

/** What Motion's log says, as spans from when its camera was connected on, without the pause that ends an event. */
export function spansOfMotion(lines: readonly Line[]): readonly Span[] {
  const connected = lines.find(({ text }) => /Camera .* connected/.test(text))
  if (connected === undefined)
    throw new Fault('invalid', 'Motion: it never said that its camera is connected')
  const found: Span[] = []
  let from: number | undefined
  for (const { atS, text } of lines) {
    const at = atS - connected.atS
    if (/starting event \d+/.test(text)) from = at
    if (/End of event \d+/.test(text) && from !== undefined) {
      found.push([from, Math.max(from, at - MOTION_GAP_S)])
      from = undefined
    }
  }
  return found
}

/** What nobody can do without, to compare with. */
export const LIMITS: readonly { readonly name: string; readonly command: (file: string) => Command }[] = [
  { name: 'limit: decode, grey 320 @5', command: (file) => ['ffmpeg', bareDecode(file)] },
  {
    name: 'limit: key frames only',
    command: (file) => ['ffmpeg', ['-skip_frame', 'nokey', ...bareDecode(file)]],
  },
  {
    name: 'limit: demux only',
    command: (file) => ['ffmpeg', ['-v', 'error', '-nostdin', '-i', file, '-c', 'copy', '-f', 'null', '-']],
  },
]

async function unlessRuns(
  todo: string,
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  const ended = await runTool(program, args).catch(() => undefined) // Not installed.
  return ended?.code === 0 ? undefined : todo
}

async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runTool(program, [...args])
  if (code !== 0)
    throw new Fault('invalid', `${path.basename(program)}: ${stderr.trim() || `ended with ${code}`}`)
  return stdout
}
