/** Who may import whom: dependency-cruiser on the tree, and on a little tree of seeded violations. */
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { check, faultOf, type Report } from './report.ts'
import { BOUNDARY_SEEDS, SEED_GROUND, type Seed } from './seeds.ts'
import { ROOT, runTool, withTemporaryFolder } from './tools.ts'

const Cruise = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
    totalCruised: z.number(),
    ruleSetUsed: z.object({
      forbidden: z.array(z.object({ name: z.string(), comment: z.string().optional() })),
    }),
  }),
})
type Summary = z.infer<typeof Cruise>['summary']

export async function checkBoundaries(report: Report): Promise<void> {
  await check(report, 'boundaries: nobody imports whom they may not', async () => {
    const found = await cruise(ROOT, ['src', 'sim', 'scripts'])
    if (found.totalCruised < 20)
      return `only ${found.totalCruised} files were looked at: the check itself is broken`
    return faultOf(found.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`))
  })
  await proveBoundaries(report)
}

async function proveBoundaries(report: Report): Promise<void> {
  let seeded: Summary | undefined
  await check(report, 'boundaries: a tree without violations is let through', () =>
    withTemporaryFolder(async (folder) => {
      await plant(folder, [])
      const clean = await cruise(folder, ['src', 'sim'])
      return faultOf(clean.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`))
    }),
  )
  await check(report, 'boundaries: every rule has a seeded violation and a sentence', () =>
    withTemporaryFolder(async (folder) => {
      await plant(folder, BOUNDARY_SEEDS)
      seeded = await cruise(folder, ['src', 'sim'])
      const rules = seeded.ruleSetUsed.forbidden
      const unproven = rules.filter(({ name }) => !BOUNDARY_SEEDS.some(({ rule }) => rule === name))
      const wordless = rules.filter(({ comment }) => comment === undefined)
      return faultOf([
        ...unproven.map(({ name }) => `no seed proves ${name}`),
        ...wordless.map(({ name }) => `${name} does not say why`),
      ])
    }),
  )
  for (const seed of BOUNDARY_SEEDS) {
    await check(report, `boundaries: ${seed.rule} fires on ${seed.file}`, async () => {
      const fired = (seeded?.violations ?? [])
        .filter(({ from }) => from === seed.file)
        .map(({ rule }) => rule.name)
      return fired.includes(seed.rule) ? undefined : `fired instead: ${fired.join(', ') || 'nothing'}`
    })
  }
}

async function cruise(folder: string, roots: readonly string[]): Promise<Summary> {
  const { stdout, stderr } = await runTool(
    path.join(ROOT, 'node_modules/.bin/depcruise'),
    ['--config', path.join(folder, 'scripts/boundaries.cjs'), '--output-type', 'json', ...roots],
    { cwd: folder },
  )
  if (!stdout.startsWith('{')) throw new Error(`dependency-cruiser: ${stdout}${stderr}`)
  return Cruise.parse(JSON.parse(stdout)).summary
}

/** A tree of its own with the project's rules and packages, the ground and the seeds. */
async function plant(folder: string, seeds: readonly Seed[]): Promise<void> {
  const files = new Map<string, string>(Object.entries(SEED_GROUND))
  for (const seed of seeds) {
    for (const [name, text] of Object.entries({ ...seed.with, [seed.file]: seed.text })) files.set(name, text)
  }
  for (const [name, text] of files) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), text)
  }
  for (const name of ['package.json', 'tsconfig.json', 'scripts/boundaries.cjs']) {
    await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true })
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
}
