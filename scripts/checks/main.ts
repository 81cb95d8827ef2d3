/**
 * Every check of the project, one line each, and at the end `N passed, N failed`.
 *
 *   scripts/test                 everything
 *   scripts/test --quick         without the end-to-end tests
 *   scripts/test --static        only what needs no test run: format, lint, types, boundaries, house
 *   scripts/test src/clips …     only the tests of these files
 */
import { parseArgs } from 'node:util'
import { checkBoundaries } from './boundaries.ts'
import { checkHouse } from './house.ts'
import { checkLint } from './lint.ts'
import { check, Report } from './report.ts'
import { faultOfTool } from './tools.ts'
import { runTests } from './vitest.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, static: { type: 'boolean', default: false } },
})

const report = new Report()
if (positionals.length === 0) {
  await check(report, 'format: as oxfmt writes it', () => faultOfTool('oxfmt', ['--check']))
  await checkLint(report)
  await check(report, 'types: no mistakes', () => faultOfTool('tsc', ['--noEmit', '--pretty', 'false']))
  await checkBoundaries(report)
  await checkHouse(report)
}
if (!values.static) await runTests(report, { filters: positionals, quick: values.quick })
process.exitCode = report.close()
