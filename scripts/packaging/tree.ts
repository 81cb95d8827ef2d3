/** What lies where once the package is installed. */
import { chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { mustRun, ROOT, trackedFiles } from '../checks/tools.ts'
import { stageModules } from './modules.ts'
import type { Arch } from './arch.ts'

/** Below it lies everything that runs. */
export const HOME = 'usr/lib/lintel'
const TESTS = /[.](test|contract|fixture)[.]ts$|(^|\/)bench[.]ts$/
const RUNS = /^(src|sim)\/.*[.](ts|onnx|yaml|json)$|^src\/.*\/(LICENSE|NOTICE)[^/]*$/
const PAGE_SOURCES = /^src\/web\/page\//
/** From `firmware-config/` to where the system looks for it. */
const SYSTEM_FILES = {
  'systemd/lintel.service': 'usr/lib/systemd/system/lintel.service',
  'systemd/lintel-confirm.service': 'usr/lib/systemd/system/lintel-confirm.service',
  'systemd/lintel-confirm.timer': 'usr/lib/systemd/system/lintel-confirm.timer',
  'debian/choose-version': 'usr/lib/lintel/choose-version',
  'systemd/sysusers.conf': 'usr/lib/sysusers.d/lintel.conf',
  'systemd/modules-load.conf': 'usr/lib/modules-load.d/lintel.conf',
  'udev/60-lintel.rules': 'usr/lib/udev/rules.d/60-lintel.rules',
  'debian/lintel': 'usr/bin/lintel',
  'debian/copyright': 'usr/share/doc/lintel/copyright',
  'debian/lintian-overrides': 'usr/share/lintian/overrides/lintel',
} as const

export async function stageTree(arch: Arch, root: string, version: string, epochS: number): Promise<void> {
  const home = path.join(root, HOME)
  await mkdir(home, { recursive: true })
  await stageModules(arch, home)
  await stageSources(home, version)
  await stagePage(home)
  for (const [from, to] of Object.entries(SYSTEM_FILES))
    await place(path.join(ROOT, 'firmware-config', from), path.join(root, to))
  await stageDocs(root, version, epochS)
  await chmod(root, 0o755)
  await setModes(root)
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true })
  await cp(from, to)
}

async function stageSources(home: string, version: string): Promise<void> {
  const files = (await trackedFiles(ROOT)).map((file) => file.path)
  const wanted = files.filter(
    (name) =>
      (RUNS.test(name) && !TESTS.test(name) && !PAGE_SOURCES.test(name)) ||
      name.startsWith('firmware-config/boards/'),
  )
  for (const name of wanted) {
    if (name.endsWith('.ts')) await placeStripped(name, home)
    else await place(path.join(ROOT, name), path.join(home, name))
  }
  const { type, license } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    string
  > // Ours.
  await writeFile(
    path.join(home, 'package.json'),
    `${JSON.stringify({ name: 'lintel', version, private: true, license, type }, null, 2)}\n`,
  )
}

/** A module of ours where it is named: `'./x.ts'`, `'../a/x.ts'`, and `'worker.ts'` as the file of a process. */
const OWN_MODULE = /(['"])((?:[.]{1,2}\/)[\w./-]+|worker)[.]ts\1/g

/**
 * Without its types, which Node would take away at each start: on a small board that is seconds in which nothing rings. Everything else
 * stays where it stood, line for line.
 */
async function placeStripped(name: string, home: string): Promise<void> {
  const text = stripTypeScriptTypes(await readFile(path.join(ROOT, name), 'utf8'))
  const file = path.join(home, name.replace(/ts$/, 'js'))
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text.replace(OWN_MODULE, '$1$2.js$1'))
}

async function stagePage(home: string): Promise<void> {
  await mustRun(path.join(ROOT, 'scripts/page'), [])
  for (const name of ['page', 'page-away'])
    await cp(path.join(ROOT, '.cache', name), path.join(home, name), { recursive: true })
}

const gzipped = (text: string): Uint8Array => gzipSync(text, { level: 9 }) // Node writes no time into it.

async function stageDocs(root: string, version: string, epochS: number): Promise<void> {
  const doc = path.join(root, 'usr/share/doc/lintel')
  const man = path.join(root, 'usr/share/man/man1')
  await mkdir(doc, { recursive: true })
  await mkdir(man, { recursive: true })
  const manual = await readFile(path.join(ROOT, 'firmware-config/debian/lintel.1'), 'utf8')
  await writeFile(path.join(man, 'lintel.1.gz'), gzipped(manual.replaceAll('@VERSION@', version)))
  await writeFile(
    path.join(doc, 'NEWS.md.gz'),
    gzipped(await readFile(path.join(ROOT, 'CHANGELOG.md'), 'utf8')),
  )
  await writeFile(path.join(doc, 'changelog.gz'), gzipped(debianChangelog(version, epochS)))
  await cp(path.join(ROOT, 'firmware-config/boot'), path.join(doc, 'boot'), { recursive: true })
}

/** RFC 5322 as Debian wants it; what is new stands in NEWS.md.gz. */
function debianChangelog(version: string, epochS: number): string {
  const date = new Date(epochS * 1000).toUTCString().replace('GMT', '+0000')
  return `lintel (${version}) stable; urgency=medium\n\n  * See NEWS.md.gz.\n\n -- Lintel maintainers <maintainers@lintel.invalid>  ${date}\n`
}

const EXECUTABLE = /^usr\/bin\/|^usr\/lib\/lintel\/(bin\/|choose-version$)/

/** The same modes whatever the umask, and nothing executable that is not a program. */
async function setModes(root: string, below = ''): Promise<void> {
  for (const entry of await readdir(path.join(root, below), { withFileTypes: true })) {
    const name = path.posix.join(below, entry.name)
    if (entry.isSymbolicLink()) continue
    if (entry.isDirectory()) {
      await chmod(path.join(root, name), 0o755)
      await setModes(root, name)
    } else await chmod(path.join(root, name), EXECUTABLE.test(name) ? 0o755 : 0o644)
  }
}

/** What `Installed-Size` counts: each file in whole KiB, one for each folder. */
export async function installedKb(root: string): Promise<number> {
  let kb = 1
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const name = path.join(root, entry.name)
    kb += entry.isDirectory() ? await installedKb(name) : Math.ceil((await stat(name)).size / 1024)
  }
  return kb
}
