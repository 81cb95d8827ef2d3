/** The npm packages that run on the doorbell, for another processor than this one perhaps, without what only builders read. */
import { createHash } from 'node:crypto'
import { copyFile, cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { ROOT, runTool } from '../checks/tools.ts'
import { NPM_CPU, type Arch } from './arch.ts'

const NPM_MAJOR_MIN = 10 // Older ones know no --cpu.

/** Everything in them is for other machines, other engines, or for compilers. */
const UNUSED_PACKAGES = [
  '@types',
  // WebAssembly in place of onnxruntime, which every machine that this package is for can run.
  '@tensorflow',
  'undici-types',
  '.bin',
  '.package-lock.json',
]
const UNUSED_FILE =
  /[.]([mc]?ts|map|tsbuildinfo|flow|c|cc|cpp|h|hh|hpp|gypi?|min[.]m?js|min[.]cjs|html)$|^(README|CHANGELOG|HISTORY|CONTRIBUTING|SECURITY)([.]\w+)?$/i
const UNUSED_FOLDER = /^(test|tests|__tests__|docs|doc|example|examples|benchmark|benchmarks|[.]github)$/
/** Hidden in packages: settings of their authors' editors. */
const HIDDEN = /^[.]/

/** Puts `node_modules` into `folder`, and Node itself into `bin`. */
export async function stageModules(arch: Arch, folder: string): Promise<void> {
  await cp(await preparedModules(arch), folder, { recursive: true, verbatimSymlinks: true })
}

/** Made once for each lockfile and way of pruning: installing takes 20 s and 600 MB. */
async function preparedModules(arch: Arch): Promise<string> {
  const made = createHash('sha256')
  for (const file of ['package-lock.json', path.relative(ROOT, import.meta.filename)])
    made.update(await readFile(path.join(ROOT, file)))
  const name = `${arch}-${made.digest('hex').slice(0, 16)}`
  const cache = path.join(ROOT, '.cache/package')
  const ready = path.join(cache, name)
  const present: readonly string[] = await readdir(cache).catch(() => [])
  if (present.includes(name)) return ready
  for (const other of present)
    // What other lockfiles left, or a build that was interrupted.
    if (other.startsWith(`${arch}-`)) await rm(path.join(cache, other), { recursive: true, force: true })
  const folder = `${ready}.new`
  await mkdir(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    await copyFile(path.join(ROOT, file), path.join(folder, file))
  await npmCi(folder, arch)
  await keepWhatRuns(folder, arch)
  await rename(folder, ready)
  return ready
}

async function keepWhatRuns(folder: string, arch: Arch): Promise<void> {
  const modules = path.join(folder, 'node_modules')
  for (const name of UNUSED_PACKAGES) await rm(path.join(modules, name), { recursive: true, force: true })
  await removeForeignBinaries(modules, arch)
  await moveNode(modules, folder, arch)
  await prune(modules)
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) await rm(path.join(folder, file))
}

async function npmCi(folder: string, arch: Arch): Promise<void> {
  const { stdout } = await runTool('npm', ['--version'])
  if (Number.parseInt(stdout, 10) < NPM_MAJOR_MIN || stdout === '')
    throw new Error(
      `package: wanted npm ${NPM_MAJOR_MIN} or newer, got ${stdout.trim() || 'none'} — type: npm install -g npm@11`,
    )
  const args = [
    'ci',
    '--omit=dev',
    '--os=linux',
    `--cpu=${NPM_CPU[arch]}`,
    '--libc=glibc',
    '--ignore-scripts',
  ]
  const { code, stderr } = await runTool('npm', args, { cwd: folder })
  if (code !== 0) throw new Error(`package: npm ci ended with ${code}:\n${stderr.slice(-2000)}`)
}

async function removeForeignBinaries(modules: string, arch: Arch): Promise<void> {
  const onnx = path.join(modules, 'onnxruntime-node/bin/napi-v6')
  for (const system of await readdir(onnx)) {
    if (system !== 'linux') await rm(path.join(onnx, system), { recursive: true })
  }
  for (const cpu of await readdir(path.join(onnx, 'linux'))) {
    if (cpu !== NPM_CPU[arch]) await rm(path.join(onnx, 'linux', cpu), { recursive: true })
  }
  const koffi = path.join(modules, `@koromix/koffi-linux-${NPM_CPU[arch]}`)
  for (const name of await readdir(koffi)) {
    if (name.startsWith('musl_')) await rm(path.join(koffi, name), { recursive: true })
  }
}

/** Of the package that brings Node, the program alone, where the wrapper looks for it. */
async function moveNode(modules: string, folder: string, arch: Arch): Promise<void> {
  const from = path.join(modules, `node-linux-${NPM_CPU[arch]}`)
  await mkdir(path.join(folder, 'bin'), { recursive: true })
  await rename(path.join(from, 'bin/node'), path.join(folder, 'bin/node'))
  await mkdir(path.join(folder, 'licences'), { recursive: true })
  await copyFile(path.join(from, 'LICENSE'), path.join(folder, 'licences/node.txt')).catch(() => {})
  for (const other of Object.values(NPM_CPU))
    await rm(path.join(modules, `node-linux-${other}`), { recursive: true, force: true })
}

/** Folders are judged by name only where a package begins: deeper ones hold code, such as `dist/doc` of yaml. */
async function prune(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const isPackage = entries.some(({ name }) => name === 'package.json')
  for (const entry of entries) {
    const place = path.join(folder, entry.name)
    const isUnused = entry.isDirectory()
      ? isPackage && UNUSED_FOLDER.test(entry.name)
      : UNUSED_FILE.test(entry.name)
    if (isUnused || HIDDEN.test(entry.name)) await rm(place, { recursive: true })
    else if (entry.isDirectory()) await prune(place)
  }
}
