/** What `lintel doctor` thinks of what it saw. Pure: gathering is in `doctor-gather.ts`. */
import { assertNever } from '../base/assert.ts'
import type { Config } from '../config/index.ts'
import type { VisionState } from '../ports/vision.ts'

export type Outcome = 'ok' | 'warn' | 'fail' | 'skip'

export type Check = {
  readonly id: string
  readonly title: string
  readonly outcome: Outcome
  /** What is there, in plain words. */
  readonly saw: string
  /** What to type or do; absent when nothing is wrong. */
  readonly todo?: string
}

const NODE_MAJOR_MIN = 24
const GB = 1e9
/** Nothing of this project is older than this, so a clock that says so is wrong. */
const CLOCK_UNIX_MS_MIN = Date.UTC(2026, 0, 1)
const CLOCK_UNIX_MS_MAX = Date.UTC(2100, 0, 1)
const CLOCK_BEHIND_MS_MAX = 10 * 60_000

export function judgeNode(version: string): Check {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1] ?? 0)
  const check = { id: 'node', title: 'Node' }
  if (major >= NODE_MAJOR_MIN) return { ...check, outcome: 'ok', saw: version }
  return {
    ...check,
    outcome: 'fail',
    saw: `${version}, wanted ${NODE_MAJOR_MIN} or newer`,
    todo: 'start it with scripts/lintel, which brings its own Node',
  }
}

/** The first line a tool says about itself, or undefined where there is no such tool. */
export function judgeTool(tool: 'ffmpeg' | 'ffprobe', says: string | undefined): Check {
  const check = { id: tool, title: tool }
  if (says !== undefined) return { ...check, outcome: 'ok', saw: versionIn(says) }
  return { ...check, outcome: 'fail', saw: 'not found', todo: 'sudo apt install ffmpeg' }
}

export type Codecs = { readonly encoders: ReadonlySet<string>; readonly decoders: ReadonlySet<string> }

export function judgeCodecs(codecs: Codecs | undefined): Check {
  const check = { id: 'codecs', title: 'video codecs' }
  if (codecs === undefined) return { ...check, outcome: 'skip', saw: 'no ffmpeg to ask' }
  const missing = [
    ...['h264', 'hevc'].filter((name) => !codecs.decoders.has(name)).map((name) => `decoder ${name}`),
    ...(codecs.encoders.has('libx264') ? [] : ['encoder libx264']),
  ]
  if (missing.length === 0) return { ...check, outcome: 'ok', saw: 'decoders h264 and hevc, encoder libx264' }
  return {
    ...check,
    outcome: 'fail',
    saw: `this ffmpeg lacks ${missing.join(' and ')}`,
    todo: 'sudo apt install ffmpeg   (Debian’s build has them; a build of your own may shadow it in PATH)',
  }
}

export function judgeAge(says: string | undefined): Check {
  const check = { id: 'age', title: 'age' }
  return says === undefined
    ? {
        ...check,
        outcome: 'skip',
        saw: 'not found; not needed, but it opens the recordings without Lintel',
        todo: 'sudo apt install age',
      }
    : { ...check, outcome: 'ok', saw: says.trim() }
}

export type FolderFacts = {
  readonly path: string
  readonly state: 'absent' | 'not-a-folder' | 'there'
  /** Whether a file could be written and synced in it, or in the nearest folder above when it is absent. */
  readonly writable: boolean
  readonly mode?: number
  readonly user: string
  /** Of `device.key`, when there is one. */
  readonly keyMode?: number
  /** The folder forgets everything when the power goes. */
  readonly inMemory?: boolean
}

export function judgeFolder(facts: FolderFacts | undefined): Check {
  const check = { id: 'data', title: 'data folder' }
  if (facts === undefined) return { ...check, outcome: 'skip', saw: 'none given (--data DIR)' }
  const { path, user } = facts
  if (facts.state === 'not-a-folder')
    return {
      ...check,
      outcome: 'fail',
      saw: `${path} is no folder`,
      todo: 'give another one with --data DIR',
    }
  if (!facts.writable) return { ...check, outcome: 'fail', ...notWritable(facts) }
  if (facts.keyMode !== undefined && (facts.keyMode & 0o077) !== 0)
    return {
      ...check,
      outcome: 'fail',
      saw: `${path}/device.key is ${octal(facts.keyMode)}: other users can sign in this device’s name`,
      todo: `chmod 600 ${quoted(`${path}/device.key`)}`,
    }
  if (facts.state === 'absent')
    return { ...check, outcome: 'ok', saw: `${path} will be made at the first start` }
  if (facts.inMemory === true)
    return {
      ...check,
      outcome: 'warn',
      saw: `${path} lies in memory: recordings are gone when the power goes`,
      todo: 'give a folder on a disk with --data DIR',
    }
  if (facts.mode !== undefined && (facts.mode & 0o022) !== 0)
    return {
      ...check,
      outcome: 'warn',
      saw: `${path} is ${octal(facts.mode)}: other users can remove recordings`,
      todo: `chmod 700 ${quoted(path)}`,
    }
  return { ...check, outcome: 'ok', saw: `${path}, ${user} can write in it` }
}

function notWritable(facts: FolderFacts): Pick<Check, 'saw' | 'todo'> {
  const { path, user } = facts
  if (facts.state === 'absent')
    return {
      saw: `${path} is not there and ${user} may not make it`,
      todo: `sudo install -d -m 700 -o ${user} ${quoted(path)}`,
    }
  return { saw: `${user} cannot write in ${path}`, todo: `sudo chown -R ${user} ${quoted(path)}` }
}

export type SpaceFacts = {
  readonly freeBytes: number
  readonly ofBytes: number
  /** What the recordings there take already: they are part of what retention allows. */
  readonly clipBytes: number
  readonly bytesMax: number
  readonly reserveBytes: number
}

export function judgeSpace(facts: SpaceFacts | undefined): Check {
  const check = { id: 'space', title: 'disk space' }
  if (facts === undefined) return { ...check, outcome: 'skip', saw: 'no data folder to look at' }
  const room = Math.max(0, facts.freeBytes + facts.clipBytes - facts.reserveBytes)
  const saw = `${gb(facts.freeBytes)} of ${gb(facts.ofBytes)} free, recordings take ${gb(facts.clipBytes)}`
  if (facts.freeBytes <= facts.reserveBytes && facts.clipBytes === 0)
    return {
      ...check,
      outcome: 'fail',
      saw: `${saw}; ${gb(facts.reserveBytes)} stay free (retention.reserveBytes), so nothing can be recorded`,
      todo: 'free some space, or give a folder on a larger disk with --data DIR',
    }
  if (room < facts.bytesMax)
    return {
      ...check,
      outcome: 'warn',
      saw: `${saw}; retention allows ${gb(facts.bytesMax)}, but there is room for ${gb(room)}: old recordings go earlier`,
      todo: `free some space, or say so in the configuration: retention.bytesMax: ${room - (room % 1e6)}`,
    }
  return { ...check, outcome: 'ok', saw }
}

export type ClockFacts = {
  readonly nowUnixMs: number
  /** When something was last written in the data folder. */
  readonly newestUnixMs?: number
  /** Undefined where nobody can tell (no systemd). */
  readonly synchronised?: boolean
}

export function judgeClock(facts: ClockFacts): Check {
  const check = { id: 'clock', title: 'clock' }
  const saw = `${new Date(facts.nowUnixMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const todo = 'sudo timedatectl set-ntp true'
  if (facts.nowUnixMs < CLOCK_UNIX_MS_MIN || facts.nowUnixMs > CLOCK_UNIX_MS_MAX)
    return { ...check, outcome: 'fail', saw: `${saw} cannot be right`, todo }
  if (facts.newestUnixMs !== undefined && facts.nowUnixMs < facts.newestUnixMs - CLOCK_BEHIND_MS_MAX)
    return {
      ...check,
      outcome: 'warn',
      saw: `${saw} is before the newest file in the data folder: the clock went back`,
      todo,
    }
  if (facts.synchronised === undefined)
    return { ...check, outcome: 'ok', saw: `${saw}; nobody here says whether it is set by network time` }
  if (!facts.synchronised)
    return {
      ...check,
      outcome: 'warn',
      saw: `${saw}, not set by network time: recordings are marked “clock not trusted”`,
      todo,
    }
  return { ...check, outcome: 'ok', saw: `${saw}, set by network time` }
}

export function judgeConfig(facts: { readonly name: string | undefined; readonly wrong?: string }): Check {
  const check = { id: 'config', title: 'configuration' }
  if (facts.wrong !== undefined)
    return { ...check, outcome: 'fail', saw: facts.wrong, todo: 'mend it; the README lists every setting' }
  return { ...check, outcome: 'ok', saw: facts.name ?? 'no file given (--config FILE): defaults' }
}

/** `choice`: what is done where a stream arrives encoded (`capture.privateZones`). */
export function judgePrivateZones(
  names: readonly string[],
  choice: Config['capture']['privateZones'],
): Check {
  const check = { id: 'private-zones', title: 'private zones' }
  if (names.length === 0) return { ...check, outcome: 'skip', saw: 'none' }
  const saw = names.join(', ')
  switch (choice) {
    case 're-encode':
      return { ...check, outcome: 'ok', saw: `${saw}: filled in before anything is recorded` }
    case 'refuse':
      return {
        ...check,
        outcome: 'ok',
        saw: `${saw}: filled in where the doorbell encodes; with a stream that arrives encoded it does not start`,
      }
    case 'record':
      return {
        ...check,
        outcome: 'warn',
        saw: `${saw}: recorded all the same where a stream arrives encoded`,
        todo: '--set capture.privateZones=re-encode   (fills them in, and costs processor time)',
      }
    default:
      return assertNever(choice)
  }
}

/** `undefined`: the settings want nobody recognised. */
export function judgeRecogniser(state: VisionState | undefined): Check {
  const check = { id: 'recogniser', title: 'people' }
  if (state === undefined)
    return { ...check, outcome: 'skip', saw: 'not recognised: detect.recognise is false' }
  switch (state.state) {
    case 'ready':
      return state.engine === 'tfjs-wasm'
        ? {
            ...check,
            outcome: 'warn',
            saw: 'recognised with tfjs-wasm: five times the processor time and twice the memory of onnxruntime',
            todo: 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.27.0   (where the processor can run it)',
          }
        : { ...check, outcome: 'ok', saw: `recognised with ${state.engine}` }
    case 'missing':
      return {
        ...check,
        outcome: 'warn',
        saw: `not recognised, visits are told without labels: ${state.why}`,
        todo: 'scripts/setup   (or --set detect.recognise=false, if that is how you want it)',
      }
    case 'asleep':
      return { ...check, outcome: 'skip', saw: 'nothing was looked at' }
    default:
      return assertNever(state)
  }
}

export type OwnerFacts =
  | { readonly state: 'none' }
  | { readonly state: 'broken'; readonly why: string }
  | { readonly state: 'enrolled'; readonly version: number; readonly names: readonly string[] }

export function judgeOwner(facts: OwnerFacts | undefined, dataFolder: string | undefined): Check {
  const check = { id: 'owner', title: 'owner' }
  if (facts === undefined || dataFolder === undefined)
    return { ...check, outcome: 'skip', saw: 'no data folder to look at' }
  switch (facts.state) {
    case 'none':
      return {
        ...check,
        outcome: 'fail',
        saw: 'no key enrolled: the doorbell does not start without one',
        todo: `lintel owner init --data ${quoted(dataFolder)}   (with a key you have already: lintel owner enrol --data ${quoted(dataFolder)})`,
      }
    case 'broken':
      return {
        ...check,
        outcome: 'fail',
        saw: facts.why,
        todo: `find out who changed ${quoted(`${dataFolder}/recipients.note`)}; then enrol again with lintel owner init`,
      }
    case 'enrolled':
      return {
        ...check,
        outcome: 'ok',
        saw: `recordings are sealed to ${facts.names.join(', ')} (list version ${facts.version})`,
      }
  }
}

/** What came of talking to a store or a broker: nothing configured, done, or why not. */
export type Reach =
  | { readonly state: 'unset' }
  | { readonly state: 'reached'; readonly where: string; readonly tookMs: number }
  | { readonly state: 'failed'; readonly where: string; readonly kind: string; readonly why: string }

export function judgeStore(reach: Reach): Check {
  const check = { id: 'store', title: 'cloud store' }
  switch (reach.state) {
    case 'unset':
      return { ...check, outcome: 'skip', saw: 'none configured: recordings stay on the device' }
    case 'reached':
      return {
        ...check,
        outcome: 'ok',
        saw: `${reach.where}: wrote, read and removed an object in ${reach.tookMs} ms`,
      }
    case 'failed':
      return { ...check, outcome: 'fail', saw: `${reach.where}: ${reach.why}`, todo: storeTodo(reach.kind) }
  }
}

function storeTodo(kind: string): string {
  switch (kind) {
    case 'denied':
      return 'check that the bucket is there, store.credentialsFile (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), and what that key may do'
    case 'missing':
      return 'make the bucket, or name another one in store.bucket'
    case 'unavailable':
      return 'check store.endpoint and the network:   curl -I ENDPOINT'
    default:
      return 'check the section “store” of the configuration'
  }
}

export function judgeBroker(reach: Reach): Check {
  const check = { id: 'broker', title: 'MQTT broker' }
  switch (reach.state) {
    case 'unset':
      return { ...check, outcome: 'skip', saw: 'none configured: nobody is told' }
    case 'reached':
      return { ...check, outcome: 'ok', saw: `${reach.where}: accepted a message in ${reach.tookMs} ms` }
    case 'failed':
      return {
        ...check,
        outcome: 'fail',
        saw: `${reach.where}: ${reach.why}`,
        todo:
          reach.kind === 'denied'
            ? 'check mqtt.username and mqtt.passwordFile'
            : 'check mqtt.url and that the broker runs:   sudo systemctl status mosquitto',
      }
  }
}

export type BoardFacts = {
  readonly model: string | undefined
  readonly gpioChips: readonly string[]
  readonly gpioReadable: boolean
  readonly cameras: readonly string[]
}

export function judgeBoard(facts: BoardFacts): Check {
  const check = { id: 'board', title: 'board' }
  if (facts.model === undefined)
    return { ...check, outcome: 'skip', saw: 'this is no doorbell board; the simulator needs none' }
  const gpio = facts.gpioChips.length === 0 ? 'no GPIO' : `GPIO ${facts.gpioChips.join(' ')}`
  const camera = facts.cameras.length === 0 ? 'no camera' : `camera ${facts.cameras.join(' ')}`
  const saw = `${facts.model}: ${gpio}, ${camera}`
  if (facts.gpioChips.length > 0 && !facts.gpioReadable)
    return {
      ...check,
      outcome: 'warn',
      saw: `${saw}; this user may not use the GPIO`,
      todo: 'sudo usermod -aG gpio,video $USER',
    }
  if (facts.cameras.length === 0)
    return {
      ...check,
      outcome: 'warn',
      saw,
      todo: 'seat the camera’s ribbon cable and restart;   rpicam-hello --list-cameras',
    }
  return { ...check, outcome: 'ok', saw }
}

export const isHealthy = (checks: readonly Check[]): boolean =>
  checks.every((check) => check.outcome !== 'fail')

const MARKS: Readonly<Record<Outcome, string>> = { ok: ' ok ', warn: 'look', fail: 'FAIL', skip: ' –  ' }

/** One line a check, one more where something is to be done, and one sentence at the end. */
export function describeChecks(checks: readonly Check[]): string {
  const lines = checks.flatMap((check) => [
    `${MARKS[check.outcome]}  ${check.title.padEnd(14)} ${check.saw}`,
    ...(check.todo === undefined ? [] : [`${' '.repeat(21)}→ ${check.todo}`]),
  ])
  return `${[...lines, '', verdictOn(checks)].join('\n')}\n`
}

function verdictOn(checks: readonly Check[]): string {
  const failed = checks.filter((check) => check.outcome === 'fail').map((check) => check.title)
  if (failed.length > 0) return `Not ready: ${failed.join(', ')}.`
  const worth = checks.filter((check) => check.outcome === 'warn').map((check) => check.title)
  return worth.length > 0 ? `Ready; worth a look: ${worth.join(', ')}.` : 'Ready.'
}

const versionIn = (says: string): string => /version (\S+)/.exec(says)?.[1] ?? says.trim()

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(3, '0')

const gb = (bytes: number): string =>
  bytes >= GB ? `${(bytes / GB).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`

const quoted = (path: string): string =>
  /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
