/** House rules that no other tool knows. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createHash } from 'node:crypto'
import { parse } from 'yaml'
import { z } from 'zod'
import { check, faultOf, type Report } from './report.ts'
import { mustRun, ROOT, runTool, trackedFiles, withTemporaryFolder, type TrackedFile } from './tools.ts'

const MB = 1024 * 1024
/** The weights of a detector of people are what they are. */
const FILE_MB_MAX = { most: 2, onnx: 8 }
const HEADINGS = ['Owns', 'Promises', 'When full', 'When it fails', 'Stopping', 'Not its job', 'See']
/** Folders of `src` that are no features: shared language, contracts, hardware, and where people come in. */
const NO_FEATURE = ['base', 'media', 'formats', 'ports', 'drivers', 'commands']
/** Where somebody's machine keeps their things; a path like that works nowhere else. */
const MACHINE_PATH = /(?<![\w.~-])\/(?:work|root|Users\/\w+|home\/(?!pi\b|lintel\b)\w+)\/[\w.-]+/
const FIXTURES = 'test-fixtures/'

type House = {
  readonly root: string
  readonly files: readonly TrackedFile[]
  readonly textOf: (name: string) => Promise<string>
}

type HouseRule = { readonly says: string; readonly find: (house: House) => Promise<string | undefined> }

const RULES: readonly HouseRule[] = [
  { says: 'no file names a place on somebody’s machine', find: findMachinePaths },
  { says: 'no file is larger than 2 MB, no model than 8 MB', find: findLargeFiles },
  { says: 'every feature has a front door with the seven headings', find: findDoors },
  { says: 'what starts with #! is executable, and only that', find: findModes },
  { says: 'every shell script parses', find: findShellMistakes },
  { says: 'every link in a page leads to a file', find: findDeadLinks },
  { says: 'every fixture is listed with its SHA-256', find: findUnlistedFixtures },
  { says: 'the lockfile knows the packages of every platform', find: findLockfileHoles },
  { says: 'every port has a contract suite that a test runs', find: findUnprovenPorts },
  { says: 'every mutant still fits the code that it breaks', find: findMisfits },
]

export async function checkHouse(report: Report): Promise<void> {
  const house = await openHouse(ROOT)
  for (const { says, find } of RULES) await check(report, `house: ${says}`, () => find(house))
  await withTemporaryFolder(async (folder) => {
    const ruin = await buildRuin(folder)
    for (const { says, find } of RULES) {
      await check(report, `house: a seeded violation of “${says}” is found`, async () =>
        (await find(ruin)) === undefined ? 'it was not found' : undefined,
      )
    }
  })
}

async function openHouse(root: string): Promise<House> {
  return { root, files: await trackedFiles(root), textOf: (name) => readFile(path.join(root, name), 'utf8') }
}

/** A house that breaks every rule once. */
async function buildRuin(folder: string): Promise<House> {
  const files = {
    'notes.md': `see ${['', 'home', 'somebody', 'notes'].join('/')} and [the plan](plan.md)`,
    'big.bin': Buffer.alloc(FILE_MB_MAX.most * MB + 1),
    'src/attic/index.ts': '/** Attic: has no headings. */\n',
    'src/ports/rope.ts': 'export type Rope = 1\n',
    'scripts/broken': '#!/bin/sh\nif\n',
    'test-fixtures/found.mp4': 'from nowhere',
    'test-fixtures/MANIFEST.yaml': 'files: []\n',
    'scripts/mutations/01-gone.patch':
      '# breaks what is gone\n--- a/src/gone.ts\n+++ b/src/gone.ts\n@@ -1 +1 @@\n-a\n+b\n',
    'package-lock.json': '{"packages":{"node_modules/a":{"optionalDependencies":{"a-linux":"1"}}}}',
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), content)
  }
  await mustRun('git', ['init', '-q', folder])
  return openHouse(folder)
}

const isText = ({ path: name }: TrackedFile): boolean =>
  /(^|\/)[^.]+$|[.](tsx?|cjs|json|md|yaml|yml|txt|sh|service|css|html|svg)$/.test(name)

/** `scripts/mutants` takes long and is run seldom; that a patch no longer applies is found at once. */
async function findMisfits({ root, files }: House): Promise<string | undefined> {
  const patches = files.map((file) => file.path).filter((name) => name.endsWith('.patch'))
  const checks = patches.map(async (name) => {
    const { code, stderr } = await runTool('git', ['apply', '--check', name], { cwd: root })
    return code === 0 ? [] : [`${name}: ${stderr.trim()}`]
  })
  const misfits = (await Promise.all(checks)).flat()
  return misfits.length === 0 ? undefined : misfits.join('\n')
}

async function findMachinePaths({ files, textOf }: House): Promise<string | undefined> {
  const problems: string[] = []
  for (const file of files.filter(isText)) {
    for (const [index, line] of (await textOf(file.path)).split('\n').entries()) {
      const found = MACHINE_PATH.exec(line)
      if (found !== null) problems.push(`${file.path}:${index + 1}: ${found[0]}`)
    }
  }
  return faultOf(problems)
}

async function findLargeFiles({ files, root }: House): Promise<string | undefined> {
  const problems: string[] = []
  for (const { path: name } of files) {
    const { size } = await stat(path.join(root, name))
    const most = name.endsWith('.onnx') ? FILE_MB_MAX.onnx : FILE_MB_MAX.most
    if (size > most * MB) problems.push(`${name}: ${(size / MB).toFixed(1)} MB, at most ${most} are wanted`)
  }
  return faultOf(problems)
}

async function findDoors({ files, textOf }: House): Promise<string | undefined> {
  const folders = new Set(files.flatMap(({ path: name }) => /^src\/([^/]+)\//.exec(name)?.[1] ?? []))
  const problems: string[] = []
  for (const folder of folders) {
    if (NO_FEATURE.includes(folder)) continue
    const door = `src/${folder}/index.ts`
    if (!files.some(({ path: name }) => name === door)) {
      problems.push(`${door}: missing`)
      continue
    }
    const comment = /^\/\*\*[\s\S]*?\*\//.exec(await textOf(door))?.[0] ?? ''
    const places = HEADINGS.map((heading) => comment.search(new RegExp(`^[ *]*${heading}[:.]`, 'm')))
    const missing = HEADINGS.filter((_, index) => places[index] === -1)
    if (missing.length > 0) problems.push(`${door}: its first comment lacks ${missing.join(' · ')}`)
    else if (places.some((place, index) => place < (places[index - 1] ?? 0)))
      problems.push(`${door}: headings out of order`)
  }
  return faultOf(problems)
}

async function findModes({ files, textOf }: House): Promise<string | undefined> {
  const problems: string[] = []
  for (const file of files.filter(isText)) {
    const isScript = (await textOf(file.path)).startsWith('#!')
    if (isScript !== file.executable)
      problems.push(`${file.path}: ${isScript ? 'not executable' : 'executable without #!'}`)
  }
  return faultOf(problems)
}

async function findShellMistakes({ files, root, textOf }: House): Promise<string | undefined> {
  const problems: string[] = []
  for (const file of files.filter(isText)) {
    const shell = /^#!\/(?:usr\/)?bin\/(?:env )?(ba)?sh/.exec(await textOf(file.path))
    if (shell === null) continue
    const { code, stderr } = await runTool(shell[1] === undefined ? 'sh' : 'bash', ['-n', file.path], {
      cwd: root,
    })
    if (code !== 0) problems.push(stderr.trim())
  }
  return faultOf(problems)
}

async function findDeadLinks({ files, textOf }: House): Promise<string | undefined> {
  const names = new Set(files.map(({ path: name }) => name))
  const isThere = (target: string): boolean =>
    target === '' || names.has(target) || [...names].some((name) => name.startsWith(`${target}/`))
  const problems: string[] = []
  for (const page of files.filter(({ path: name }) => name.endsWith('.md'))) {
    for (const [, link = ''] of (await textOf(page.path)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const target = path.posix.join(path.posix.dirname(page.path), link).replace(/^\.?\/?|\/$/g, '')
      if (!isThere(target)) problems.push(`${page.path}: ${link}`)
    }
  }
  return faultOf(problems)
}

async function findUnlistedFixtures({ files, root, textOf }: House): Promise<string | undefined> {
  const manifest: unknown = parse(await textOf(`${FIXTURES}MANIFEST.yaml`))
  const listed = new Set(JSON.stringify(manifest).match(/[0-9a-f]{64}/g) ?? [])
  const problems: string[] = []
  for (const { path: name } of files.filter(({ path: each }) => each.startsWith(FIXTURES))) {
    if (/\/(MANIFEST[.]yaml|[^/]*[.]md|[.]gitignore)$/.test(name)) continue
    const sha256 = createHash('sha256')
      .update(await readFile(path.join(root, name)))
      .digest('hex')
    if (!listed.has(sha256)) problems.push(`${name}: ${sha256} is not in ${FIXTURES}MANIFEST.yaml`)
  }
  return faultOf(problems)
}

const Names = z.record(z.string(), z.string()).default({})
const Lockfile = z.object({ packages: z.record(z.string(), z.object({ optionalDependencies: Names })) })

/** npm leaves out what it cannot find when it writes a lockfile, and then refuses to install from it elsewhere. */
async function findLockfileHoles({ textOf }: House): Promise<string | undefined> {
  const { packages } = Lockfile.parse(JSON.parse(await textOf('package-lock.json')))
  const problems: string[] = []
  for (const [owner, { optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      const isLocked = `node_modules/${name}` in packages || `${owner}/node_modules/${name}` in packages
      if (!isLocked) problems.push(`${owner || 'package.json'} wants ${name}, which has no entry`)
    }
  }
  return faultOf(problems)
}

async function findUnprovenPorts({ files, textOf }: House): Promise<string | undefined> {
  const suites = files.filter(({ path: name }) => /^src\/ports\/.*[.]contract[.]ts$/.test(name))
  const tests = await Promise.all(
    files.filter(({ path: name }) => name.endsWith('.test.ts')).map((file) => textOf(file.path)),
  )
  const problems: string[] = []
  for (const { path: name } of files) {
    const port = /^src\/ports\/([^/.]+)[.]ts$/.exec(name)?.[1]
    if (port === undefined || port === 'ports') continue // ports.ts only gathers the others.
    const suite = suites.find(({ path: each }) => path.basename(each, '.contract.ts') === port)
    if (suite === undefined) problems.push(`${name}: there is no ${port}.contract.ts`)
    else if (!tests.some((text) => text.includes(`/${port}.contract.ts'`)))
      problems.push(`${suite.path}: no test runs it`)
  }
  return faultOf(problems)
}
