/**
 * Every check of the project, one line each, and at the end `N passed, N failed`.
 *
 *   scripts/test                 everything
 *   scripts/test --quick         without the end-to-end tests and the proving ground
 *   scripts/test --long          ten times as many random stories, power cuts and errors, and new values for properties
 *   scripts/test --proving       only the proving ground: stories, seeds, crash points, real power cuts
 *   scripts/test --static        only what needs no test run: format, lint, types, boundaries, house
 *   scripts/test src/clips …     only the tests of these files
 */
import { parseArgs } from 'node:util'
import { checkBoundaries } from './boundaries.ts'
import { checkHouse } from './house.ts'
import { checkLint } from './lint.ts'
import { checkProvingGround } from './proving.ts'
import { check, Report } from './report.ts'
import { faultOfTool } from './tools.ts'
import { runTests } from './vitest.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    static: { type: 'boolean', default: false },
    proving: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
  },
})

const report = new Report()
const isAll = positionals.length === 0 && !values.proving
if (isAll) {
  await Promise.all([checkTypes(report), checkRest(report)])
}
// Side by side, so that no core waits: the proving ground takes what the tests leave.
await Promise.all([
  values.static || values.proving ? undefined : runTests(report, { filters: positionals, ...values }),
  values.proving || (isAll && !values.static && !values.quick)
    ? checkProvingGround(report, values.long ? 'long' : 'usual')
    : undefined,
])
process.exitCode = report.close()

async function checkTypes(to: Report): Promise<void> {
  await check(to, 'types: no mistakes', () => faultOfTypes('types', []))
  await check(to, 'types: no mistakes in the page', () =>
    faultOfTypes('types-page', ['--project', 'src/web/page']),
  )
  await checkBoundaries(to)
}

async function checkRest(to: Report): Promise<void> {
  await check(to, 'format: as oxfmt writes it', () => faultOfTool('oxfmt', ['--check']))
  await checkLint(to)
  // Before any test: some of them open it.
  await check(to, 'page: it is built, and small enough for its first use', () =>
    faultOfTool('node', ['scripts/page.ts']),
  )
  await checkHouse(to)
}

/** What the compiler found out the last time is kept in the file `.cache/<memory>.tsbuildinfo`. */
function faultOfTypes(memory: string, args: readonly string[]): ReturnType<typeof faultOfTool> {
  const keep = ['--incremental', '--tsBuildInfoFile', `.cache/${memory}.tsbuildinfo`]
  return faultOfTool('tsc', ['--noEmit', '--pretty', 'false', ...keep, ...args])
}
