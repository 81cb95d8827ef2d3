/**
 * Which version runs. Two slots: the version that is known to be good, and one on trial. A trial that is not confirmed within a few
 * starts is over, and the good version runs again, without anybody's help and whatever the new one does or leaves undone: it is never
 * asked. Pure: `src/commands/update.ts` does what this decides.
 */
import { Fault } from '../base/fault.ts'
import { checkVersion, compareVersions } from './version.ts'
import type { Release } from './release.ts'

/** `package`: what apt installed; it is always there. Everything else is an unpacked release by its version. */
export type Slot = 'package' | { readonly version: string }

export type Slots = {
  readonly good: Slot
  readonly trial?: { readonly version: string; readonly starts: number }
  /** Failed its trial; not installed again unless somebody insists. */
  readonly failed: readonly string[]
  /** The newest that was ever good: nothing older is accepted, however well it is signed. */
  readonly newest: string
}

/** A power cut or two in the first minutes say nothing about a version; three starts without five quiet minutes do. */
export const TRIAL_STARTS_MAX = 3
const FAILED_KEPT_MAX = 20

export const firstSlots = (packageVersion: string): Slots => ({
  good: 'package',
  failed: [],
  newest: packageVersion,
})

export type Insists = {
  /** Older than the newest, or failed before. */
  readonly anyVersion?: boolean
  /** Its data cannot be read by the version that runs now. */
  readonly noWayBack?: boolean
}

export type Host = {
  readonly arch: Release['arch']
  readonly packageVersion: string
  readonly dataFormat: number
}

/** Puts a verified release on trial. Throws `Fault('invalid')` and says what would have to be insisted on. */
export function beginTrial(slots: Slots, release: Release, host: Host, insists: Insists = {}): Slots {
  const { version } = release
  if (release.arch !== host.arch)
    throw new Fault('invalid', `release ${version}: wanted one for ${host.arch}, got ${release.arch}`)
  if (!insists.anyVersion && compareVersions(version, newestOf(slots, host)) <= 0)
    throw new Fault(
      'invalid',
      `release ${version}: wanted one newer than ${newestOf(slots, host)}, which was here already; --any-version insists`,
    )
  if (!insists.anyVersion && slots.failed.includes(version))
    throw new Fault(
      'invalid',
      `release ${version}: it was tried here and did not stay up; --any-version insists`,
    )
  if (release.dataFormat < host.dataFormat)
    throw new Fault(
      'invalid',
      `release ${version}: it reads data format ${release.dataFormat} or older, and the recordings here are in ${host.dataFormat}`,
    )
  if (release.dataFormat === host.dataFormat) return { ...slots, trial: { version, starts: 0 } }
  if (!insists.noWayBack)
    throw new Fault(
      'invalid',
      `release ${version}: it writes data format ${release.dataFormat}, which the version here (format ${host.dataFormat}) cannot read, ` +
        'so that nobody could return to it; --no-way-back insists',
    )
  return promote(slots, version)
}

const newestOf = (slots: Slots, { packageVersion }: Host): string =>
  compareVersions(slots.newest, packageVersion) >= 0 ? slots.newest : packageVersion

/** Before each start of the service: what is to run now. `there`: the versions whose files are complete. */
export function chooseSlot(
  slots: Slots,
  { packageVersion, there }: { readonly packageVersion: string; readonly there: readonly string[] },
): { readonly slots: Slots; readonly run: Slot; readonly because: string } {
  const { trial } = slots
  if (trial !== undefined && (!there.includes(trial.version) || trial.starts >= TRIAL_STARTS_MAX)) {
    const ended = { ...withoutTrial(slots), failed: [...slots.failed, trial.version].slice(-FAILED_KEPT_MAX) }
    return {
      ...chooseGood(ended, packageVersion, there),
      because: `${trial.version} did not stay up; this one is known to`,
    }
  }
  if (trial !== undefined) {
    const starts = trial.starts + 1
    const because = `on trial, start ${starts} of at most ${TRIAL_STARTS_MAX}`
    return { slots: { ...slots, trial: { ...trial, starts } }, run: { version: trial.version }, because }
  }
  return chooseGood(slots, packageVersion, there)
}

function chooseGood(
  slots: Slots,
  packageVersion: string,
  there: readonly string[],
): { readonly slots: Slots; readonly run: Slot; readonly because: string } {
  const { good } = slots
  if (good === 'package') return { slots, run: good, because: 'the package that is installed' }
  const fallBack = { ...slots, good: 'package' as const }
  if (!there.includes(good.version))
    return { slots: fallBack, run: 'package', because: `the files of ${good.version} are gone` }
  // Whoever installs a newer package means it.
  if (compareVersions(packageVersion, good.version) > 0)
    return { slots: fallBack, run: 'package', because: `the package is newer than ${good.version}` }
  return { slots, run: good, because: 'known to be good' }
}

/** It became ready and stayed up. Nothing happens when there is no trial. */
export const confirmTrial = (slots: Slots): Slots =>
  slots.trial === undefined || slots.trial.starts === 0 ? slots : promote(slots, slots.trial.version)

function promote(slots: Slots, version: string): Slots {
  const rest = withoutTrial(slots)
  const newest = compareVersions(version, slots.newest) > 0 ? version : slots.newest
  return { ...rest, good: { version }, newest, failed: rest.failed.filter((each) => each !== version) }
}

/** Back to the package, by the owner's word. */
export const returnToPackage = (slots: Slots): Slots => ({ ...withoutTrial(slots), good: 'package' })

function withoutTrial({ trial: _, ...rest }: Slots): Slots {
  return rest
}

/** Versions whose files are still needed. */
export const neededVersions = ({ good, trial }: Slots): readonly string[] => [
  ...(good === 'package' ? [] : [good.version]),
  ...(trial === undefined ? [] : [trial.version]),
]

export const encodeSlots = (slots: Slots): string => `${JSON.stringify({ format: 1, ...slots }, null, 2)}\n`

/** Throws `Fault('corrupt')`. */
export function decodeSlots(text: string): Slots {
  const wrong = (what: string): never => {
    throw new Fault('corrupt', `state of updates: ${what}`)
  }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return wrong('wanted JSON')
  }
  if (!isRecord(read) || read['format'] !== 1) return wrong('wanted format 1')
  const { good, trial, failed, newest } = read
  const isGood = good === 'package' || (isRecord(good) && typeof good['version'] === 'string')
  const isTrial =
    trial === undefined ||
    (isRecord(trial) && typeof trial['version'] === 'string' && Number.isInteger(trial['starts']))
  if (!isGood || !isTrial || typeof newest !== 'string' || !Array.isArray(failed))
    return wrong('a member is missing or of another kind')
  return {
    good: isRecord(good) ? { version: checkVersion(String(good['version'])) } : 'package',
    ...(isRecord(trial)
      ? { trial: { version: checkVersion(String(trial['version'])), starts: Number(trial['starts']) } }
      : {}),
    failed: failed.map((each) => checkVersion(String(each))),
    newest: checkVersion(newest),
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
