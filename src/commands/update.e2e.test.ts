import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isArch, ownArch } from '../../scripts/packaging/arch.ts'
import { makeReleaseKey, signRelease } from '../../scripts/packaging/release.ts'
import { updateCommand } from './update.ts'

const run = promisify(execFile)
const arch = ownArch()
const otherArch = isArch('arm64') && arch === 'arm64' ? 'amd64' : 'arm64'

/** A machine on which version 1.0.0 is installed, and a release key that it trusts. */
let root: string
let key: string
let said: string[]
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lintel-update-'))
  key = path.join(root, 'release.pem')
  await put('usr/lib/lintel/package.json', '{"version":"1.0.0"}')
  await mkdir(path.join(root, 'run'))
  await put('etc/lintel/update-key', `${await makeReleaseKey(key)}\n`)
  said = []
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function put(name: string, text: string): Promise<void> {
  const file = path.join(root, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text)
}

/** A real archive, signed; the path of its note. */
async function release(
  version: string,
  options: { readonly inside?: string; readonly for?: 'arm64' | 'amd64' } = {},
): Promise<string> {
  const tree = path.join(root, `build-${version}`)
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true })
  await mkdir(path.join(tree, 'usr/lib/lintel/src'), { recursive: true })
  await writeFile(
    path.join(tree, 'usr/lib/lintel/package.json'),
    JSON.stringify({ version: options.inside ?? version }),
  )
  await writeFile(path.join(tree, 'usr/lib/lintel/src/main.js'), '')
  await writeFile(
    path.join(tree, 'DEBIAN/control'),
    `Package: lintel\nVersion: ${version}\nArchitecture: all\nMaintainer: a <a@b.invalid>\nDescription: a\n`,
  )
  const archive = path.join(root, `lintel_${version}_${arch}.deb`)
  await run('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, archive])
  return signRelease(archive, { version, arch: options.for ?? arch, keyFile: key })
}

async function update(...args: readonly string[]): Promise<string> {
  const from = said.length
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  try {
    await updateCommand()
      .exitOverride()
      .parseAsync([...args, '--root', root], { from: 'user' })
  } finally {
    out.mockRestore()
  }
  return said.slice(from).join('')
}

/** What a start of the service would run. */
async function start(): Promise<string> {
  await update('choose')
  const target = await readlink(path.join(root, 'run/lintel-version')).catch(() => undefined)
  return target === undefined ? 'package' : path.basename(path.resolve(target, '../../..'))
}

const statusOf = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await update('status', '--json')) as Record<string, unknown>

describe('lintel update', () => {
  it('tries a release, and keeps it when it stayed up', async () => {
    expect(await start()).toBe('package')
    expect(await update('install', await release('1.1.0'), '--no-restart')).toContain(
      'lintel 1.1.0 is unpacked',
    )
    expect(await start()).toBe('1.1.0')
    await update('confirm')
    for (let n = 0; n < 5; n++) expect(await start()).toBe('1.1.0')
    expect(await readFile(path.join(root, 'run/lintel-version/package.json'), 'utf8')).toContain('1.1.0')
  })

  it('returns from one that does not stay up, and does not take it again', async () => {
    await update('install', await release('1.1.0'), '--no-restart')
    const ran = [await start(), await start(), await start(), await start()]
    expect(ran).toEqual(['1.1.0', '1.1.0', '1.1.0', 'package'])
    expect(await statusOf()).toMatchObject({ next: '1.0.0', failed: ['1.1.0'] })
    await expect(update('install', await release('1.1.0'), '--no-restart')).rejects.toThrow(/did not stay up/)
  })

  it('returns to the package when the owner says so, and takes no older release afterwards', async () => {
    const first = await release('1.1.0')
    await update('install', first, '--no-restart')
    await start()
    await update('confirm')
    expect(await update('back', '--no-restart')).toContain('Back to 1.0.0')
    expect(await start()).toBe('package')
    await expect(update('install', first, '--no-restart')).rejects.toThrow(/newer than 1\.1\.0/)
    await update('install', first, '--no-restart', '--any-version')
    expect(await start()).toBe('1.1.0')
  })

  it('refuses what was not signed, or not so, and changes nothing', async () => {
    const note = await release('1.1.0')
    const archive = note.replace('.note', '.deb')
    const bytes = await readFile(archive)
    await writeFile(archive, Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]))
    await expect(update('install', note, '--no-restart')).rejects.toThrow(
      /wanted SHA-256 .* as the release says/,
    )
    await writeFile(archive, bytes.subarray(1))
    await expect(update('install', note, '--no-restart')).rejects.toThrow(
      /wanted \d+ bytes as the release says/,
    )
    await expect(
      update('install', await release('1.2.0', { inside: '1.0.1' }), '--no-restart'),
    ).rejects.toThrow(/wanted version 1\.2\.0 in it, got 1\.0\.1/)
    await expect(
      update('install', await release('1.3.0', { for: otherArch }), '--no-restart'),
    ).rejects.toThrow(/wanted one for/)
    await put('etc/lintel/update-key', await makeReleaseKey(path.join(root, 'other.pem')))
    await expect(update('install', await release('1.4.0'), '--no-restart')).rejects.toThrow(
      /wanted the signature of/,
    )
    await rm(path.join(root, 'etc/lintel/update-key'))
    await expect(update('install', await release('1.5.0'), '--no-restart')).rejects.toThrow(
      /wanted the key of whoever makes your releases/,
    )
    expect(await start()).toBe('package')
  })

  it('runs the package when the state is damaged', async () => {
    await update('install', await release('1.1.0'), '--no-restart')
    await put('var/lib/lintel-versions/state/slots.json', '{"format":1')
    expect(await start()).toBe('package')
  })
})
