/**
 * The wiring of the owner's page around the doorbell. The page lives longer: before there is an owner only enrolment is open and no doorbell
 * runs; with the first owner it starts; when settings change it starts anew, while nobody is at the door.
 */
import { isFault, messageOf } from './base/fault.ts'
import type { Log } from './base/log.ts'
import { openScope, startLoop, type Scope } from './base/scope.ts'
import { createActivities, type ActivityDesk } from './activity/index.ts'
import {
  describeConfig,
  readChanges,
  SETTINGS_FILE,
  writeChanges,
  type Changes,
  type Config,
} from './config/index.ts'
import type { Doorbell, DoorbellOptions, Happening } from './doorbell.ts'
import { factsOf, statusOf } from './doorbell-status.ts'
import { DoorbellKeeper, type Running } from './doorbell-keeper.ts'
import { describeStatus, keepPulse, prometheusText, type Vital } from './health/index.ts'
import { createMembers, type Members } from './members/index.ts'
import type { Board } from './ports/board.ts'
import type { Clock } from './ports/clock.ts'
import type { Disk } from './ports/disk.ts'
import type { Ports } from './ports/ports.ts'
import type { PushService } from './ports/push-service.ts'
import type { Random } from './ports/random.ts'
import type { Records } from './ports/records.ts'
import type { WebServer } from './ports/web-server.ts'
import type { OrderHouse } from './orders/index.ts'
import { openPush, type Push } from './push/index.ts'
import { createRings, type Rings } from './rings/index.ts'
import { createSettings, openChanges, type SettingsDeps } from './settings/index.ts'
import { testersFor } from './settings-tests.ts'
import { acceptRecipients, openDeviceKey, RECIPIENTS_FILE, type DeviceKey } from './vault/index.ts'
import {
  startWeb,
  type DeviceEvent,
  type DeviceFacts,
  type DoorbellForWeb,
  type PageFiles,
  type StatusReply,
  type Web,
  type WebDeps,
  type WebOptions,
} from './web/index.ts'

export type HouseholdDeps = {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly records: Records
  readonly log: Log
  readonly server: WebServer
  readonly push: PushService
  readonly page: PageFiles
  /** Whose watchdog is petted, before there is a doorbell too. */
  readonly board?: Board | undefined
  /** What a doorbell needs, with these settings; the scope closes with that doorbell. */
  readonly openPorts: (config: Config, scope: Scope) => Promise<Ports>
}

export type HouseholdOptions = Pick<DoorbellOptions, 'onHappening' | 'onCrash' | 'sealClip'> & {
  /** The configuration with what was changed on the page; throws `Fault('invalid')`. */
  readonly configWith: (changes: Changes) => Config
  /** Keys that are fixed where the process was started. */
  readonly fixedKeys: readonly string[]
  /** How the page is reached, with these settings. */
  readonly web: (config: Config) => Promise<WebOptions>
  readonly version: string
  /** Only in the simulator. */
  readonly simulate?: WebDeps['simulate']
}

export type HouseholdStatus = StatusReply & { readonly prometheus: string }

export interface Household extends AsyncDisposable {
  readonly port: number
  readonly isSecure: boolean
  /** The secret of the code for the first owner, as long as it is good. */
  enrolment(): Promise<string | undefined>
  /** In plain words, and for Prometheus; undefined while there is no doorbell. */
  status(): Promise<HouseholdStatus | undefined>
  /** Undefined before there is an owner, and for a moment while it starts anew. */
  doorbell(): Doorbell | undefined
}

export async function startHousehold(deps: HouseholdDeps, options: HouseholdOptions): Promise<Household> {
  return openScope(async (scope) => {
    const { clock, disk, log } = deps
    const key = await openDeviceKey({ disk, log })
    const book = bookOf(options)
    const changes = await openChanges({ disk, file: SETTINGS_FILE, book })
    const config = options.configWith(changes)
    const activity = createActivities(deps)
    const rings = scope.own('rings', createRings(deps))
    const push = scope.own('push', await openPush({ ...deps, service: deps.push }))
    const page: { web?: Web } = {} // The doorbell may change before there is a server to tell.
    const house = houseOf(deps, { keeper: () => keeper, settings: () => settings, activity })
    const onReset = (): void => reopenEnrolment(members, deps, options)
    const told = doorbellOptions(deps, options, { keeper: () => keeper, rings, push, onReset })
    const keeper: DoorbellKeeper = scope.own(
      'doorbell',
      new DoorbellKeeper({ ...deps, activity, options: { ...told, house } }, config, {
        onChange: () => page.web?.doorbellChanged(),
      }),
    )
    const device = (): DeviceFacts => deviceFacts(key, keeper.config, options)
    const members = createMembers({ ...deps, device, vault: { acceptRecipients, RECIPIENTS_FILE } })
    const settings = settingsFor(deps, { book, changes, keeper, rings, push })
    if (await hasOwner(disk)) await keeper.start()
    scope.own('owner', startWhenOwned(members, keeper, options))
    scope.own(
      'pulse',
      startLoop(
        (signal) => keepPulse({ clock, log, board: deps.board, vitals: () => vitalsOf(keeper) }, signal),
        options.onCrash,
      ),
    )
    scope.own(
      'looks',
      startLoop((signal) => keepLooking(deps, { rings, keeper }, signal), options.onCrash),
    )
    const web = scope.own(
      'web',
      await startWeb(
        {
          ...deps,
          ...{ device, members, activity, settings, push },
          doorbell: () => forWeb(keeper.running(), rings, options),
          ...(options.simulate === undefined ? {} : { simulate: options.simulate }),
        },
        await options.web(config),
      ),
    )
    page.web = web
    return {
      port: web.port,
      isSecure: web.isSecure,
      enrolment: () => members.enrolment(),
      status: () => householdStatus(keeper.running(), options),
      doorbell: () => keeper.running()?.doorbell,
    }
  })
}

async function householdStatus(
  running: Running | undefined,
  { version }: HouseholdOptions,
): Promise<HouseholdStatus | undefined> {
  if (running === undefined) return undefined
  const facts = await factsOf({ ...running, version })
  return { ...describeStatus(facts), prometheus: prometheusText(facts) }
}

const vitalsOf = (keeper: DoorbellKeeper): readonly Vital[] => keeper.running()?.doorbell.vitals() ?? []

const hasOwner = async (disk: Disk): Promise<boolean> =>
  (await disk.list('')).some(({ name }) => name === RECIPIENTS_FILE)

const deviceFacts = (
  key: DeviceKey,
  config: Config,
  { version, simulate }: HouseholdOptions,
): DeviceFacts => ({
  name: config.device.name,
  keyName: key.name,
  publicKey: Buffer.from(key.publicKey).toString('base64url'),
  version,
  simulated: simulate !== undefined,
})

function forWeb(
  running: Running | undefined,
  rings: Rings,
  { version }: HouseholdOptions,
): DoorbellForWeb | undefined {
  if (running === undefined) return undefined
  const { doorbell } = running
  return {
    clips: doorbell.clips,
    live: doorbell.live,
    talk: doorbell.talk,
    presses: {
      picture: (press) => rings.picture(press),
      over: (press, how, by) => rings.over(press, how, by),
      subscribe(take) {
        take({ type: 'alarms', alarms: doorbell.alarms() }) // A page that opens now has missed how they began.
        return rings.subscribe(take)
      },
      subscribeLooks: (take) => rings.subscribeLooks(take),
    },
    status: () => statusOf({ ...running, version }),
  }
}

function startWhenOwned(members: Members, keeper: DoorbellKeeper, { onCrash }: HouseholdOptions): Disposable {
  return members.subscribe(({ type }) => {
    if (type === 'owner-known') keeper.start().catch(onCrash)
  })
}

const bookOf = ({ configWith, fixedKeys }: HouseholdOptions): SettingsDeps['book'] => ({
  keys: describeConfig(),
  read: readChanges,
  write: writeChanges,
  configWith,
  fixed: new Set(fixedKeys),
})

type Around = { readonly keeper: DoorbellKeeper; readonly rings: Rings; readonly push: Push }

function settingsFor(
  deps: HouseholdDeps,
  {
    book,
    changes,
    keeper,
    rings,
    push,
  }: Around & { readonly book: SettingsDeps['book']; readonly changes: Changes },
): ReturnType<typeof createSettings> {
  return createSettings(
    {
      disk: deps.disk,
      file: SETTINGS_FILE,
      book,
      apply: async (config, onLateFault) => {
        await keeper.apply(config, onLateFault)
        rings.tell({ type: 'settings' })
      },
      isWaiting: () => keeper.isWaiting(),
      test: testersFor(deps, { running: () => keeper.running(), push }),
      kept: () => keeper.running()?.doorbell.kept(),
    },
    changes,
  )
}

/** What may be asked for through the broker: harmless settings by anybody there, the rest by an order that the owner signed. */
function houseOf(
  { log }: HouseholdDeps,
  {
    keeper,
    settings,
    activity,
  }: {
    readonly keeper: () => DoorbellKeeper
    readonly settings: () => ReturnType<typeof createSettings>
    readonly activity: ActivityDesk
  },
): NonNullable<DoorbellOptions['house']> {
  const note: NonNullable<OrderHouse['note']> = (what, about) => activity.note(BROKER, what, about)
  return {
    shelf: () => keeper().running()?.doorbell.clips,
    check: (changes) => settings().check(changes),
    async set(changes) {
      await settings().change(changes)
      const detail = Object.keys(changes).sort().join(', ').slice(0, DETAIL_LETTERS_MAX)
      await note('changed-settings', { detail })
    },
    async restart() {
      await note('changed-settings', { detail: 'restart' })
      await keeper().apply(keeper().config, async () => log.error('household.not_restarted'))
    },
    note,
  }
}

/** What stands in *Activity* for whoever speaks through the broker. */
const BROKER = { member: 'mqtt', name: 'MQTT' }
const DETAIL_LETTERS_MAX = 200

/** The recessed button: a new code for whoever holds the doorbell in their hands. It takes nothing from those who are in already. */
function reopenEnrolment(members: Members, { log }: HouseholdDeps, { onCrash }: HouseholdOptions): void {
  members.reopenEnrolment().then(
    () => log.warn('enrolment.reopened', { because: 'the recessed button was held', see: 'lintel status' }),
    (error: unknown) => {
      if (!isFault(error) || error.kind === 'bug') onCrash(error)
      else log.error('enrolment.not_reopened', { problem: error.message })
    },
  )
}

/** What happens at the door, on every page and to whoever is away. */
function doorbellOptions(
  { clock, log }: HouseholdDeps,
  { onHappening, onCrash, sealClip, version }: HouseholdOptions,
  {
    keeper,
    rings,
    push,
    onReset,
  }: { readonly keeper: () => DoorbellKeeper; readonly onReset: () => void } & Omit<Around, 'keeper'>,
): DoorbellOptions {
  const unixAt = (at: number): number => Math.round(clock.wall().at - (clock.mono() - at))
  const alarms = (): DeviceEvent => ({
    type: 'alarms',
    alarms: keeper().running()?.doorbell.alarms() ?? [],
  })
  const tell = (happening: Happening): void => {
    if (happening.kind === 'press') {
      const picture = keeper().running()?.doorbell.picture()
      const { id: press, visit, at, silent } = happening
      const isSilent = silent.includes('pages')
      rings.press({
        press,
        visit,
        atUnixMs: unixAt(at),
        isSilent,
        ...(picture === undefined ? {} : { picture }),
      })
      if (!silent.includes('push')) push.tell({ v: 1, what: 'press', press })
    }
    if (happening.kind === 'notice') push.tell({ v: 1, what: 'notice' })
    if (happening.kind === 'alarm') rings.tell(alarms())
    if (happening.kind === 'reset') onReset()
    const event = eventOf(happening, unixAt)
    if (event !== undefined) rings.tell(event)
  }
  return {
    onCrash,
    version,
    ...(sealClip === undefined ? {} : { sealClip }),
    onHappening(happening) {
      // Nothing that goes wrong with a page may reach the bell.
      try {
        tell(happening)
      } catch (error) {
        log.error('household.page_failed', { happening: happening.kind, problem: messageOf(error) })
      }
      onHappening?.(happening)
    },
    onLook({ at, score, moving, boxes }) {
      if (rings.wantsLooks()) rings.look({ type: 'look', atUnixMs: unixAt(at), score, moving, boxes })
    },
  }
}

function eventOf(happening: Happening, unixAt: (at: number) => number): DeviceEvent | undefined {
  switch (happening.kind) {
    case 'visit-began':
      return { type: 'visit', state: 'began', visit: happening.visit, atUnixMs: unixAt(happening.from) }
    case 'visit-ended':
      return { type: 'visit', state: 'ended', visit: happening.visit, atUnixMs: unixAt(happening.to) }
    case 'clip-began':
      return { type: 'clip', state: 'began', clip: happening.clip }
    case 'part-stored':
      return { type: 'clip', state: 'grew', clip: happening.clip }
    case 'clip-sealed':
    case 'clip-recovered':
      return { type: 'clip', state: 'sealed', clip: happening.clip }
    case 'clip-uploaded':
      return { type: 'clip', state: 'uploaded', clip: happening.clip }
    case 'clip-expired':
      return { type: 'clip', state: 'expired', clip: happening.clip }
    default:
      return undefined
  }
}

const LOOK_EVERY_MS = 1000

/** Where pictures are decoded on suspicion only, somebody who sets the sensitivity wants to see what would trigger now. */
async function keepLooking(
  { clock }: HouseholdDeps,
  { rings, keeper }: Pick<Around, 'rings' | 'keeper'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (rings.wantsLooks()) keeper.running()?.doorbell.look()
    await clock.sleep(LOOK_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
  }
}
