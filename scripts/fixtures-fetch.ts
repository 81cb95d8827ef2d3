/** Brings real footage into test-fixtures/fetched: from Debian's packages, or from a folder that somebody has. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readdir, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { withTemporaryFolder } from './checks/tools.ts'
import { faultOfFile, FETCHED, openManifest, type Fetched } from './fixtures-manifest.ts'

export async function fetchFixtures(say: (text: string) => void): Promise<void> {
  const { manifest } = await openManifest()
  await mkdir(FETCHED, { recursive: true })
  const missing: Fetched[] = []
  for (const fixture of manifest.fetched) {
    if ((await faultOfFile(path.join(FETCHED, fixture.name), fixture.sha256)) === undefined) continue
    if (await takeFromFolder(fixture, say)) continue
    missing.push(fixture)
  }
  for (const name of new Set(missing.flatMap(({ debian }) => debian?.package ?? []))) {
    await takeFromPackage(
      name,
      missing.filter(({ debian }) => debian?.package === name),
      say,
    )
  }
  for (const { name, source, debian } of missing) {
    if (debian === undefined) say(`left out ${name}: set LINTEL_VIDEOS to a folder that holds it (${source})`)
  }
}

async function takeFromFolder({ name, sha256 }: Fetched, say: (text: string) => void): Promise<boolean> {
  const folder = process.env['LINTEL_VIDEOS']
  if (folder === undefined || folder === '') return false
  const file = path.join(folder, name)
  if ((await stat(file).catch(() => undefined)) === undefined) return false
  await keep(file, { name, sha256 })
  say(`took ${name} from LINTEL_VIDEOS`)
  return true
}

/** Copies under another name first: what is there under its own name has been checked. */
async function keep(
  file: string,
  { name, sha256 }: { readonly name: string; readonly sha256: string },
): Promise<void> {
  const fault = await faultOfFile(file, sha256)
  if (fault !== undefined) throw new Error(fault)
  await copyFile(file, path.join(FETCHED, `${name}.new`))
  await rename(path.join(FETCHED, `${name}.new`), path.join(FETCHED, name))
}

async function takeFromPackage(
  name: string,
  wanted: readonly Fetched[],
  say: (text: string) => void,
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    say(`downloading Debian's ${name} …`)
    await download(name, folder)
    const deb = (await readdir(folder)).find((file) => file.endsWith('.deb'))
    if (deb === undefined) throw new Error(`apt-get download ${name}: brought no package`)
    await unpack(
      path.join(folder, deb),
      folder,
      wanted.flatMap(({ debian }) => debian?.path ?? []),
    )
    for (const { debian, ...fixture } of wanted) {
      if (debian === undefined) continue
      await keep(path.join(folder, debian.path), fixture)
      say(`took ${fixture.name} from ${name}`)
    }
  })
}

/** apt's own user may not write into our folder; it says so and downloads all the same. */
async function download(name: string, folder: string): Promise<void> {
  const child = spawn('apt-get', ['-qq', 'download', name], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`apt-get download ${name} ended with ${String(code)}: ${said.trim()}`)
}

async function unpack(deb: string, folder: string, paths: readonly string[]): Promise<void> {
  const reader = spawn('dpkg-deb', ['--fsys-tarfile', deb], { stdio: ['ignore', 'pipe', 'inherit'] })
  const writer = spawn('tar', ['-x', '-C', folder, ...paths.map((each) => `./${each}`)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  reader.stdout.pipe(writer.stdin)
  writer.stdin.on('error', () => reader.kill()) // tar has what it wanted and left.
  const [code] = await once(writer, 'close')
  if (code !== 0) throw new Error(`tar could not take ${paths.join(', ')} out of ${deb}`)
}
