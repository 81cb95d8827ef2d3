/**
 * Health: what somebody should look after.
 *
 * Owns: which alarms are raised; whether the watchdog is petted.
 * Promises: each is told once when it begins and once when it ends; a value that hovers around its limit raises one alarm.
 * When full: there are only so many kinds.
 * When it fails: what the board cannot say raises nothing; reading it again a minute later is all that is tried.
 * Stopping: `run` ends when its signal is aborted.
 * Not its job: telling the household (`mqtt/`), doing something about it.
 * See: `../doorbell.ts`; `status.ts` says all of it in plain words.
 */
export { keepPulse, type PulseDeps, type Vital } from './pulse.ts'
export { prometheusText } from './prometheus.ts'
export { describeStatus, type StatusFacts } from './status.ts'
import { messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { MonoMs } from '../base/time.ts'
import type { Board } from '../ports/board.ts'
import type { Clock } from '../ports/clock.ts'

export type AlarmKind =
  | 'storage-failed'
  | 'line-stuck'
  | 'index-rebuilt'
  | 'hot'
  | 'under-voltage'
  /** Something waits for the cloud, and for a day nothing has got there. */
  | 'uploads-stuck'

export type Alarm = {
  readonly kind: 'alarm'
  readonly what: AlarmKind
  readonly state: 'began' | 'ended'
  readonly at: MonoMs
}

/** What the board says. Undefined: it does not know. */
export type Reading = { readonly celsius: number | undefined; readonly isLow: boolean | undefined }

export interface Health {
  /** Something else has noticed that this is so, or is over. */
  note(what: AlarmKind, isOn: boolean): void
  /** In the order they began. */
  alarms(): readonly AlarmKind[]
  /** Asks board and uploads now and then. */
  run(signal: AbortSignal): Promise<void>
}

export type HealthDeps = {
  readonly board: Board | undefined
  /** For how long nothing has got to the cloud although something waits; undefined without a cloud. */
  readonly uploadsStuckMs: (() => number) | undefined
  readonly clock: Clock
  readonly log: Log
  readonly onAlarm: (alarm: Alarm) => void
}

const ASK_EVERY_MS = 60_000
const UPLOADS_STUCK_MS = 86_400_000
/** A Raspberry Pi slows down from 80 °C on; see “Thermal management” in its documentation. */
const HOT_C = { from: 80, until: 75 }

/** What the reading says of the heat; `undefined` between the two limits, where it stays as it was. */
export function isHot(celsius: number | undefined): boolean | undefined {
  if (celsius === undefined) return undefined
  if (celsius >= HOT_C.from) return true
  return celsius < HOT_C.until ? false : undefined
}

export function createHealth({ board, uploadsStuckMs, clock, log, onAlarm }: HealthDeps): Health {
  const raised = new Set<AlarmKind>()
  const note = (what: AlarmKind, isOn: boolean): void => {
    if (raised.has(what) === isOn) return
    if (isOn) raised.add(what)
    else raised.delete(what)
    log[isOn ? 'error' : 'info'](`health.${what}`, { state: isOn ? 'began' : 'ended' })
    onAlarm({ kind: 'alarm', what, state: isOn ? 'began' : 'ended', at: clock.mono() })
  }
  const noteKnown = (what: AlarmKind, isOn: boolean | undefined): void => {
    if (isOn !== undefined) note(what, isOn)
  }
  return {
    note,
    alarms: () => [...raised],
    async run(signal) {
      while (!signal.aborted && (board ?? uploadsStuckMs) !== undefined) {
        const { celsius, isLow } = await readingOf(board, log)
        noteKnown('hot', isHot(celsius))
        noteKnown('under-voltage', isLow)
        if (uploadsStuckMs !== undefined) note('uploads-stuck', uploadsStuckMs() > UPLOADS_STUCK_MS)
        await clock.sleep(ASK_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
    },
  }
}

async function readingOf(board: Board | undefined, log: Log): Promise<Reading> {
  try {
    return { celsius: await board?.temperatureC(), isLow: await board?.isUnderVoltage() }
  } catch (error) {
    log.warn('health.board_silent', { problem: messageOf(error) })
    return { celsius: undefined, isLow: undefined }
  }
}
