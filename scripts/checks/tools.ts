/** Running the workshop's tools and walking the tree. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** The repository's root. */
export const ROOT = path.resolve(import.meta.dirname, '../..')

export type EndedBytes = { readonly code: number; readonly stdout: Uint8Array; readonly stderr: string }
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs a program of `node_modules/.bin`, or of the machine, to its end. */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<Ended> {
  const ended = await runToolBytes(program, args, options)
  return { ...ended, stdout: Buffer.from(ended.stdout).toString() }
}

export function runToolBytes(
  program: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<EndedBytes> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd ?? ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', (cause) => reject(new Error(`${program} cannot be started`, { cause })))
    child.once('close', (code) =>
      resolve({ code: code ?? 1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    )
  })
}

/** Runs a program that has to succeed. */
export async function mustRun(program: string, args: readonly string[]): Promise<Ended> {
  const ended = await mustRunBytes(program, args)
  return { ...ended, stdout: Buffer.from(ended.stdout).toString() }
}

export async function mustRunBytes(program: string, args: readonly string[]): Promise<EndedBytes> {
  const ended = await runToolBytes(program, args)
  if (ended.code === 0) return ended
  throw new Error(
    `${path.basename(program)} ${args.join(' ')} ended with ${ended.code}:\n${ended.stderr.trim()}`,
  )
}

/** What the tool said when it was not content; undefined when it was. */
export async function faultOfTool(program: string, args: readonly string[]): Promise<string | undefined> {
  const { code, stdout, stderr } = await runTool(program, args)
  return code === 0 ? undefined : `${stdout}${stderr}`.trim() || `${program} ended with ${code}`
}

export type TrackedFile = { readonly path: string; readonly executable: boolean }

/** The files that a clone would have: those git tracks and those it would add, without what is being deleted. */
export async function trackedFiles(root: string): Promise<readonly TrackedFile[]> {
  const { code, stdout, stderr } = await runTool(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: root },
  )
  if (code !== 0) throw new Error(`git ls-files: ${stderr}`)
  const found = await Promise.all(
    [...new Set(stdout.split('\0'))]
      .filter((name) => name !== '')
      .map(async (name) => {
        const facts = await stat(path.join(root, name)).catch(() => undefined)
        return facts?.isFile() === true ? [{ path: name, executable: (facts.mode & 0o111) !== 0 }] : []
      }),
  )
  return found.flat()
}

/** Gives `use` a folder of its own, gone afterwards. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lintel-check-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
