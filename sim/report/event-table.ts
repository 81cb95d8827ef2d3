/** The trace as a table that a person can read and the page's script can filter; bounded, however much happened. */
import type { StoryOutcome, TraceEntry } from '../trace.ts'
import { entryText, keyOf, weightOf, type Weight } from './entry-text.ts'
import type { Failure } from './failures.ts'
import { markup, shorten, type Markup } from './markup.ts'
import { momentText } from './moment-text.ts'

/** So many rows at most; what is left out is counted below the table. */
const ROWS_MAX = 1200
const TEXT_LENGTH_MAX = 400
/** More of the same within a short while become one row. */
const SAME_MAX = 3
/** The while: a share of the story, and never less than a second. */
const WHILE_SHARE = 1 / 300
const WHILE_MS_MIN = 1000

type Group = Weight | 'fail'

type Row = { readonly atMs: number; readonly kind: string; readonly group: Group; readonly text: string }

const GROUPS: readonly { readonly group: Group; readonly says: string }[] = [
  { group: 'fail', says: 'failures' },
  { group: 'turn', says: 'turns of the story' },
  { group: 'trouble', says: 'refusals and warnings' },
  { group: 'sign', says: 'pins and motion' },
  { group: 'work', says: 'everyday work' },
]

export function eventTable(outcome: StoryOutcome, failures: readonly Failure[]): Markup {
  const all = [...failures.map(failureRow), ...rowsOf(outcome)]
  const rows = mostTelling(all, failures[0]?.atMs ?? 0).toSorted((a, b) => a.atMs - b.atMs)
  return markup`<div class="filters" role="search" hidden><input type="search" placeholder="filter: words that must occur" aria-label="filter events">${GROUPS.map(({ group, says }) => markup`<label><input type="checkbox" value="${group}" checked> ${says}</label>`)}<output></output></div>
<div class="events" tabindex="0"><table><thead><tr><th>time</th><th>what</th><th>happened</th></tr></thead><tbody>
${rows.map(drawRow)}</tbody></table></div>
${leftOut(all, rows, outcome.entries.length)}`
}

const drawRow = ({ atMs, kind, group, text }: Row): Markup =>
  markup`<tr class="${group}" data-group="${group}" data-at="${atMs}"><td>${momentText(atMs)}</td><td>${kind}</td><td>${shorten(text, TEXT_LENGTH_MAX)}</td></tr>\n`

const failureRow = ({ atMs, kind, sentence }: Failure): Row => ({
  atMs,
  kind: `✗ ${kind}`,
  group: 'fail',
  text: sentence,
})

function rowsOf({ entries, endMs }: StoryOutcome): readonly Row[] {
  const rows: Row[] = []
  let same = new Map<string, TraceEntry[]>()
  let sinceMs = 0
  const close = (): void => {
    for (const group of same.values()) rows.push(...sameRows(group))
    same = new Map()
  }
  for (const entry of entries) {
    if (entry.kind === 'violation') continue // The failures tell of it, and when it was.
    if (same.size > 0 && entry.atMs - sinceMs > Math.max(WHILE_MS_MIN, endMs * WHILE_SHARE)) close()
    if (same.size === 0) sinceMs = entry.atMs
    const group = same.get(keyOf(entry))
    if (group === undefined) same.set(keyOf(entry), [entry])
    else group.push(entry)
  }
  close()
  return rows
}

const rowOf = (entry: TraceEntry): Row => ({
  atMs: entry.atMs,
  kind: entry.kind,
  group: weightOf(entry),
  text: entryText(entry),
})

function sameRows(group: readonly TraceEntry[]): readonly Row[] {
  const [first, last] = [group[0], group.at(-1)]
  if (first === undefined || last === undefined || group.length <= SAME_MAX) return group.map(rowOf)
  return [
    {
      ...rowOf(first),
      text: `${group.length} × until ${momentText(last.atMs)}, first: ${entryText(first)}`,
    },
  ]
}

/** All, or as many as fit: the weightiest, and of those the nearest to the failure. */
function mostTelling(rows: readonly Row[], nearMs: number): readonly Row[] {
  if (rows.length <= ROWS_MAX) return rows
  const rank = new Map(GROUPS.map(({ group }, index) => [group, index]))
  const rankOf = (row: Row): number => rank.get(row.group) ?? GROUPS.length
  return rows
    .toSorted((a, b) => rankOf(a) - rankOf(b) || Math.abs(a.atMs - nearMs) - Math.abs(b.atMs - nearMs))
    .slice(0, ROWS_MAX)
}

function leftOut(all: readonly Row[], shown: readonly Row[], entries: number): Markup {
  const missing = GROUPS.flatMap(({ group, says }) => {
    const count = (rows: readonly Row[]): number => rows.filter((row) => row.group === group).length
    const left = count(all) - count(shown)
    return left === 0 ? [] : [`${left} of ${says}`]
  })
  const left = missing.length === 0 ? '' : ` Left out, farthest from the failure: ${missing.join(', ')}.`
  return markup`<p class="note">${entries} entries of the trace in ${shown.length} rows; more than ${SAME_MAX} of the same within a short while are one row.${left}</p>`
}
