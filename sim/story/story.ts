/** A story as the world plays it: every time in milliseconds of the world's clock, every name known. */

export type Story = {
  readonly title: string
  readonly seed: number
  readonly board: 'sim'
  readonly camera: StoryCamera
  /** In order of time. */
  readonly timeline: readonly Moment[]
  readonly troubles: readonly TroubleName[]
  readonly expect: readonly Expectation[]
  /** Settings of the doorbell that differ from the defaults, as `--set` takes them: `visit.quietAfterMs=5000`. */
  readonly settings: readonly string[]
  /** The world goes on until this moment at least; left out: until the video and the timeline are over. */
  readonly untilMs: number | undefined
}

export type StoryCamera =
  /** A fixture by name, a path relative to the story, or a generated scene (`scene: rain`). */
  | { readonly kind: 'fixture' | 'file' | 'scene'; readonly name: string }
  /** No video at all: small made-up packets and pictures, in which `visitor` moments are seen. Quick enough for days. */
  | { readonly kind: 'drawn' }

/** What happens, and when. `line` is where it stands in the story's file (0: nowhere). */
export type Moment = { readonly atMs: number; readonly line: number } & Doing

export type Doing =
  /** A finger: down, some bouncing, up after `holdMs`. */
  | { readonly do: 'press'; readonly holdMs: number; readonly bounceMs: number }
  /** Somebody passes the PIR, which holds its line for `holdMs`. */
  | { readonly do: 'pulse'; readonly holdMs: number }
  /** A line moves and stays (a stuck button, a PIR that rises); with `bounceMs` it flutters first. */
  | {
      readonly do: 'line'
      readonly input: 'button' | 'pir'
      readonly active: boolean
      readonly bounceMs: number
    }
  /** A spike on a long wire. */
  | { readonly do: 'glitch'; readonly input: 'button' | 'pir'; readonly forMs: number }
  /** Somebody stands before a drawn camera. */
  | { readonly do: 'visitor'; readonly forMs: number }
  | { readonly do: 'network' | 'store' | 'broker'; readonly state: 'down' | 'up' }
  | { readonly do: 'power'; readonly state: 'cut' | 'on' }
  /** The voltage dips: the board resets by itself and is back `forMs` later. */
  | { readonly do: 'brown-out'; readonly forMs: number }
  /** An orderly stop and start; `upgrade` also counts up the version; `freeze`: the process hangs until the watchdog ends it. */
  | { readonly do: 'doorbell'; readonly what: 'restart' | 'upgrade' | 'freeze' }
  | {
      readonly do: 'camera'
      readonly what: 'stall' | 'resume' | 'unplug' | 'plug' | 'reconnect' | 'resize' | 'drop' | 'corrupt'
      /** `drop`, `corrupt`: how many packets. */
      readonly packets: number
    }
  | {
      readonly do: 'disk'
      readonly state: 'full' | 'roomy' | 'broken' | 'mended' | 'slow' | 'quick' | 'lying' | 'honest'
    }
  /** The index file is damaged while the power is off. */
  | { readonly do: 'index'; readonly state: 'corrupt' | 'gone' }
  | { readonly do: 'clock'; readonly step: number }
  | { readonly do: 'clock'; readonly trusted: boolean }
  | { readonly do: 'clock'; readonly driftPpm: number }
  | { readonly do: 'temperature'; readonly celsius: number }
  /** The detector of people: every look ends it (`crashing`), or what it says is nonsense (`garbage`). */
  | { readonly do: 'detector'; readonly state: 'well' | 'missing' | 'crashing' | 'garbage' }
  /** The owner enrols one more key, or takes one away. */
  | { readonly do: 'recipients'; readonly what: 'add' | 'remove' }
  /** Deletes the oldest clip that has ended, from device and store, as on the page. */
  | { readonly do: 'owner'; readonly what: 'delete' }

/** Weather that lasts for all of the story; each is described in `troubles.ts`. */
export type TroubleName =
  | 'slow-store'
  | 'flaky-store'
  | 'lossy-network'
  | 'duplicate-messages'
  | 'wrong-checksums'
  | 'expired-credentials'
  | 'slow-drip'
  | 'slow-disk'
  | 'lying-disk'
  | 'clock-steps'
  | 'clock-drift'
  | 'no-network-time'
  | 'bouncing-button'
  | 'long-wire'
  | 'nervous-pir'
  | 'dropped-packets'
  | 'corrupt-packets'
  | 'camera-reconnects'
  | 'camera-clock-drift'
  | 'no-detector'
  | 'crashing-detector'
  | 'hot-summer'
  | 'power-cuts'

export const TROUBLES: readonly TroubleName[] = [
  'slow-store',
  'flaky-store',
  'lossy-network',
  'duplicate-messages',
  'wrong-checksums',
  'expired-credentials',
  'slow-drip',
  'slow-disk',
  'lying-disk',
  'clock-steps',
  'clock-drift',
  'no-network-time',
  'bouncing-button',
  'long-wire',
  'nervous-pir',
  'dropped-packets',
  'corrupt-packets',
  'camera-reconnects',
  'camera-clock-drift',
  'no-detector',
  'crashing-detector',
  'hot-summer',
  'power-cuts',
]

/** A bound on a number, in the words of the story: `at most 0.5s`, `at least 2`, `3`. */
export type Bound = { readonly least?: number; readonly most?: number; readonly text: string }

/** `by 90s`: a moment. `within 1s of network up`: after the (last) moment that does that; of nothing: after the thing itself. */
export type Deadline =
  | { readonly kind: 'by'; readonly atMs: number; readonly text: string }
  | { readonly kind: 'within'; readonly ms: number; readonly of: string | undefined; readonly text: string }
  | { readonly kind: 'never'; readonly text: string }

/** What has to be true. Numbers of presses and clips count from 1, in order of time. */
export type Expectation = { readonly line: number; readonly text: string } & (
  | { readonly about: 'press'; readonly n: number; readonly notified?: Deadline; readonly chimed?: Deadline }
  | {
      readonly about: 'clip'
      readonly n: number
      /** Milliseconds of the world. */
      readonly from?: Bound
      readonly to?: Bound
      readonly parts?: Bound
      readonly complete?: boolean
      readonly ended?: string
      readonly uploaded?: Deadline
    }
  | {
      readonly about: 'count'
      readonly what: 'presses' | 'visits' | 'recognised' | 'clips' | 'alarms' | 'boots' | 'motions'
      readonly count: Bound
    }
)
