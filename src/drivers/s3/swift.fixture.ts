/** OpenStack Swift from Debian, with its S3 interface: an implementation that nobody here wrote. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Debian's own, where Debian's Python packages are. */
const PYTHON = '/usr/bin/python3'
const SERVERS = [
  'swift-proxy-server',
  'swift-account-server',
  'swift-container-server',
  'swift-object-server',
]

export const SWIFT_PACKAGES = 'swift-proxy swift-account swift-container swift-object'
export const hasSwift = existsSync(PYTHON) && SERVERS.every((server) => existsSync(`/usr/bin/${server}`))

export type Swift = AsyncDisposable & {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export async function openSwift(): Promise<Swift> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-swift-'))
  const script = join(import.meta.dirname, 'swift-in-one-process.py')
  const child = spawn(PYTHON, [script, folder], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    endpoint: `http://127.0.0.1:${await portOf(child)}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'lintel:tester', secretAccessKey: 'testing' },
    async [Symbol.asyncDispose]() {
      child.stdin?.end()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** The first line it prints. */
async function portOf({ stdout, stderr }: ChildProcess): Promise<number> {
  const complaints: string[] = []
  stderr?.on('data', (chunk: Buffer) => complaints.push(chunk.toString()))
  if (stdout !== null) for await (const line of createInterface({ input: stdout })) return Number(line)
  throw new Error(`Swift did not start: ${complaints.join('')}`)
}
