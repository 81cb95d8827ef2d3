/**
 * The simulator as a proving ground: every story twice, random stories, every crash point, and the same on a real file system.
 * Each check says what it counted. `--long`: ten times as many.
 */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { check, type Report } from './report.ts'
import { ROOT, runTool } from './tools.ts'
import { checkTwoNodes } from './two-nodes.ts'

export type Amount = 'usual' | 'long'

type Plan = {
  readonly seeds: number
  readonly fromSeed: number
  readonly crashEvery: number
  readonly cuts: number
  readonly errors: number
}

const PLANS: Readonly<Record<Amount, Plan>> = {
  usual: { seeds: 10_000, fromSeed: 1, crashEvery: 1, cuts: 300, errors: 300 },
  long: { seeds: 100_000, fromSeed: 100_001, crashEvery: 1, cuts: 3000, errors: 3000 },
}

const LINTEL = path.join(ROOT, 'scripts/lintel')
const CAMERA_SIEGE = path.join(ROOT, 'scripts/camera-siege')
const POWER_CUT = path.join(ROOT, 'scripts/power-cut')

export async function checkProvingGround(report: Report, amount: Amount): Promise<void> {
  const plan = PLANS[amount]
  await Promise.all([proveByComputing(report, plan), proveOnDisks(report, plan)])
  if (amount !== 'long') return
  await checkBoard(report)
  await checkCounted(report, 'an hour of a camera in trouble', CAMERA_SIEGE, [])
}

/** Every core is busy with these. */
async function proveByComputing(report: Report, { seeds, fromSeed, crashEvery }: Plan): Promise<void> {
  await checkStories(report)
  await checkTwoNodes(report)
  await checkCounted(report, 'random stories', LINTEL, [
    ...['sim', 'explore', '--seeds', String(seeds), '--from', String(fromSeed)],
  ])
  await checkCounted(report, 'crash points', LINTEL, ['sim', 'crash', '--every', String(crashEvery)])
}

/** These wait for a disk most of the time. */
async function proveOnDisks(report: Report, { cuts, errors }: Plan): Promise<void> {
  await checkCounted(report, 'power cuts on ext4', POWER_CUT, ['--cuts', String(cuts)])
  await checkCounted(report, 'errors of system calls', POWER_CUT, ['errors', '--errors', String(errors)])
}

/** Takes long: two packages are built, and every instruction of the board is emulated. */
async function checkBoard(report: Report): Promise<void> {
  await checkCounted(report, 'the package', path.join(ROOT, 'scripts/package-test'), [])
  await checkCounted(report, 'the board', path.join(ROOT, 'scripts/board-test'), ['--cuts', '20'])
}

/** All of them, twice: the traces have to be the same to the last byte. */
async function checkStories(report: Report): Promise<void> {
  const folder = path.join(ROOT, 'sim/stories')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort()
  await check(report, `stories: ${names.length} stories, each twice with the same trace`, async () => {
    const files = names.map((name) => path.join('sim/stories', name))
    const runs = await Promise.all([hashesOf(files), hashesOf(files)])
    const [first, second] = runs
    if (typeof first === 'string') return first
    if (typeof second === 'string') return second
    const different = files.filter((_, index) => first[index] !== second[index] || first[index] === undefined)
    return different.length === 0 ? undefined : `other traces in the second run: ${different.join(', ')}`
  })
}

/** A text: what went wrong. */
async function hashesOf(files: readonly string[]): Promise<readonly string[] | string> {
  const { code, stdout, stderr } = await runBehind(LINTEL, ['sim', ...files, '--json'])
  const results = parsed(stdout)
  if (!Array.isArray(results)) return `lintel sim ended with ${code}: ${stderr}`
  const failed = results.filter((story) => !isRow(story) || story['passed'] !== true)
  if (failed.length > 0)
    return failed
      .map((story) =>
        isRow(story)
          ? `${String(story['file'])}: ${JSON.stringify([story['verdicts'], story['violations']])}`
          : 'no row',
      )
      .join('\n')
  return results.flatMap((story) =>
    isRow(story) && typeof story['hash'] === 'string' ? [story['hash']] : [],
  )
}

/** The last line with a number in it is the count; it becomes the title. */
async function checkCounted(
  report: Report,
  title: string,
  program: string,
  args: readonly string[],
): Promise<void> {
  const startedAt = performance.now()
  const { code, stdout, stderr } = await runBehind(program, args)
  const ms = performance.now() - startedAt
  const count = stdout
    .trim()
    .split('\n')
    .findLast((line) => /^\s*[\d,]+ /.test(line))
  if (code === 0 && count !== undefined) report.passed(`${title}: ${count.trim()}`, ms)
  else report.failed(title, ms, `${stdout.slice(-6000)}\n${stderr.slice(-2000)}`)
}

/** With what the tests beside it leave of the processor: browsers, cameras and people in them live in real time, nobody here does. */
const runBehind = (program: string, args: readonly string[]): ReturnType<typeof runTool> =>
  runTool('nice', ['-n', '15', program, ...args], { cwd: ROOT })

type Row = Readonly<Record<string, unknown>>
const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
