/** Results as Jenkins and GitLab read them. */
import type { Verdict, Violation } from '../trace.ts'
import { markup, oneLine, plain, shorten, type Markup } from './markup.ts'
import { momentText } from './moment-text.ts'
import { describeOutcome, type StoryResult } from './terminal.ts'

const NAME_LENGTH_MAX = 300
/** One checker may complain of thousands of things; so many are written. */
const COMPLAINTS_MAX = 50

type Case = { readonly name: string; readonly problems: readonly string[] }

/**
 * JUnit XML: a suite for each story; in it a case for all checkers together and one for each expectation, so that the
 * same cases are there whether or not they fail. What a terminal would show stands in `system-out`. Well-formed whatever the stories say.
 */
export function junitXml(results: readonly StoryResult[]): string {
  const suites = results.map((result) => ({ result, cases: casesOf(result) }))
  const all = suites.flatMap(({ cases }) => cases)
  const took = results.reduce((sum, { durationS }) => sum + durationS, 0)
  const xml = markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="lintel sim" ${countsOf(all)} time="${took.toFixed(3)}">
${suites.map(({ result, cases }) => drawSuite(result, cases))}</testsuites>
`
  return xml.text
}

const countsOf = (cases: readonly Case[]): Markup =>
  markup`tests="${cases.length}" failures="${cases.filter(hasFailed).length}" errors="0" skipped="0"`

const hasFailed = ({ problems }: Case): boolean => problems.length > 0

function drawSuite({ file, outcome, durationS }: StoryResult, cases: readonly Case[]): Markup {
  const time = durationS.toFixed(3)
  return markup`<testsuite name="${attribute(outcome.title)}" file="${attribute(file)}" ${countsOf(cases)} time="${time}">
<properties><property name="seed" value="${outcome.seed}"/><property name="trace" value="${attribute(outcome.hash)}"/></properties>
${cases.map((it, index) => drawCase(it, { file, time: index === 0 ? time : '0.000' }))}<system-out>${plain(describeOutcome(outcome))}</system-out>
</testsuite>
`
}

function drawCase(
  { name, problems }: Case,
  { file, time }: { readonly file: string; readonly time: string },
): Markup {
  const head = markup`<testcase name="${attribute(name)}" classname="${attribute(classOf(file))}" file="${attribute(file)}" time="${time}"`
  const [first] = problems
  if (first === undefined) return markup`${head}/>\n`
  return markup`${head}><failure message="${attribute(first)}" type="${attribute(name)}">${problems.map((problem) => markup`${problem}\n`)}</failure></testcase>\n`
}

/** In an attribute a reader makes spaces of line feeds, so they are gone before. */
const attribute = (text: string): string => shorten(oneLine(text), NAME_LENGTH_MAX)

/** Jenkins shows what stands before the last dot as a package. */
const classOf = (file: string): string => file.replace(/[.]ya?ml$/, '').replaceAll(/[/\\]+/g, '.')

const casesOf = ({ outcome }: StoryResult): readonly Case[] => [
  { name: 'every checker holds', problems: complaints(outcome.violations) },
  ...outcome.verdicts.map(verdictCase),
]

function complaints(violations: readonly Violation[]): readonly string[] {
  const told = violations
    .slice(0, COMPLAINTS_MAX)
    .map(({ checker, atMs, message }) => `${momentText(atMs)} ${oneLine(checker)}: ${oneLine(message)}`)
  const left = violations.length - told.length
  return left === 0 ? told : [...told, `… and ${left} more`]
}

/** The line makes names differ where a story expects the same twice. */
const verdictCase = ({ line, text, holds, atMs, why }: Verdict): Case => ({
  name: `line ${line}: ${text}`,
  problems: holds
    ? []
    : [`${atMs === undefined ? '' : `${momentText(atMs)} `}${oneLine(why) || 'did not come true'}`],
})
