import { constants } from 'node:os'
import { Fault, type FaultKind, messageOf } from '../base/fault.ts'

/** What the operating system's error codes mean to us. All others are weather. */
const KINDS: Readonly<Record<string, FaultKind>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ELOOP: 'denied',
  EIO: 'corrupt',
  EUCLEAN: 'corrupt',
  EBADMSG: 'corrupt',
  EEXIST: 'invalid',
  ENOTEMPTY: 'invalid',
  EISDIR: 'invalid',
  ENAMETOOLONG: 'invalid',
  EINVAL: 'invalid',
}

export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? nameOf(error.code) : undefined
}

/** libuv has no names for what it does not know, a full quota and a damaged file system among them. */
const UNNAMED = /^Unknown system error -(\d+)$/
const EUCLEAN = 117 // Linux's own; Node does not list it.
const NAMES = new Map(
  [...Object.entries(constants.errno), ['EUCLEAN', EUCLEAN] as const].map(([name, n]) => [n, name]),
)

function nameOf(code: string): string {
  const number = UNNAMED.exec(code)?.[1]
  return number === undefined ? code : (NAMES.get(Number(number)) ?? 'EUNKNOWN')
}

/** The operating system's refusal as a `Fault` that says what was being done. Other errors stay as they are. */
export function faultOfErrno(error: unknown, what: string): unknown {
  const code = errnoOf(error)
  if (error instanceof Fault || code === undefined || !/^E[A-Z]/.test(code)) return error
  if (code.startsWith('ERR_')) return error
  return new Fault(KINDS[code] ?? 'unavailable', `${what}: ${messageOf(error)}`, { cause: error })
}
