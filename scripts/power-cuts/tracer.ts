/** strace as the one who says no: which calls it refuses, on which files, and what it did. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../../src/base/fault.ts'
import { orderKey } from '../../src/ports/records.ts'
import { mustRun, runTool } from '../checks/tools.ts'
import { idOf } from './ids.ts'

/** Whose calls: those on the index by SQLite, or those on the files of clips, ledger and key. */
export type Target = 'index' | 'files'

export type Refusal = {
  readonly call: string
  readonly target: Target
  readonly errno: string
  /** Counted among the calls that would be hit, from 1. */
  readonly from: number
  /** From then on all of them, not just that one. */
  readonly forGood: boolean
}

type Kind = Pick<Refusal, 'call' | 'target'> & { readonly errnos: readonly string[] }

const NO_ROOM = ['ENOSPC', 'EDQUOT']

/** What a disk says to each call when it breaks, is full, or was turned read-only by the kernel. */
export const KINDS: readonly Kind[] = [
  { call: 'fsync', target: 'index', errnos: ['EIO', ...NO_ROOM, 'EROFS'] },
  { call: 'fsync', target: 'files', errnos: ['EIO', ...NO_ROOM, 'EROFS'] },
  { call: 'fdatasync', target: 'files', errnos: ['EIO', ...NO_ROOM, 'EROFS'] },
  { call: 'write', target: 'files', errnos: ['EIO', ...NO_ROOM] },
  { call: 'pwrite64', target: 'index', errnos: ['EIO', ...NO_ROOM] },
  { call: 'rename', target: 'files', errnos: ['EIO', ...NO_ROOM, 'EROFS'] },
  { call: 'unlink', target: 'files', errnos: ['EIO', 'EROFS'] },
  { call: 'mkdir', target: 'files', errnos: ['EIO', ...NO_ROOM, 'EROFS'] },
  { call: 'openat', target: 'files', errnos: ['EIO', 'EMFILE'] },
]

/** The names that Linux has for the same on other machines (arm64 knows only those with `at`). */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  rename: ['renameat', 'renameat2'],
  unlink: ['unlinkat'],
  mkdir: ['mkdirat'],
}

/** Calls on clips of earlier lives. The tracer looks up every path it is given, so others are spared them. */
const REACHES_BACK: ReadonlySet<string> = new Set(['unlink', 'openat'])

const IDS = 24
const PARTS = 10
const REPLACED = 48
const ENTRIES = 400

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

const KEPT: readonly string[] = [
  ...['poster.age', 'meta.age', 'manifest.note'],
  ...numbers(PARTS).map((n) => `${String(n).padStart(4, '0')}.age`),
]
const TEMPORARY: readonly string[] = numbers(REPLACED).flatMap((n) => [
  `meta.age.$$-${n}.tmp`,
  `manifest.note.$$-${n}.tmp`,
])

/** Throws with what is missing where the machine forbids tracing. */
export async function tryTracer(): Promise<void> {
  const options = [
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync',
    '-e',
    'inject=fsync:error=EIO:when=1',
  ]
  try {
    const { code } = await runTool('strace', [...options, 'sync', import.meta.filename])
    if (code === 0) throw new Error('strace refused nothing')
    await mustRun('strace', [...options, 'true'])
  } catch (error) {
    throw new Error(`this machine forbids errors of system calls: wanted ptrace; ${messageOf(error)}`, {
      cause: error,
    })
  }
}

export type Place = {
  /** The data folder. */
  readonly root: string
  /** Of the life that is to be traced. */
  readonly seed: number
  /** Of lives before it on the same disk: their clips may expire in this one. */
  readonly earlier: readonly number[]
  /** What the tracer writes, and the script that begins it. */
  readonly log: string
  readonly script: string
}

/**
 * Writes the script to begin a process with, and returns the command that runs it. The tracer steps aside (`-D`), so that
 * the process keeps its own id. The shell is there because temporary files have that id (`$$`) in their names, and the
 * tracer wants to know all names beforehand: it matches whole paths only. With `--seccomp-bpf` other calls cost nothing.
 */
export async function traceWith(
  refusal: Refusal,
  { root, seed, earlier, log, script }: Place,
): Promise<readonly string[]> {
  const calls = [refusal.call, ...(ALSO[refusal.call] ?? [])].map((name) => `?${name}`).join(',')
  const when = `${refusal.from}${refusal.forGood ? '+' : ''}`
  const paths =
    refusal.target === 'index' ? indexPaths() : filePaths(seed, REACHES_BACK.has(refusal.call) ? earlier : [])
  const lines = [
    // The tracer counts for each thread by itself: with one thread for files, the n-th call is the n-th.
    'export UV_THREADPOOL_SIZE=1',
    `exec strace -D -f --seccomp-bpf -qq -y -o "${log}" \\`,
    `  -e "trace=${calls}" -e "inject=${calls}:error=${refusal.errno}:when=${when}" \\`,
    ...paths.map((name) => `  -P "${path.join(root, name)}" \\`),
    '  -- "$@"',
  ]
  await writeFile(script, `${lines.join('\n')}\n`)
  return ['sh', script]
}

const indexPaths = (): readonly string[] => ['index.sqlite', 'index.sqlite-wal', 'index.sqlite-journal']

function filePaths(seed: number, earlier: readonly number[]): readonly string[] {
  const clipsOf = (life: number): readonly string[] => numbers(IDS).map((n) => `clips/${idOf(life, n)}`)
  return [
    ...['', 'clips', 'quarantine', 'ledger', 'device.key', 'recipients.note'],
    ...numbers(ENTRIES).map((n) => `ledger/${orderKey(n)}.json`),
    ...[...earlier, seed].flatMap(clipsOf).flatMap((folder) => [folder, ...below(folder, KEPT)]),
    ...clipsOf(seed).flatMap((folder) => below(folder, TEMPORARY)),
  ]
}

const below = (folder: string, names: readonly string[]): readonly string[] =>
  names.map((name) => `${folder}/${name}`)

export type Traced = {
  /** Calls that would have been hit, had their number come. */
  readonly calls: number
  readonly refused: number
  /** Refused although they were not on a file of the data folder: the sample is worth nothing. */
  readonly elsewhere: readonly string[]
}

export async function readTrace(log: string, root: string): Promise<Traced> {
  const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => !line.includes('<unfinished'))
  const refused = lines.filter((line) => line.includes('(INJECTED)'))
  return {
    calls: lines.filter((line) => line.includes(') = ')).length,
    refused: refused.length,
    elsewhere: refused.filter((line) => !line.includes(root) && !line.includes('resumed>')),
  }
}
