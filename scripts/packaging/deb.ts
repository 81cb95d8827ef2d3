/** The archive: control files, times, and `dpkg-deb`. */
import { chmod, lutimes, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { DATA_FORMAT } from '../../src/update/index.ts'
import { mustRun, ROOT, runTool, withTemporaryFolder } from '../checks/tools.ts'
import { installedKb, stageTree } from './tree.ts'
import type { Arch } from './arch.ts'

const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm', 'config'] as const

export type BuiltPackage = {
  readonly file: string
  readonly version: string
  readonly bytes: number
  readonly installedKb: number
}

export async function buildPackage(
  arch: Arch,
  options: { readonly outDir: string; readonly version?: string },
): Promise<BuiltPackage> {
  const version = options.version ?? (await ownVersion())
  const epochS = await sourceDateEpochS()
  return withTemporaryFolder(async (root) => {
    await stageTree(arch, root, version, epochS)
    const kb = await installedKb(root)
    await stageControl(root, { arch, version, kb })
    await setTimes(root, epochS)
    await mkdir(options.outDir, { recursive: true })
    const file = path.join(options.outDir, `lintel_${version}_${arch}.deb`)
    // lintian knows no zstd. The number of processors does not show in the bytes: dpkg cuts blocks of one size for any.
    const pack = ['-Zxz', '-z3', '--root-owner-group', '--build', root, file]
    await mustRun('env', [`SOURCE_DATE_EPOCH=${epochS}`, 'dpkg-deb', ...pack])
    return { file, version, bytes: (await stat(file)).size, installedKb: kb }
  })
}

async function ownVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  } // Ours.
  return version
}

async function sourceDateEpochS(): Promise<number> {
  const set = process.env['SOURCE_DATE_EPOCH']
  if (set !== undefined && /^\d+$/.test(set)) return Number(set)
  const { code, stdout } = await runTool('git', ['log', '-1', '--format=%ct'])
  if (code === 0) return Number(stdout)
  throw new Error('package: this is no clone; say with SOURCE_DATE_EPOCH which time its files should have')
}

async function stageControl(
  root: string,
  facts: { readonly arch: Arch; readonly version: string; readonly kb: number },
): Promise<void> {
  const source = path.join(ROOT, 'firmware-config/debian')
  const target = path.join(root, 'DEBIAN')
  await mkdir(target, { mode: 0o755 })
  await writeFile(path.join(target, 'md5sums'), await md5sums(root))
  const control = (await readFile(path.join(source, 'control'), 'utf8'))
    .replaceAll('@ARCH@', facts.arch)
    .replaceAll('@VERSION@', facts.version)
    .replaceAll('@KB@', String(facts.kb))
  await writeFile(path.join(target, 'control'), control)
  await writeFile(path.join(target, 'templates'), await readFile(path.join(source, 'templates')))
  for (const name of SCRIPTS) {
    const text = await readFile(path.join(source, name), 'utf8').catch(() => undefined)
    if (text !== undefined)
      await writeFile(path.join(target, name), text.replaceAll('@DATA_FORMAT@', String(DATA_FORMAT)))
  }
  for (const name of await readdir(target))
    await chmod(path.join(target, name), (SCRIPTS as readonly string[]).includes(name) ? 0o755 : 0o644)
}

async function md5sums(root: string): Promise<string> {
  const lines: string[] = []
  for (const file of await filesBelow(root)) {
    if (file.startsWith('DEBIAN/')) continue
    const sum = createHash('md5')
      .update(await readFile(path.join(root, file)))
      .digest('hex')
    lines.push(`${sum}  ${file}\n`)
  }
  return lines.join('')
}

async function filesBelow(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort()
}

async function setTimes(place: string, epochS: number): Promise<void> {
  for (const entry of await readdir(place, { withFileTypes: true })) {
    const name = path.join(place, entry.name)
    if (entry.isDirectory()) await setTimes(name, epochS)
    else await lutimes(name, epochS, epochS)
  }
  await lutimes(place, epochS, epochS)
}
