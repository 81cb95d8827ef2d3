import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Changes, Config, ConfigKey } from '../config/index.ts'
import type { Disk } from '../ports/disk.ts'
import type { SettingRow, SettingsDesk, SettingsReply, TestBody, TestReply } from '../web/index.ts'

export type SettingsDeps = {
  readonly disk: Disk
  readonly file: string
  /** `config/`, which knows every key. */
  readonly book: {
    readonly keys: readonly ConfigKey[]
    read(text: string): Changes
    write(changes: Changes): string
    /** The whole configuration with these changes; throws `Fault('invalid')`. */
    configWith(changes: Changes): Config
    /** Keys that somebody has fixed at the start, with `--set`. */
    readonly fixed: ReadonlySet<string>
  }
  /**
   * Throws where the doorbell will not start with it. Resolves when it is applied, or waits until nobody is there any more: should it fail
   * then, `onLateFault` is called.
   */
  readonly apply: (config: Config, onLateFault: () => Promise<void>) => Promise<void>
  /** Something was changed that is not applied yet. */
  readonly isWaiting: () => boolean
  readonly test: (what: TestBody['what']) => Promise<TestReply>
  /** How many clips are here, of how many bytes and days. */
  readonly kept: () => { readonly clips: number; readonly bytes: number; readonly days: number } | undefined
}

/** Known when the process starts, and not looked at again. */
const AT_START = ['web.', 'log.']
/** A page that could name files could have their first lines sent to a broker of its choice. */
const IS_FILE = /File$/
/** What ALSA opens by a name may be more than a device. */
const IS_SOUND_DEVICE = /^sound[.](microphone|speaker)$/

/** What was changed before; none where the file is not there. */
export async function openChanges({
  disk,
  file,
  book,
}: Pick<SettingsDeps, 'disk' | 'file' | 'book'>): Promise<Changes> {
  try {
    return book.read(fromUtf8(await disk.read(file)))
  } catch (error) {
    if (isFault(error, 'missing')) return {}
    throw error
  }
}

/** `check` throws what `change` would throw at once. */
export function createSettings(
  deps: SettingsDeps,
  before: Changes,
): SettingsDesk & { check(set: Changes): void } {
  let changes = before
  let turn: Promise<unknown> = Promise.resolve()
  const reply = (): SettingsReply => replyOf(deps, changes)
  const change = async (set: Changes): Promise<SettingsReply> => {
    const next = merged(deps, changes, set)
    const config = deps.book.configWith(next)
    const old = changes
    const keep = async (kept: Changes): Promise<void> => {
      await deps.disk.replace(deps.file, utf8(deps.book.write(kept)))
      changes = kept
    }
    await keep(next)
    try {
      await deps.apply(config, async () => {
        if (changes === next) await keep(old)
      })
    } catch (error) {
      await keep(old)
      throw error
    }
    return reply()
  }
  return {
    read: async () => reply(),
    change(set) {
      const mine = turn.then(() => change(set))
      turn = mine.catch(() => {}) // Whoever asked hears of it.
      return mine
    },
    check: (set) => void deps.book.configWith(merged(deps, changes, set)),
    test: (what) => deps.test(what),
  }
}

/** `null` takes a change back: then what the configuration file says holds again. */
function merged({ book }: SettingsDeps, changes: Changes, set: Changes): Changes {
  const next: Record<string, unknown> = { ...changes }
  for (const [key, value] of Object.entries(set)) {
    if (book.fixed.has(key))
      throw new Fault(
        'invalid',
        `${key}: fixed by --set where the doorbell is started; wanted another setting`,
      )
    if (IS_FILE.test(key))
      throw new Fault(
        'invalid',
        `${key}: names of files are set in the configuration file only, on the device`,
      )
    if (IS_SOUND_DEVICE.test(key))
      throw new Fault(
        'invalid',
        `${key}: names of devices are set in the configuration file only, on the device`,
      )
    if (key === 'actions' || key.startsWith('actions.'))
      throw new Fault(
        'invalid',
        `${key}: what the doorbell runs and calls is set in the configuration file only, on the device`,
      )
    if (key.startsWith('web.'))
      throw new Fault(
        'invalid',
        `${key}: how this page is reached is set in the configuration file only, on the device`,
      )
    if (value === null) delete next[key]
    else next[key] = value
  }
  return next
}

function replyOf({ book, kept, isWaiting }: SettingsDeps, changes: Changes): SettingsReply {
  const config = book.configWith(changes)
  const rows = book.keys.filter(({ key }) => !key.includes('[]')).map((row) => rowOf(row, config, book.fixed))
  const facts = kept()
  return {
    settings: rows,
    ...(isWaiting() ? { waits: true as const } : {}),
    ...(facts === undefined || facts.clips === 0
      ? {}
      : { averageVisitBytes: Math.round(facts.bytes / facts.clips) }),
    ...(facts === undefined || facts.days === 0 ? {} : { visitsPerDay: round(facts.clips / facts.days) }),
  }
}

const rowOf = (
  { key, about, fallback, wanted }: ConfigKey,
  config: Config,
  fixed: ReadonlySet<string>,
): SettingRow => ({
  key,
  about,
  value: valueAt(config, key) ?? null,
  fallback: fallback === '–' ? null : JSON.parse(fallback),
  wanted,
  isFixed: fixed.has(key) || IS_FILE.test(key) || key.startsWith('web.'),
  live: !AT_START.some((section) => key.startsWith(section)) && !IS_FILE.test(key),
})

function valueAt(config: Config, key: string): unknown {
  let value: unknown = config
  for (const name of key.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return value
}

const round = (value: number): number => Math.round(value * 10) / 10
