/**
 * Are our checks worth anything? Each patch in `mutations/` breaks the code that keeps what was acknowledged, as somebody
 * might by mistake. A copy of the tree gets one patch at a time, and the simulator has to notice.
 *
 *   scripts/mutants            all of them
 *   scripts/mutants 04 12      those whose names begin so
 */
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { mustRun, ROOT, runTool } from './checks/tools.ts'

const PATCHES = path.join(ROOT, 'scripts/mutations')

/** From the quickest to the most thorough; the first that complains has killed the mutant. Paths and words of `scripts/lintel`. */
const LADDER: readonly (readonly string[])[] = [
  [
    'sim',
    ...storyFiles([
      'press-without-network',
      'slow-disk',
      'bad-network',
      'power-cuts',
      'frozen',
      'damaged-index',
      'broken-disk-at-start',
      'owner-deletes',
    ]),
  ],
  ['sim', 'crash', '--every', '6', '--workers', '1', '--procedure', 'press'],
  ['sim', 'crash', '--every', '2', '--workers', '1', '--procedure', 'clip end'],
  ['sim', 'crash', '--every', '2', '--workers', '1', '--procedure', 'restart'],
  ['sim', 'crash', '--every', '2', '--workers', '1', '--procedure', 'upload'],
  ['sim', 'explore', '--seeds', '200', '--workers', '1', '--no-shrink', '--report', 'mutant-report'],
  ['sim', 'crash', '--every', '30', '--workers', '1', '--procedure', 'delete'],
]

function storyFiles(names: readonly string[]): readonly string[] {
  return names.map((name) => `sim/stories/${name}.yaml`)
}

type Fate = { readonly patch: string; readonly killedBy: string | undefined; readonly tookS: number }

const wanted = process.argv.slice(2)
const patches = (await readdir(PATCHES))
  .filter((name) => name.endsWith('.patch'))
  .filter((name) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)))
  .sort()
const healthy = await withCopy((folder) => firstComplaint(folder))
if (healthy !== undefined) throw new Error(`without any mutant, a check complains already: ${healthy}`)
console.log('without any mutant nothing complains')
const queue = patches.values()
const fates: Fate[] = []
await Promise.all(Array.from({ length: availableParallelism() }, () => withCopy(tryPatches)))
const survivors = fates.filter(({ killedBy }) => killedBy === undefined)
console.log(
  `${fates.length} mutants, ${fates.length - survivors.length} killed, ${survivors.length} survived`,
)
process.exitCode = survivors.length === 0 && fates.length === patches.length ? 0 : 1

async function tryPatches(folder: string): Promise<void> {
  for (const patch of queue) {
    const startedAt = performance.now()
    const file = path.join(PATCHES, patch)
    await mustRun('git', ['-C', folder, 'apply', file])
    const killedBy = await firstComplaint(folder)
    await mustRun('git', ['-C', folder, 'apply', '-R', file])
    const fate = { patch, killedBy, tookS: (performance.now() - startedAt) / 1000 }
    fates.push(fate)
    console.log(await lineOf(fate))
  }
}

async function lineOf({ patch, killedBy, tookS }: Fate): Promise<string> {
  const [about = ''] = (await readFile(path.join(PATCHES, patch), 'utf8')).split('\n')
  const verdict = killedBy === undefined ? 'SURVIVED' : `killed by ${killedBy}`
  return `${patch.replace('.patch', '')} (${about.replace('# ', '')}): ${verdict} (${tookS.toFixed(0)} s)`
}

/** A copy of the last commit, with the packages of this tree. */
async function withCopy<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lintel-mutants-'))
  try {
    await mustRun('git', ['clone', '--quiet', '--shared', ROOT, folder])
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Which step of the ladder, and what it said. A step that cannot even run is an error, not a kill. */
async function firstComplaint(folder: string): Promise<string | undefined> {
  for (const args of LADDER) {
    const { code, stdout, stderr } = await runTool(path.join(folder, 'scripts/lintel'), args, { cwd: folder })
    if (code === 0) continue
    const said = complaintIn(stdout)
    if (said === undefined)
      throw new Error(`lintel ${args.join(' ')} ended with ${code}: ${stderr.slice(-2000)}`)
    return `${nameOf(args)}: ${said}`
  }
  return undefined
}

function nameOf(args: readonly string[]): string {
  if (args[1] === 'crash') return `crash points of “${args.at(-1)}”`
  return args[1] === 'explore' ? 'random stories' : 'stories'
}

/** The sentence of the checker or expectation that failed. */
function complaintIn(stdout: string): string | undefined {
  const seed = /^seed \d+ fails: (.*)$/m.exec(stdout)?.[1]
  const crash = /^ {2}.*, survived [01]*: (.*)$/m.exec(stdout)?.[1]
  const story = /^FAILED {2}\S+\.yaml.*\n\s+(.*)$/m.exec(stdout)?.[1]
  return seed ?? crash ?? story
}
