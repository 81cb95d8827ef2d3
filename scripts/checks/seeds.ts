/** One violation for each rule: a rule that does not fire on its own seed holds nothing. */

export type Seed = {
  readonly rule: string
  /** The file at fault. */
  readonly file: string
  readonly text: string
  /** Files the seed leans on. */
  readonly with?: Readonly<Record<string, string>>
}

const exportsOf = (...names: readonly string[]): string =>
  names.map((name) => `export const ${name} = 1\n`).join('')

/** The little tree in which the boundaries' seeds grow; nothing in it breaks a rule. */
export const SEED_GROUND: Readonly<Record<string, string>> = {
  'src/base/soil.ts': exportsOf('base'),
  'src/media/soil.ts': exportsOf('media'),
  'src/formats/soil.ts': exportsOf('formats'),
  'src/ports/soil.ts': exportsOf('port'),
  'src/drivers/soil.ts': exportsOf('driver'),
  'src/drivers/ffmpeg/soil.ts': exportsOf('ffmpeg'),
  'src/commands/soil.ts': exportsOf('command'),
  'src/clips/index.ts': `${exportsOf('clips')}export type Clips = 1\n`,
  'src/clips/room.ts': 'export type Room = 1\n',
  'src/clips/soil.test.ts': exportsOf('proof'),
  'src/owner/index.ts': 'export type Owner = 1\n',
  'src/web/api.ts': exportsOf('api'),
  'src/web/page/soil.ts': `import { base } from '../../base/soil.ts'\nexport const page = base\n`,
  'sim/soil.ts': `export { ffmpeg } from '../src/drivers/ffmpeg/soil.ts'\n`,
}

const value = (name: string, from: string): string =>
  `import { ${name} } from '${from}'\nexport const x = ${name}\n`
const type = (name: string, from: string): string =>
  `import type { ${name} } from '${from}'\nexport type X = ${name}\n`

export const BOUNDARY_SEEDS: readonly Seed[] = [
  { rule: 'base-stands-alone', file: 'src/base/seed.ts', text: type('Clips', '../clips/index.ts') },
  { rule: 'base-stands-alone', file: 'src/base/seed-node.ts', text: value('readFile', 'node:fs/promises') },
  { rule: 'media-is-pure', file: 'src/media/seed.ts', text: value('formats', '../formats/soil.ts') },
  { rule: 'formats-are-pure', file: 'src/formats/seed.ts', text: value('parse', 'yaml') },
  { rule: 'formats-are-pure', file: 'src/formats/seed-node.ts', text: value('open', 'node:fs/promises') },
  { rule: 'ports-are-contracts', file: 'src/ports/seed.ts', text: type('Clips', '../clips/index.ts') },
  {
    rule: 'ports-borrow-types-only',
    file: 'src/ports/seed-media.ts',
    text: value('media', '../media/soil.ts'),
  },
  { rule: 'drivers-only-implement', file: 'src/drivers/seed.ts', text: type('Clips', '../clips/index.ts') },
  {
    rule: 'commands-choose-drivers',
    file: 'src/upload/seed.ts',
    text: value('driver', '../drivers/soil.ts'),
  },
  { rule: 'commands-choose-drivers', file: 'src/doorbell.ts', text: value('driver', './drivers/soil.ts') },
  {
    rule: 'features-meet-in-doorbell',
    file: 'src/upload/seed-sibling.ts',
    text: value('clips', '../clips/index.ts'),
  },
  { rule: 'features-know-contracts', file: 'src/upload/seed-up.ts', text: type('X', '../seed-root.ts') },
  { rule: 'front-door-only', file: 'src/upload/seed-room.ts', text: type('Room', '../clips/room.ts') },
  { rule: 'front-door-only', file: 'sim/seed-room.ts', text: type('Room', '../src/clips/room.ts') },
  { rule: 'front-door-only', file: 'src/seed-root.ts', text: type('Room', './clips/room.ts') },
  {
    rule: 'device-never-holds-an-identity',
    file: 'src/seed-owner.ts',
    text: type('Owner', './owner/index.ts'),
  },
  {
    rule: 'device-never-holds-an-identity',
    file: 'src/vault/seed.ts',
    text: type('Owner', '../owner/index.ts'),
  },
  { rule: 'main-picks-a-command', file: 'src/main.ts', text: type('Clips', './clips/index.ts') },
  {
    rule: 'nobody-calls-commands',
    file: 'sim/seed-command.ts',
    text: value('command', '../src/commands/soil.ts'),
  },
  {
    rule: 'product-does-not-know-the-sim',
    file: 'src/upload/seed-sim.ts',
    text: value('ffmpeg', '../../sim/soil.ts'),
  },
  {
    rule: 'product-does-not-know-the-sim',
    file: 'src/commands/verify.ts',
    text: value('ffmpeg', '../../sim/soil.ts'),
  },
  { rule: 'sim-replaces-drivers', file: 'sim/seed.ts', text: value('driver', '../src/drivers/soil.ts') },
  { rule: 'io-lives-in-drivers', file: 'src/clips/seed.ts', text: value('open', 'node:fs/promises') },
  { rule: 'io-lives-in-drivers', file: 'src/seed-io.ts', text: value('setTimeout', 'node:timers/promises') },
  { rule: 'npm-by-invitation', file: 'src/clips/seed-npm.ts', text: value('parse', 'yaml') },
  { rule: 'npm-by-invitation-config', file: 'src/config/seed.ts', text: value('connect', 'mqtt') },
  { rule: 'npm-by-invitation-keys', file: 'src/vault/seed-npm.ts', text: value('parse', 'yaml') },
  { rule: 'npm-by-invitation-members', file: 'src/members/seed-npm.ts', text: value('parse', 'yaml') },
  { rule: 'npm-by-invitation-orders', file: 'src/orders/seed-npm.ts', text: value('parse', 'yaml') },
  { rule: 'npm-by-invitation-web', file: 'src/web/seed-npm.ts', text: value('parse', 'yaml') },
  {
    rule: 'no-circles',
    file: 'src/clips/seed-a.ts',
    text: `import { b } from './seed-b.ts'\nexport const a = (): unknown => b\n`,
    with: { 'src/clips/seed-b.ts': `import { a } from './seed-a.ts'\nexport const b = (): unknown => a\n` },
  },
  { rule: 'no-test-from-product', file: 'src/clips/seed-test.ts', text: value('proof', './soil.test.ts') },
  {
    rule: 'packages-are-declared',
    file: 'src/drivers/seed-undeclared.ts',
    text: value('y', 'no-such-package'),
  },
  { rule: 'no-dev-package-in-product', file: 'src/drivers/seed-dev.ts', text: value('test', 'vitest') },
  { rule: 'page-runs-in-a-browser', file: 'src/web/page/seed-node.ts', text: value('sign', 'node:crypto') },
  {
    rule: 'page-runs-in-a-browser',
    file: 'src/web/page/seed-formats.tsx',
    text: value('formats', '../../formats/soil.ts'),
  },
  { rule: 'page-runs-in-a-browser', file: 'src/web/page/seed-npm.ts', text: value('parse', 'yaml') },
  { rule: 'page-borrows-words-only', file: 'src/web/page/seed-api.ts', text: value('api', '../api.ts') },
  {
    rule: 'device-does-not-run-the-page',
    file: 'src/web/seed-page.ts',
    text: value('page', './page/soil.ts'),
  },
]

export const LINT_SEEDS: readonly Seed[] = [
  { rule: 'eslint(no-var)', file: 'sim/var.ts', text: 'export var x = 1\n' },
  { rule: 'eslint(prefer-const)', file: 'sim/let.ts', text: 'let x = 1\nexport const y = x\n' },
  {
    rule: 'eslint(eqeqeq)',
    file: 'sim/eqeqeq.ts',
    text: 'export const x = (a: number): boolean => a == 1\n',
  },
  { rule: 'eslint(no-console)', file: 'sim/console.ts', text: "console.log('x')\n" },
  { rule: 'eslint(no-unused-vars)', file: 'sim/unused.ts', text: 'const x = 1\nexport {}\n' },
  {
    rule: 'eslint(max-lines-per-function)',
    file: 'sim/long.ts',
    text: `export function x(a: number): number {\n${'  a += 1\n'.repeat(60)}  return a\n}\n`,
  },
  {
    rule: 'eslint(no-restricted-properties)',
    file: 'sim/chance.ts',
    text: 'export const x = Math.random()\n',
  },
  { rule: 'import(no-default-export)', file: 'sim/default.ts', text: 'export default 1\n' },
  { rule: 'typescript(no-explicit-any)', file: 'sim/any.ts', text: 'export const x: any = 1\n' },
  { rule: 'typescript(ban-ts-comment)', file: 'sim/silence.ts', text: '// @ts-ignore\nexport const x = 1\n' },
  {
    rule: 'typescript(consistent-type-imports)',
    file: 'sim/import-type.ts',
    text: "import { Log } from '../src/base/log.ts'\nexport type X = Log\n",
  },
  {
    rule: 'typescript(no-non-null-assertion)',
    file: 'sim/non-null.ts',
    text: 'export const x = (a?: number): number => a!\n',
  },
  {
    rule: 'eslint(no-restricted-properties)',
    file: 'src/web/page/html.ts',
    text: "document.body.innerHTML = 'x'\n",
  },
  ...['process', 'Buffer', 'console', 'eval'].map((name): Seed => ({
    rule: 'eslint(no-restricted-globals)',
    file: `src/web/page/global-${name}.ts`,
    text: `export const x: unknown = ${name}\n`,
  })),
  {
    rule: 'jsx-a11y(alt-text)',
    file: 'src/web/page/picture.tsx',
    text: 'export const x = (): unknown => <img src="a.png" />\n',
  },
  {
    rule: 'react(no-danger)',
    file: 'src/web/page/danger.tsx',
    text: "export const x = (): unknown => <p dangerouslySetInnerHTML={{ __html: 'x' }} />\n",
  },
  {
    rule: 'typescript(no-floating-promises)',
    file: 'sim/floating.ts',
    text: 'const f = async (): Promise<void> => {}\nexport function x(): void {\n  f()\n}\n',
  },
  {
    rule: 'typescript(no-misused-promises)',
    file: 'sim/misused.ts',
    text: 'const f = async (): Promise<boolean> => true\nexport const x = (): number => (f() ? 1 : 2)\n',
  },
  {
    rule: 'typescript(only-throw-error)',
    file: 'sim/throw.ts',
    text: "export function x(): void {\n  throw 'x'\n}\n",
  },
  {
    rule: 'typescript(switch-exhaustiveness-check)',
    file: 'sim/switch.ts',
    text: "export function x(a: 'b' | 'c'): void {\n  switch (a) {\n    case 'b':\n      break\n  }\n}\n",
  },
  {
    rule: 'vitest(no-focused-tests)',
    file: 'sim/only.test.ts',
    text: "import { it } from 'vitest'\nit.only('is', () => {})\n",
  },
  ...[
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'Date',
    'performance',
    'process',
    'console',
    'fetch',
  ].map((name): Seed => ({
    rule: 'eslint(no-restricted-globals)',
    file: `src/upload/global-${name}.ts`,
    text: `export const x: unknown = ${name}\n`,
  })),
]
