import { assertNever } from '../base/assert.ts'
import type { CameraPath } from '../ports/camera.ts'
import type { AudioFacts } from '../ports/audio.ts'
import type { VisionState } from '../ports/vision.ts'
import type { GateStatus } from '../gate/index.ts'
import type { QuietState, Silenced } from '../quiet/index.ts'
import type { StatusReply, StatusRow } from '../web/index.ts'
import type { AlarmKind } from './index.ts'

/** Everything that is known of a doorbell that runs. Undefined: nobody knows. */
export type StatusFacts = {
  readonly version: string
  readonly alarms: readonly AlarmKind[]
  /** Since when the camera has sent nothing; 0 while it sends. Undefined: it never has. */
  readonly cameraSilentMs: number | undefined
  /** What the camera says of itself; left out where it does not. */
  readonly camera?: CameraPath
  readonly disk:
    | { readonly bytes: number; readonly ofBytes: number; readonly reserveBytes: number }
    | undefined
  /** Why the disk, or what lies on it, could not be opened since the start. */
  readonly storageProblem?: string | undefined
  readonly kept: { readonly clips: number; readonly bytes: number; readonly bytesMax: number }
  readonly uploads: number
  readonly messages: number
  /** Ended, and no room to seal them. */
  readonly unsealed: number
  readonly celsius: number | undefined
  readonly isUnderVoltage: boolean | undefined
  readonly isThrottled: boolean | undefined
  /** From 0 to 1. */
  readonly diskWorn: number | undefined
  readonly clockTrusted: boolean
  readonly decoding: GateStatus
  readonly recognising: VisionState | { readonly state: 'off' }
  readonly hasStore: boolean
  readonly broker: 'none' | 'connected' | 'away'
  readonly quiet: QuietState
  readonly viewers: readonly { readonly transport: string }[]
  readonly sound: AudioFacts
}

type Saying = Omit<StatusRow, 'key'>

const WARM_C = 70
/** From here on whoever makes an eMMC speaks of its end. */
const WORN = 0.8
const SILENT_MS_MAX = 15_000

/** In plain words: what is well, what somebody should look after, and what to do. */
export function describeStatus(facts: StatusFacts): StatusReply {
  const sayings: Readonly<Record<StatusRow['key'], Saying>> = {
    camera: cameraSays(facts),
    disk: diskSays(facts),
    uploads: uploadsSay(facts),
    store: storeSays(facts),
    messages: messagesSay(facts),
    broker: brokerSays(facts),
    detector: detectorSays(facts),
    decoding: decodingSays(facts),
    live: liveSays(facts),
    sound: soundSays(facts),
    clock: clockSays(facts),
    quiet: quietSays(facts),
    temperature: temperatureSays(facts),
    version: { state: 'well', says: `Lintel ${facts.version}` },
  }
  const rows = Object.entries(sayings).map(([key, saying]) => ({ key: key as StatusRow['key'], ...saying })) // Its keys are these.
  return { rows, alarms: facts.alarms }
}

function cameraSays({ cameraSilentMs, camera }: StatusFacts): Saying {
  if (camera?.detection === 'none')
    return {
      state: 'off',
      says: 'No camera is set: the button rings without pictures.',
      todo: 'Say which one in camera.kind of the configuration file.',
    }
  if (cameraSilentMs === undefined)
    return {
      state: 'bad',
      says: 'The camera has not sent a picture since the doorbell was started.',
      todo: 'Check its cable and power. The button rings all the same.',
    }
  if (cameraSilentMs > SILENT_MS_MAX)
    return {
      state: 'bad',
      says: `The camera has sent nothing for ${duration(cameraSilentMs)}.`,
      todo: 'It is tried again and again. If it stays so: check its cable and power.',
    }
  const source = camera === undefined ? '' : ` (${camera.source})`
  return { state: 'well', says: `The camera sends pictures${source}.` }
}

function diskSays({ disk, kept, alarms, unsealed, storageProblem, diskWorn }: StatusFacts): Saying {
  if (storageProblem !== undefined)
    return {
      state: 'bad',
      says: `The disk cannot be used: ${storageProblem}. Nothing is recorded; the bell rings on, and it is tried again every minute.`,
      todo: 'If it stays so: start the doorbell again, then replace the card or disk.',
    }
  if (alarms.includes('storage-failed'))
    return {
      state: 'bad',
      says: 'The disk has failed while writing. Nothing is recorded until the next start; the bell rings on.',
      todo: 'Start the doorbell again. If it comes back: replace the card or disk.',
    }
  const clips = `${count(kept.clips, 'clip')} in ${size(kept.bytes)} of ${size(kept.bytesMax)}`
  if (disk === undefined) return { state: 'warn', says: `${clips}. How much room is left cannot be told.` }
  const says = `${clips}; ${size(disk.bytes)} of the disk are free.`
  if (unsealed > 0 || disk.bytes < disk.reserveBytes)
    return {
      state: 'bad',
      says: `The disk is full: ${says}`,
      todo: 'Old clips make room as long as they may. Release held clips, delete some, or keep them for fewer days.',
    }
  if (diskWorn !== undefined && diskWorn >= WORN)
    return {
      state: 'warn',
      says: `${says} It is worn: ${percent(Math.min(1, diskWorn))} of what it may be written is used up.`,
      todo: 'Replace it before it fails.',
    }
  return { state: 'well', says }
}

function uploadsSay({ uploads, hasStore, alarms }: StatusFacts): Saying {
  if (!hasStore) return { state: 'off', says: 'Clips stay on the doorbell: no store is set.' }
  if (alarms.includes('uploads-stuck'))
    return {
      state: 'bad',
      says: `${count(uploads, 'object')} have been waiting for the store for a day.`,
      todo: 'Check the network, and test the store in the settings: its address, its credentials, its room.',
    }
  if (uploads > 0) return { state: 'well', says: `${count(uploads, 'object')} on the way to the store.` }
  return { state: 'well', says: 'Everything is in the store.' }
}

const storeSays = ({ hasStore }: StatusFacts): Saying =>
  hasStore
    ? { state: 'well', says: 'A store is set. It only ever gets what is sealed.' }
    : {
        state: 'off',
        says: 'No store is set.',
        todo: 'With one, clips survive the theft of the doorbell: set store.bucket in the configuration file.',
      }

function messagesSay({ messages, broker }: StatusFacts): Saying {
  if (broker === 'none') return { state: 'off', says: 'Nobody is told by MQTT.' }
  if (messages > 0) return { state: 'warn', says: `${count(messages, 'message')} waiting for the broker.` }
  return { state: 'well', says: 'All messages were delivered.' }
}

function brokerSays({ broker }: StatusFacts): Saying {
  if (broker === 'none') return { state: 'off', says: 'No broker is set.' }
  if (broker === 'connected') return { state: 'well', says: 'The broker is connected.' }
  return {
    state: 'bad',
    says: 'The broker cannot be reached. Presses are kept and told later.',
    todo: 'Check that it runs, and its address and password in the settings.',
  }
}

function detectorSays({ recognising }: StatusFacts): Saying {
  if (recognising.state === 'off')
    return { state: 'off', says: 'People are not told from other movement: it is switched off.' }
  if ('why' in recognising)
    return {
      state: 'warn',
      says: `People are not recognised: ${recognising.why}. Movement and the button work all the same.`,
      todo: 'Start the doorbell again; `lintel doctor` tells what is missing.',
    }
  return { state: 'well', says: 'People, vehicles and animals are told apart while somebody is there.' }
}

function decodingSays({ decoding, camera }: StatusFacts): Saying {
  if (camera?.detection === 'none') return { state: 'off', says: 'There are no pictures to look at.' }
  if (camera?.detection === 'raw')
    return { state: 'well', says: `The camera gives small pictures beside its video: ${camera.why}.` }
  const where = camera === undefined ? '' : ` ${DECODED_FROM[camera.detection]}: ${camera.why}.`
  return decoding.trusted
    ? {
        state: 'well',
        says: `The sizes of the packets tell of movement: ${percent(1 - decoding.decodedShare)} of the pictures did not have to be decoded.${where}`,
      }
    : { state: 'well', says: `Every picture is looked at: ${decoding.why}.${where}` }
}

const DECODED_FROM = {
  'small-stream': 'Pictures are decoded from the camera’s small stream',
  decoded: 'Pictures are decoded from what is recorded',
} as const

function liveSays({ viewers }: StatusFacts): Saying {
  if (viewers.length === 0) return { state: 'well', says: 'Nobody is watching.' }
  const ways = [...new Set(viewers.map(({ transport }) => transport))].join(', ')
  return { state: 'well', says: `${count(viewers.length, 'viewer')} watching (${ways}).` }
}

/** Bell, pictures and clips need no sound, so nothing here is bad. */
function soundSays({ sound: { microphone, speaker } }: StatusFacts): Saying {
  if (microphone.state === 'there' && speaker.state === 'there')
    return {
      state: 'well',
      says: `The microphone (${microphone.name}) and the speaker (${speaker.name}) are there. Nothing of it is recorded.`,
    }
  const missing = [microphone, speaker].flatMap((part) => ('why' in part ? [part.why] : []))
  return { state: 'off', says: [...new Set(missing)].join(' ') }
}

const clockSays = ({ clockTrusted }: StatusFacts): Saying =>
  clockTrusted
    ? { state: 'well', says: 'The time is known from the network.' }
    : {
        state: 'warn',
        says: 'Nobody has told the doorbell the time yet. What it records now gets its time later.',
        todo: 'Check that it reaches the internet or a time server in the house.',
      }

const SILENT_WORDS: Readonly<Record<Silenced, string>> = {
  chime: 'the chime',
  pages: 'open pages',
  push: 'notices of presses',
  notices: 'notices of who comes',
}

function quietSays({ quiet }: StatusFacts): Saying {
  switch (quiet.is) {
    case 'never':
      return { state: 'off', says: 'There are no quiet hours: it always rings.' }
    case 'loud':
      return { state: 'well', says: 'It rings now. Quiet hours are set.' }
    case 'unknown':
      return {
        state: 'warn',
        says: 'Quiet hours do not count now, because the doorbell does not know the time: it rings.',
        todo: 'Check that it reaches the internet or a time server in the house.',
      }
    case 'quiet': {
      const until = quiet.until === undefined ? '' : ` until ${quiet.until}`
      const silent = quiet.silent.map((what) => SILENT_WORDS[what]).join(', ') || 'nothing'
      return { state: 'well', says: `Quiet hours${until}. Silent: ${silent}. Everything is recorded.` }
    }
    default:
      return assertNever(quiet)
  }
}

function temperatureSays({ celsius, isUnderVoltage, isThrottled, alarms }: StatusFacts): Saying {
  if (isUnderVoltage === true)
    return {
      state: 'bad',
      says: 'The power supply is too weak.',
      todo: 'Use a supply that gives 5 V and at least 3 A, and a shorter or thicker cable.',
    }
  if (celsius === undefined) return { state: 'off', says: 'This board does not tell its temperature.' }
  const says = `${Math.round(celsius)} °C.`
  if (alarms.includes('hot'))
    return {
      state: 'bad',
      says: `Too hot: ${says}`,
      todo: 'Give it shade or air. It slows down to protect itself.',
    }
  if (isThrottled === true)
    return {
      state: 'warn',
      says: `It slows itself down: ${says}`,
      todo: 'Give it shade or air, and a supply that holds 5 V.',
    }
  return celsius >= WARM_C ? { state: 'warn', says: `Warm: ${says}` } : { state: 'well', says }
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`
const percent = (share: number): string => `${Math.round(share * 100)} %`

function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

function duration(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} seconds`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 3_600_000)} hours`
}
