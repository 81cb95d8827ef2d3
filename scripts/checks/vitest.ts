/** Runs the tests and hands every result to the report: a line for each file, every failure, everything skipped. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { startVitest, type Reporter, type TestCase, type TestModule, type TestSuite } from 'vitest/node'
import type { Report } from './report.ts'
import { ROOT } from './tools.ts'

export type TestChoice = {
  readonly filters: readonly string[]
  readonly quick: boolean
  readonly long: boolean
}

export async function runTests(report: Report, { filters, quick, long }: TestChoice): Promise<void> {
  if (long) process.env['LINTEL_PROPERTY_SEED'] ??= 'random'
  const vitest = await startVitest('test', [...filters], {
    root: ROOT,
    run: true,
    watch: false,
    passWithNoTests: true,
    includeTaskLocation: true,
    reporters: [reporterTo(report)],
    ...(quick ? { project: ['units'] } : {}),
  })
  await vitest.close()
}

function reporterTo(report: Report): Reporter {
  let tests = 0
  return {
    onTestModuleEnd(module) {
      tests += [...module.children.allTests()].length
      reportModule(report, module)
    },
    onTestRunEnd(_modules, unhandledErrors) {
      for (const error of unhandledErrors)
        report.failed('tests: an error that no test awaited', 0, describe(error))
      if (tests === 0) report.failed('tests', 0, 'no test was found')
    },
  }
}

function reportModule(report: Report, module: TestModule): void {
  const file = path.relative(ROOT, module.moduleId)
  const { duration } = module.diagnostic()
  const tests = [...module.children.allTests()]
  const passed = tests.filter((test) => test.result().state === 'passed')
  if (passed.length > 0) report.passedMany(file, passed.length, duration)
  for (const test of tests) reportTest(report, file, test)
  for (const error of module.errors()) report.failed(file, duration, describe(error))
  for (const suite of module.children.allSuites()) {
    for (const error of suite.errors()) report.failed(`${file} › ${suite.fullName}`, 0, describe(error))
  }
}

function reportTest(report: Report, file: string, test: TestCase): void {
  const title = `${file} › ${test.fullName}`
  const result = test.result()
  if (result.state === 'failed') {
    report.failed(title, test.diagnostic()?.duration ?? 0, result.errors.map(describe).join('\n\n'))
  } else if (result.state === 'skipped') report.skipped(title, result.note ?? reasonOf(test))
  else if (result.state === 'pending') report.failed(title, 0, 'did not finish')
}

/** The condition that the test's author wrote, on the test or on a group around it. */
function reasonOf(test: TestCase): string {
  const lines = readFileSync(test.module.moduleId, 'utf8').split('\n')
  let part: TestCase | TestSuite | TestModule = test
  while (part.type !== 'module') {
    const line: string = lines[(part.location?.line ?? 0) - 1] ?? ''
    const condition = /[.](skipIf|runIf)\((.+?)\)(?:[.(]|$)/.exec(line)
    if (condition !== null) return `${condition[1] === 'skipIf' ? 'because' : 'needs'} ${condition[2]}`
    part = part.parent
  }
  return 'no reason given'
}

type ShownError = {
  readonly message?: string
  readonly diff?: string
  readonly cause?: { readonly message?: string }
  readonly stacks?: readonly { readonly file: string; readonly line: number; readonly column: number }[]
}

function describe({ message = 'an error without a message', diff, cause, stacks = [] }: ShownError): string {
  const places = stacks
    .slice(0, 5)
    .map(({ file, line, column }) => `at ${path.relative(ROOT, file)}:${line}:${column}`)
  const parts = [message, diff, cause?.message === undefined ? undefined : `caused by: ${cause.message}`]
  return stripVTControlCharacters([...parts.filter((part) => part !== undefined), ...places].join('\n'))
}
