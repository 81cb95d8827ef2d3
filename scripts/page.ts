/**
 * Builds the owner's page (`src/web/page/`) into `.cache/page/`, and the one that reads the store into `.cache/page-away/`: bundle, service worker, icons. Nothing is done when no source has changed
 * since; `--force` builds anyway. Fails when what a phone loads on its first visit is over the budget.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { build, type InlineConfig, type Rolldown } from 'vite'
import { z } from 'zod'
import { ROOT } from './checks/tools.ts'

const FIRST_USE_KB_MAX = 150
const KB = 1000
const SOURCE = path.join(ROOT, 'src/web/page')
const TARGET = path.join(ROOT, '.cache/page')
/** The page without the doorbell: static files for any web space. */
const AWAY = path.join(ROOT, '.cache/page-away')
type Variant = {
  readonly name: string
  readonly target: string
  readonly html: string
  readonly worker: string
}
const VARIANTS: readonly Variant[] = [
  { name: 'page', target: TARGET, html: 'index.html', worker: 'worker/sw.ts' },
  { name: 'page without the doorbell', target: AWAY, html: 'away.html', worker: 'worker/sw-away.ts' },
]

const STAMP = path.join(ROOT, '.cache/page.json')
/** What the bundle is made of. */
const INPUTS = [
  'src/web/page',
  'src/web/api.ts',
  'src/base',
  'src/media',
  'package-lock.json',
  'scripts/page.ts',
]

const Stamp = z.object({ hash: z.string(), says: z.array(z.string()), problem: z.string().optional() })
type Stamp = z.infer<typeof Stamp>

const SHARED: InlineConfig = {
  configFile: false,
  root: SOURCE,
  base: './',
  logLevel: 'warn',
  publicDir: path.join(SOURCE, 'public'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
}

const hash = await hashOfInputs()
const known = process.argv.includes('--force') ? undefined : await knownStamp()
const stamp = known?.hash === hash ? known : await buildAll(hash)
for (const line of stamp.says) console.log(line)
if (stamp.problem !== undefined) {
  console.error(stamp.problem)
  process.exitCode = 1
}

async function knownStamp(): Promise<Stamp | undefined> {
  try {
    await readFile(path.join(TARGET, 'index.html'))
    await readFile(path.join(AWAY, 'index.html'))
    return Stamp.parse(JSON.parse(await readFile(STAMP, 'utf8')))
  } catch {
    return undefined // Never built, or by another version: build it.
  }
}

async function hashOfInputs(): Promise<string> {
  const all = createHash('sha256')
  for (const input of INPUTS) {
    for (const file of await filesIn(path.join(ROOT, input))) {
      if (/[.]test[.]tsx?$/.test(file)) continue
      all.update(`${path.relative(ROOT, file)}\0`).update(await readFile(file))
    }
  }
  return all.digest('hex')
}

async function filesIn(place: string): Promise<readonly string[]> {
  const entries = await readdir(place, { withFileTypes: true, recursive: true }).catch(() => undefined)
  if (entries === undefined) return [place]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
}

async function buildAll(sources: string): Promise<Stamp> {
  const made = []
  for (const variant of VARIANTS) made.push(await buildOne(variant, sources))
  const problem = made.flatMap((each) => each.problem ?? []).join('\n')
  const stamp = {
    hash: sources,
    says: made.flatMap(({ says }) => says),
    ...(problem === '' ? {} : { problem }),
  }
  await writeFile(STAMP, JSON.stringify(stamp))
  return stamp
}

/** Into a folder beside, which then takes the place of the old one: whoever serves it sees the old page or the new. */
async function buildOne(variant: Variant, sources: string): Promise<Pick<Stamp, 'says' | 'problem'>> {
  const { name, target, html } = variant
  const folder = `${target}.new`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const chunks = await bundle(folder, html)
  if (html !== 'index.html') await renameStart(folder, html)
  await drawIcons(folder)
  const shell = (await filesIn(folder)).map((file) => `./${path.relative(folder, file)}`)
  await bundleWorker(folder, variant.worker, { shell, version: sources.slice(0, 16) })
  await rm(target, { recursive: true, force: true })
  await rename(folder, target)
  return weigh(name, chunks)
}

/** On web space only a name leads to a file: the page is called as everywhere, and starts from that name. */
async function renameStart(folder: string, html: string): Promise<void> {
  await rename(path.join(folder, html), path.join(folder, 'index.html'))
  const manifest = path.join(folder, 'manifest.webmanifest')
  const text = await readFile(manifest, 'utf8')
  await writeFile(manifest, text.replace('"start_url": "./"', '"start_url": "./index.html"'))
}

type Output = Rolldown.RolldownOutput['output']

async function bundle(outDir: string, html: string): Promise<Output> {
  const made = await build({
    ...SHARED,
    build: {
      outDir,
      emptyOutDir: true,
      rolldownOptions: { input: path.join(SOURCE, html) },
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  })
  return outputOf(made)
}

/** A service worker is one file: it may not load others later. */
async function bundleWorker(
  outDir: string,
  worker: string,
  { shell, version }: { readonly shell: readonly string[]; readonly version: string },
): Promise<void> {
  await build({
    ...SHARED,
    publicDir: false,
    define: { __SHELL__: JSON.stringify(shell), __VERSION__: JSON.stringify(version) },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      reportCompressedSize: false,
      lib: {
        entry: path.join(SOURCE, worker),
        formats: ['iife'],
        name: 'lintel',
        fileName: () => 'sw.js',
      },
    },
  })
}

function outputOf(made: Awaited<ReturnType<typeof build>>): Output {
  const [first] = [made].flat()
  if (first === undefined || !('output' in first)) throw new Error('the bundler gave no output')
  return first.output
}

async function drawIcons(folder: string): Promise<void> {
  const drawing = await readFile(path.join(SOURCE, 'public/icon.svg'))
  for (const size of [180, 192, 512])
    await sharp(drawing, { density: 300 })
      .resize(size, size)
      .png()
      .toFile(path.join(folder, `icon-${size}.png`))
}

function weigh(page: string, output: Output): Pick<Stamp, 'says' | 'problem'> {
  const weights = new Map(
    output.map((file) => [file.fileName, gzipSync(file.type === 'chunk' ? file.code : file.source).length]),
  )
  const first = firstUse(output)
  const sum = (names: Iterable<string>): number =>
    [...names].reduce((total, name) => total + (weights.get(name) ?? 0), 0)
  const later = [...weights.keys()].filter((name) => !first.has(name))
  const kb = (bytes: number): string => `${(bytes / KB).toFixed(1)} kB`
  const says = [
    `${page}: ${kb(sum(first))} gzipped for the first use (at most ${FIRST_USE_KB_MAX}), ${kb(sum(later))} later`,
    ...[...weights]
      .sort(([, a], [, b]) => b - a)
      .map(([name, bytes]) => `  ${kb(bytes).padStart(9)}  ${first.has(name) ? 'first' : 'later'}  ${name}`),
  ]
  if (sum(first) <= FIRST_USE_KB_MAX * KB) return { says }
  return {
    says,
    problem: `${page}: wanted at most ${FIRST_USE_KB_MAX} kB for the first use, got ${kb(sum(first))}`,
  }
}

/** The page itself, its entry with everything that is imported at once, and styles. */
function firstUse(output: Output): ReadonlySet<string> {
  const chunks = new Map(
    output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])),
  )
  const first = new Set<string>(
    output.filter(({ fileName }) => /[.](html|css)$/.test(fileName)).map((f) => f.fileName),
  )
  const waiting = [...chunks.values()].filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (first.has(name)) continue
    first.add(name)
    waiting.push(...(chunks.get(name)?.imports ?? []))
  }
  return first
}
