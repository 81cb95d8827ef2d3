/** oxlint, with the rules that need types: on the tree, and on one seeded violation for each rule. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { check, faultOf, type Report } from './report.ts'
import { LINT_SEEDS } from './seeds.ts'
import { faultOfTool, ROOT, runTool, withTemporaryFolder } from './tools.ts'

const Findings = z.object({
  diagnostics: z.array(z.object({ code: z.string().optional(), filename: z.string() })),
})
const Rules = z.object({ rules: z.record(z.string(), z.unknown()) })

export async function checkLint(report: Report): Promise<void> {
  await check(report, 'lint: no mistakes', () =>
    faultOfTool('oxlint', ['--type-aware', '--deny-warnings', '--format', 'unix']),
  )
  let findings: z.infer<typeof Findings> = { diagnostics: [] }
  await check(report, 'lint: every rule of ours has a seeded violation', async () => {
    findings = await lintSeeds()
    return faultOf(
      (await ownRules()).filter((rule) => !LINT_SEEDS.some((seed) => seed.rule.endsWith(`(${rule})`))),
    )
  })
  for (const seed of LINT_SEEDS) {
    await check(report, `lint: ${seed.rule} fires on ${seed.file}`, async () => {
      const fired = findings.diagnostics
        .filter(({ filename }) => filename === seed.file)
        .map(({ code }) => code)
      return fired.includes(seed.rule) ? undefined : `fired instead: ${fired.join(', ') || 'nothing'}`
    })
  }
}

/** The rules that the configuration names and switches on, without their plugin. */
async function ownRules(): Promise<readonly string[]> {
  const { rules } = Rules.parse(JSON.parse(await readFile(path.join(ROOT, '.oxlintrc.json'), 'utf8')))
  return Object.entries(rules)
    .filter(([, level]) => level !== 'off')
    .map(([name]) => name.replace(/^.*\//, ''))
}

function lintSeeds(): Promise<z.infer<typeof Findings>> {
  return withTemporaryFolder(async (folder) => {
    for (const name of ['package.json', 'tsconfig.json', '.oxlintrc.json', 'src/base/log.ts']) {
      await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true })
    }
    for (const { file, text } of LINT_SEEDS) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
      await writeFile(path.join(folder, file), text)
    }
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
    const { stdout, stderr } = await runTool('oxlint', ['--type-aware', '--format', 'json'], { cwd: folder })
    if (!stdout.startsWith('{')) throw new Error(`oxlint: ${stdout}${stderr}`)
    return Findings.parse(JSON.parse(stdout))
  })
}
