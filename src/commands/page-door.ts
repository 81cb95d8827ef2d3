/** What whoever serves the owner's page needs: the page itself, how it is found, and the code for the first owner. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderUnicodeCompact } from 'uqr'
import { Fault } from '../base/fault.ts'
import type { Config } from '../config/index.ts'
import { openPageFiles } from '../drivers/page-files.ts'
import { nodeTcpServer } from '../drivers/tcp-server.ts'
import type { Household } from '../household.ts'
import type { Ports } from '../ports/ports.ts'
import type { PageFiles } from '../web/index.ts'
import { readFirstLine } from './owner-files.ts'

/** Of this installation or clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const QR_BORDER = 2

/** Where it lies in the package, and where a clone builds it. */
const PAGE_FOLDERS = ['page', '.cache/page'].map((name) => join(ROOT, name))

/** Built beforehand, or now where this is a clone. */
export async function openPage(): Promise<PageFiles> {
  await buildPages()
  for (const folder of PAGE_FOLDERS) {
    const page = await openPageFiles(folder)
    if (page !== undefined) return page
  }
  process.stderr.write('the page itself is not built, only what it asks for is served; type: scripts/page\n')
  return { read: async () => undefined }
}

/** In a clone; a package has them built. */
export async function buildPages(): Promise<void> {
  const builder = join(ROOT, 'scripts/page')
  if (existsSync(builder)) await run(builder)
}

/** It says itself what is wrong; what was built before is served then. */
const run = (program: string): Promise<void> =>
  new Promise((resolve) => {
    const child = spawn(program, [], { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })

export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)(join(ROOT, 'package.json')) as { version?: string } // Ours.
  return version ?? '0'
}

/** Without a password nobody may: see `live.rtsp.passwordFile`. */
export async function rtspOf({ live: { rtsp } }: Config): Promise<Pick<Ports, 'rtsp'>> {
  if (rtsp.port === 0) return {}
  if (rtsp.passwordFile === undefined)
    throw new Fault(
      'invalid',
      'live.rtsp.passwordFile: wanted a file whose first line is the password, got none',
    )
  return { rtsp: { server: nodeTcpServer, password: await readFirstLine(rtsp.passwordFile) } }
}

/** Where the page is, as somebody in the same network types it. */
export function pageOrigin(
  { isSecure, port }: Pick<Household, 'isSecure' | 'port'>,
  { web }: Config,
): string {
  const own =
    web.host === '127.0.0.1' ? 'localhost' : web.host === '0.0.0.0' ? `${hostname()}.local` : web.host
  return `${isSecure ? 'https' : 'http'}://${web.names[0] ?? own}:${port}`
}

/** A link and its QR code; whoever opens it first becomes the owner. No lines where somebody is. */
export function enrolmentLines(origin: string, secret: string | undefined): readonly string[] {
  if (secret === undefined) return []
  const link = `${origin}/#enrol=${secret}`
  return [
    '',
    'Nobody belongs to it yet. Who opens this once becomes its owner:',
    '',
    `  ${link}`,
    '',
    renderUnicodeCompact(link, { border: QR_BORDER }),
  ]
}

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
