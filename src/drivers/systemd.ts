import koffi from 'koffi'
import { Fault } from '../base/fault.ts'

/** What the service manager is told; see sd_notify(3). Without one nothing happens. */
export interface ServiceManager {
  /** It counts as started, and its watchdog begins to wait. */
  ready(status: string): void
  /** One line for `systemctl status`. */
  status(text: string): void
  stopping(): void
  /** The watchdog waits anew. */
  pet(): void
  /** How often it wants to be petted; undefined: it does not watch. Half of what it allows, as sd_watchdog_enabled(3) recommends. */
  readonly petEveryMs: number | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_NOSIGNAL = 0x4000
/** `sun_path` of struct sockaddr_un. */
const PATH_BYTES_MAX = 108
const USEC_PER_MS = 1000

const nobody: ServiceManager = { ready() {}, status() {}, stopping() {}, pet() {}, petEveryMs: undefined }

/**
 * Whoever started us and said so in `NOTIFY_SOCKET`. Node has no datagrams of the family AF_UNIX, so libc is asked directly.
 * Throws `Fault('invalid')` for an address that cannot be one, `Fault('unavailable')` when the system gives no socket.
 */
export function openServiceManager(env: Environment, { pid = process.pid } = {}): ServiceManager {
  const address = env['NOTIFY_SOCKET']
  if (address === undefined || address === '') return nobody
  const send = datagramsTo(address)
  return {
    ready: (status) => send(`READY=1\nSTATUS=${oneLine(status)}`),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    stopping: () => send('STOPPING=1\nSTATUS=Ending: what is being recorded is sealed first'),
    pet: () => send('WATCHDOG=1'),
    petEveryMs: petEvery(env, pid),
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ')

/** `WATCHDOG_PID` says for whom it is meant; children inherit both. */
function petEvery(env: Environment, pid: number): number | undefined {
  const { WATCHDOG_USEC: allowed, WATCHDOG_PID: whom } = env
  if (whom !== undefined && Number(whom) !== pid) return undefined
  const us = Number(allowed)
  return allowed === undefined || !Number.isFinite(us) || us <= 0 ? undefined : us / USEC_PER_MS / 2
}

/** A message that nobody takes is no reason to stop: the service manager may just be starting anew. */
function datagramsTo(address: string): (text: string) => void {
  const to = socketAddress(address)
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int family, int type, int protocol)')
  const sendto = libc.func(
    'long sendto(int fd, void *bytes, size_t length, int flags, void *address, uint32_t addressBytes)',
  )
  const fd: unknown = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (typeof fd !== 'number' || fd < 0)
    throw new Fault('unavailable', `NOTIFY_SOCKET: the system gives no socket (error ${koffi.errno()})`)
  return (text) => {
    const bytes = Buffer.from(text)
    sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, to, to.length)
  }
}

/** struct sockaddr_un: the family, then a path, or a zero and an abstract name, which is written with `@`. */
function socketAddress(address: string): Buffer {
  const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : address)
  if (!/^[/@]/.test(address) || path.length >= PATH_BYTES_MAX)
    throw new Fault(
      'invalid',
      `NOTIFY_SOCKET: wanted a path or @name of less than ${PATH_BYTES_MAX} bytes, got ${address}`,
    )
  const family = Buffer.alloc(2)
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, path])
}
