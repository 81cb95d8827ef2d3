/** Writes the README's tables that come from the code. */
import { readFile, writeFile } from 'node:fs/promises'
import { describeConfig, type ConfigKey } from '../src/config/index.ts'
import { TOPICS } from '../src/mqtt/index.ts'

const README = new URL('../README.md', import.meta.url)

const cell = (text: string): string => text.replaceAll('|', '\\|')

function configurationTable(): string {
  const rows = folded(describeConfig()).map(
    ({ key, fallback, wanted, about }) =>
      `| \`${key}\` | ${cell(fallback)} | ${cell(wanted)} | ${cell(about)} |`,
  )
  return ['| key | default | allowed | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

/** Sections that say the same of several things are one: `gpio.{button,pir}.line`. */
function folded(rows: readonly ConfigKey[]): readonly ConfigKey[] {
  const alike = new Map<string, { readonly row: ConfigKey; readonly names: string[] }>()
  for (const row of rows) {
    const path = row.key.split('.')
    const name = path.at(-2) ?? ''
    const place = [...path.slice(0, -2), '*', path.at(-1)].join('.')
    const key = path.length > 2 ? `${place} ${row.about} ${row.fallback}` : row.key
    const twins = alike.get(key)
    if (twins === undefined) alike.set(key, { row, names: [name] })
    else twins.names.push(name)
  }
  return [...alike.values()].map(({ row, names: [name, ...others] }) =>
    others.length === 0
      ? row
      : { ...row, key: row.key.replace(`.${name}.`, `.{${[name, ...others].join(',')}}.`) },
  )
}

function topicsTable(): string {
  const rows = Object.entries(TOPICS).map(
    ([kind, { retain, about }]) => `| \`…/${kind}\` | ${retain ? 'yes' : 'no'} | ${cell(about)} |`,
  )
  return ['| topic | retained | members |', '|---|---|---|', ...rows].join('\n')
}

/** Everything between `<!-- name:begin …-->` and `<!-- name:end -->`. */
function withTable(text: string, name: string, table: string): string {
  const pattern = new RegExp(`(<!-- ${name}:begin[^>]*-->\\n)[\\s\\S]*?(<!-- ${name}:end -->)`)
  if (!pattern.test(text))
    throw new Error(`README.md: wanted the marks <!-- ${name}:begin --> and <!-- ${name}:end -->`)
  return text.replace(pattern, (_whole, begin: string, end: string) => `${begin}${table}\n${end}`)
}

export async function upToDate(): Promise<{ readonly present: string; readonly wanted: string }> {
  const present = await readFile(README, 'utf8')
  return {
    present,
    wanted: withTable(withTable(present, 'configuration', configurationTable()), 'topics', topicsTable()),
  }
}

if (import.meta.main) {
  const { wanted } = await upToDate()
  await writeFile(README, wanted)
}
