import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, open, readdir, readFile, rm, stat, statfs } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { silentLog } from '../base/log.ts'
import { createVision } from '../drivers/vision/index.ts'
import type { VisionState } from '../ports/vision.ts'
import type { BoardFacts, ClockFacts, Codecs, FolderFacts, SpaceFacts } from './doctor-judge.ts'

const run = promisify(execFile)
/** Only what hangs takes so long, even on a busy board. */
const TOOL_MS_MAX = 60_000
const TMPFS_MAGIC = 0x01021994
const RAMFS_MAGIC = 0x858458f6

/** What a program prints, or undefined where there is none or it does not work. */
export async function whatSays(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(program, args, { timeout: TOOL_MS_MAX, maxBuffer: 4 * 1024 * 1024 })
    return stdout === '' ? stderr : stdout
  } catch {
    return undefined // Absent, not executable, crashed or hung: to the doctor all the same.
  }
}

export async function gatherCodecs(): Promise<Codecs | undefined> {
  const [encoders, decoders] = [
    await whatSays('ffmpeg', ['-hide_banner', '-v', 'error', '-encoders']),
    await whatSays('ffmpeg', ['-hide_banner', '-v', 'error', '-decoders']),
  ]
  if (encoders === undefined || decoders === undefined) return undefined
  return { encoders: namesIn(encoders), decoders: namesIn(decoders) }
}

/** ffmpeg's tables: ` V....D libx264   libx264 H.264 …`. */
const namesIn = (table: string): ReadonlySet<string> =>
  new Set([...table.matchAll(/^ [VAS][.\w]{5} (\S+)/gm)].map((row) => row[1] ?? ''))

export async function gatherFolder(path: string): Promise<FolderFacts> {
  const user = userName()
  const state = await stateOf(path)
  if (state !== 'there')
    return { path, state, user, writable: state === 'absent' && (await canWriteAbove(path)) }
  const { mode } = await stat(path)
  const key = await stat(join(path, 'device.key')).catch(() => undefined)
  return {
    path,
    state,
    user,
    mode,
    writable: await canWrite(path),
    inMemory: [TMPFS_MAGIC, RAMFS_MAGIC].includes((await statfs(path)).type),
    ...(key === undefined ? {} : { keyMode: key.mode }),
  }
}

export async function gatherSpace(
  path: string,
  rules: { readonly bytesMax: number; readonly reserveBytes: number },
): Promise<SpaceFacts | undefined> {
  const there = await nearestFolder(path)
  const disk = await statfs(there).catch(() => undefined)
  if (disk === undefined) return undefined
  return {
    freeBytes: disk.bavail * disk.bsize,
    ofBytes: disk.blocks * disk.bsize,
    clipBytes: await bytesBelow(join(path, 'clips')),
    bytesMax: rules.bytesMax,
    reserveBytes: rules.reserveBytes,
  }
}

export async function gatherClock(dataFolder: string | undefined, nowUnixMs: number): Promise<ClockFacts> {
  const newest = dataFolder === undefined ? undefined : await newestIn(dataFolder)
  const synchronised = await isSynchronised()
  return {
    nowUnixMs,
    ...(newest === undefined ? {} : { newestUnixMs: newest }),
    ...(synchronised === undefined ? {} : { synchronised }),
  }
}

export async function gatherBoard(): Promise<BoardFacts> {
  const model = await readFile('/proc/device-tree/model', 'utf8').catch(() => undefined)
  const devices = await readdir('/dev').catch(() => [])
  const gpioChips = devices.filter((name) => /^gpiochip\d+$/.test(name))
  const [chip] = gpioChips
  return {
    model: model?.replaceAll('\0', '').trim(),
    gpioChips,
    gpioReadable: chip !== undefined && (await may(`/dev/${chip}`, constants.R_OK | constants.W_OK)),
    cameras: await camerasAmong(devices),
  }
}

/** Only the V4L2 nodes of sensors and USB cameras: a Raspberry Pi also has codecs and scalers there. */
async function camerasAmong(devices: readonly string[]): Promise<readonly string[]> {
  const cameras: string[] = []
  for (const device of devices.filter((name) => /^video\d+$/.test(name)).sort()) {
    const name = await readFile(`/sys/class/video4linux/${device}/name`, 'utf8').catch(() => '')
    if (/unicam|rp1-cfe|camera|uvc|webcam/i.test(name)) cameras.push(`${device} (${name.trim()})`)
  }
  return cameras
}

/** systemd-timesyncd leaves a file; chrony and others are seen through the kernel, which timedatectl asks. */
async function isSynchronised(): Promise<boolean | undefined> {
  if (await may('/run/systemd/timesync/synchronized', constants.F_OK)) return true
  const says = await whatSays('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'])
  if (says?.trim() === 'yes') return true
  return says?.trim() === 'no' ? false : undefined
}

async function stateOf(path: string): Promise<FolderFacts['state']> {
  try {
    return (await stat(path)).isDirectory() ? 'there' : 'not-a-folder'
  } catch {
    return 'absent'
  }
}

async function canWriteAbove(path: string): Promise<boolean> {
  return may(await nearestFolder(path), constants.W_OK | constants.X_OK)
}

async function nearestFolder(path: string): Promise<string> {
  let folder = resolve(path)
  while ((await stateOf(folder)) !== 'there' && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** Really writes and syncs: a read-only or full disk passes the permission check. */
async function canWrite(path: string): Promise<boolean> {
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(path, '.doctor-'))
    const file = await open(join(folder, 'probe'), 'wx')
    try {
      await file.writeFile('lintel doctor\n')
      await file.datasync()
    } finally {
      await file.close()
    }
    return true
  } catch {
    return false
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function bytesBelow(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries)
    if (entry.isFile())
      bytes += await stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      )
  return bytes
}

async function newestIn(folder: string): Promise<number | undefined> {
  const names = await readdir(folder).catch(() => [])
  const times: number[] = []
  for (const name of names) {
    const facts = await stat(join(folder, name)).catch(() => undefined)
    if (facts !== undefined) times.push(facts.mtimeMs)
  }
  return times.length === 0 ? undefined : Math.max(...times)
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'this user')
  }
}

const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )

const TRIAL = { width: 32, height: 32, rgb: new Uint8Array(3 * 32 * 32) }
const TRIAL_MS_MAX = 60_000

/** Whether people can be recognised here, found out by looking at a black picture. */
export async function gatherRecogniser(): Promise<VisionState> {
  await using vision = createVision({ log: silentLog, nice: 0 })
  const within = { x: 0, y: 0, width: 1, height: 1 }
  // Why it did not work is in its state.
  await vision.look(TRIAL, { within, signal: AbortSignal.timeout(TRIAL_MS_MAX) }).catch(() => {})
  return vision.state()
}
