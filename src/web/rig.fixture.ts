/** A household around the page's server: real members, index and disk in memory, and siblings that remember what they were asked. */
import { utf8 } from '../base/bytes.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { makeOwner, newRecipient, type Owner } from '../formats/owner.fixture.ts'
import { createMembers, type Members } from '../members/index.ts'
import { acceptRecipients, RECIPIENTS_FILE } from '../vault/index.ts'
import { createMemoryDisk, type MemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { MemoryWeb, type Answer, type Ask, type MemorySocketEnd } from '../../sim/devices/memory-web.ts'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import type { Activity, DeviceEvent, DeviceFacts, InviteMade, Role, SoundFacts } from './api.ts'
import { startWeb, type DoorbellForWeb, type LiveSink, type Web } from './index.ts'

export const CLIP = 'c1'.repeat(8)
export const PRESS = 'ab'.repeat(8)
export const PART = Uint8Array.from({ length: 1000 }, (_, n) => n % 251)
export const PASSPHRASE = 'a passphrase of some length'
export const HOST = 'door.local:8443'
const ORIGIN = `https://${HOST}`
const BOOT = unixMs(1_800_000_000_000)
export const SOUND: SoundFacts = { canHear: true, canTalk: true, duplex: 'half' }
export const DEVICE: DeviceFacts = {
  name: 'Front door of the Millers',
  keyName: 'lintel/0123456789abcdef',
  publicKey: 'ZGV2aWNl',
  version: '9.8.7',
  simulated: true,
}

export type Browser = { readonly cookies: string; readonly member: string }
type Extra = Partial<Omit<Ask, 'target'>> & { readonly json?: unknown; readonly as?: Browser | undefined }

export type Rig = AsyncDisposable & {
  readonly web: Web
  readonly memory: MemoryWeb
  readonly members: Members
  readonly records: MemoryRecords
  readonly disk: MemoryDisk
  readonly clock: SimClock
  readonly house: House
  readonly owner: Owner
  /** As the page itself asks: with its Host, Origin and Sec-Fetch headers. */
  ask(method: string, target: string, extra?: Extra): Promise<Answer>
  connect(target: string, extra?: Extra): Promise<MemorySocketEnd | Answer>
  socket(target: string, as: Browser): Promise<MemorySocketEnd>
  enrol(): Promise<Browser>
  join(as: Browser, role: Role, options?: { readonly untilUnixMs?: number }): Promise<Browser>
}

/** What the siblings were asked, and what they say. */
export class House {
  readonly did: string[] = []
  readonly takers = new Set<(event: DeviceEvent) => void>()
  readonly looks = new Set<(event: DeviceEvent) => void>()
  readonly ears = new Set<(state: SoundFacts) => void>()
  readonly signals: AbortSignal[] = []
  readonly noted: {
    readonly what: Activity['what']
    readonly name: string
    readonly clip?: string
    readonly detail?: string
  }[] = []

  tell(event: DeviceEvent): void {
    for (const take of this.takers) take(event)
  }

  doorbell(): DoorbellForWeb {
    const note = <T>(what: string, answer: T): T => {
      this.did.push(what)
      return answer
    }
    const watch = async (what: string, sink: LiveSink, signal: AbortSignal): Promise<void> => {
      this.did.push(what)
      this.signals.push(signal)
      sink.send(what)
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    }
    return {
      clips: {
        list: async () => ({ clips: [], more: false }),
        read: async (clip, file, range) =>
          clip === CLIP && /^(0000|meta)[.]age$/.test(file)
            ? {
                bytes: PART.slice(range?.from ?? 0, (range?.to ?? PART.length - 1) + 1),
                totalBytes: PART.length,
              }
            : undefined,
        hold: async (clip) => note(`hold ${clip}`, clip === CLIP),
        remove: async (clip) => note(`remove ${clip}`, clip === CLIP ? 'removed' : 'missing'),
        keepGrant: async () => note('grant', { to: 'age1bob' }),
        grants: async () => [],
      },
      live: {
        fmp4: (sink, signal) => watch('fmp4', sink, signal),
        mpeg1: (sink, signal) => watch('mpeg1', sink, signal),
        webrtc: async (_offer, { signal }) => {
          this.signals.push(signal)
          return note('webrtc', { answer: 'a', viewer: 'v', signature: 's' })
        },
        viewers: () => [],
      },
      talk: {
        listen: ({ viewer, member, on }) => note(`listen ${viewer} ${member} ${on}`, undefined),
        talk: ({ viewer, member, on }) => note(`talk ${viewer} ${member} ${on}`, undefined),
        state: () => SOUND,
        subscribe: (take) => subscribe(this.ears, take),
      },
      presses: {
        picture: (press) => (press === PRESS ? utf8('sealed') : undefined),
        over: (press, how, by) => note(`${how} ${press} ${by}`, undefined),
        subscribe: (take) => subscribe(this.takers, take),
        subscribeLooks: (take) => subscribe(this.looks, take),
      },
      status: async () => ({ rows: [], alarms: [] }),
    }
  }
}

function subscribe<T>(all: Set<T>, take: T): Disposable {
  all.add(take)
  return { [Symbol.dispose]: () => void all.delete(take) }
}

export async function openRig(): Promise<Rig> {
  const [records, disk, clock] = [new MemoryRecords(), createMemoryDisk(), new SimClock({ bootWall: BOOT })]
  const [house, memory, owner] = [new House(), new MemoryWeb(), makeOwner()]
  const vault = { acceptRecipients, RECIPIENTS_FILE } as const
  const members = createMembers({ clock, records: records.open(), disk, device: () => DEVICE, vault })
  const doorbell = house.doorbell()
  const web = await startWeb(depsOf({ house, memory, members, clock, doorbell }), {
    listen: { host: '127.0.0.1', port: 8443, tls: { cert: 'cert', key: 'key' } },
    names: ['door.local', '192.168.1.9'],
    rootCertificate: 'root',
  })
  const asOf = (extra: Extra, method: string): Ask['headers'] => ({
    host: HOST,
    'sec-fetch-site': 'same-origin',
    ...(method === 'GET' ? {} : { origin: ORIGIN }),
    ...(extra.as === undefined ? {} : { cookie: extra.as.cookies }),
    ...(extra.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...extra.headers,
  })
  const rig: Rig = {
    web,
    memory,
    members,
    records,
    disk,
    clock,
    house,
    owner,
    ask: (method, target, extra = {}) =>
      memory.ask(web.port, {
        ...extra,
        method,
        target,
        headers: asOf(extra, method) ?? {},
        ...(extra.json === undefined ? {} : { body: JSON.stringify(extra.json) }),
      }),
    connect: (target, extra = {}) =>
      memory.connect(web.port, { ...extra, target, headers: { ...asOf(extra, 'UPGRADE') } }),
    async socket(target, as) {
      const end = await rig.connect(target, { as })
      if ('status' in end) throw new Error(`wanted a socket at ${target}, got ${end.status}`)
      return end
    },
    enrol: () => enrol(rig),
    join: (as, role, options) => join(rig, as, role, options),
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  }
  return rig
}

type Parts = Pick<Rig, 'house' | 'memory' | 'members' | 'clock'> & { readonly doorbell: DoorbellForWeb }

function depsOf({ house, memory, members, clock, doorbell }: Parts): Parameters<typeof startWeb>[0] {
  const did = (what: string): void => void house.did.push(what)
  return {
    server: memory.server,
    clock,
    random: createSeededRandom(1),
    log: silentLog,
    device: () => DEVICE,
    members,
    doorbell: () => doorbell,
    activity: {
      note: async ({ name }, what, about = {}) => void house.noted.push({ what, name, ...about }),
      list: async () => ({ activity: [], more: false }),
    },
    settings: {
      read: async () => ({ settings: [] }),
      change: async () => (did('settings'), { settings: [] }),
      test: async () => (did('test'), { ok: true, message: '' }),
    },
    push: {
      publicKey: 'push key',
      subscribe: async () => did('push'),
      unsubscribe: async () => did('no push'),
      forget: async (member) => did(`forget ${member}`),
    },
    page: {
      read: async (path) =>
        ['', 'assets/app-1.js', 'sw.js'].includes(path)
          ? { bytes: utf8(`file ${path}`), type: 'text/html', etag: '"1"' }
          : undefined,
    },
    simulate: { press: async () => did('press') },
  }
}

async function enrol(rig: Rig): Promise<Browser> {
  const { recipient, note } = rig.owner
  const secret = await rig.members.enrolment()
  const credential = { kind: 'passphrase', passphrase: PASSPHRASE }
  return browserOf(
    await rig.ask('POST', '/api/enrol', {
      json: { secret, name: 'Ada', recipient, recipients: note, credential },
    }),
  )
}

async function join(
  rig: Rig,
  as: Browser,
  role: Role,
  { untilUnixMs = rig.clock.wall().at + 3600_000 }: { readonly untilUnixMs?: number } = {},
): Promise<Browser> {
  const body = {
    name: `${role} ${rig.records.rows('member').length}`,
    role,
    ...(role === 'guest' ? { untilUnixMs } : {}),
  }
  const { code } = bodyOf(await rig.ask('POST', '/api/invites', { as, json: body })) as InviteMade
  const credential = { kind: 'passphrase', passphrase: PASSPHRASE }
  const recipient = role === 'guest' ? {} : { recipient: newRecipient() }
  return browserOf(await rig.ask('POST', '/api/join', { json: { code, ...recipient, credential } }))
}

export function browserOf(answer: Answer): Browser {
  if (answer.status !== 200) throw new Error(`${answer.status} ${Buffer.from(answer.body).toString()}`)
  const cookies = (answer.headers.get('set-cookie') ?? []).map((cookie) => cookie.split(';')[0]).join('; ')
  const { member } = bodyOf(answer) as { readonly member: string }
  return { cookies, member }
}

export const bodyOf = ({ body }: Answer): unknown => JSON.parse(Buffer.from(body).toString())
