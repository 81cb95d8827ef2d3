/** An entry of the trace in words, and how much it matters to somebody who looks for a reason. */
import type { TraceEntry } from '../trace.ts'
import { bytesText, momentText, spanText } from './moment-text.ts'
import { oneLine } from './markup.ts'

/**
 * `turn`: the story or the household would tell of it. `trouble`: something was refused or warned of, often many times.
 * `sign`: lines and motion. `work`: what goes on all the time.
 */
export type Weight = 'turn' | 'trouble' | 'sign' | 'work'

export function weightOf(entry: TraceEntry): Weight {
  switch (entry.kind) {
    case 'store':
    case 'disk':
    case 'message':
      return wentWell(entry) ? 'work' : 'trouble'
    case 'log':
      return entry.level === 'info' || entry.level === 'debug' ? 'work' : 'trouble'
    case 'output':
      return entry.active ? 'turn' : 'sign'
    case 'input':
    case 'motion':
      return 'sign'
    case 'part':
    case 'score':
      return 'work'
    case 'told':
      return isRing(entry) || entry.topic.includes('alarm') ? 'turn' : 'work'
    default:
      return 'turn'
  }
}

/** The household hears that somebody pressed. Everything else that it is told stands in the trace on its own account too. */
export const isRing = ({ topic }: { readonly topic: string }): boolean => topic.includes('/press')

const WELL: readonly string[] = ['ok', 'stored', 'already-there', 'acknowledged']

export const wentWell = ({ outcome }: { readonly outcome: string }): boolean => WELL.includes(outcome)

/** Entries of the same key say the same again: the third `upload.waits`, the tenth refused put. */
export function keyOf(entry: TraceEntry): string {
  switch (entry.kind) {
    case 'store':
      return `store ${entry.call} ${entry.outcome}`
    case 'disk':
      return `disk ${wentWell(entry) ? 'ok' : `${entry.call} ${entry.outcome}`}`
    case 'message':
    case 'told':
      return `${entry.kind} ${entry.topic} ${'outcome' in entry ? entry.outcome : ''}`
    case 'log':
      return `log ${entry.level} ${entry.event}`
    case 'visit':
    case 'clip':
      return `${entry.kind} ${entry.state}`
    case 'input':
      return entry.line
    case 'output':
      return `${entry.line} ${entry.active}`
    case 'trouble':
      return `trouble ${entry.what} ${entry.state}`
    case 'power':
      return `power ${entry.state}`
    default:
      return entry.kind
  }
}

/** One line, not escaped. */
export const entryText = (entry: TraceEntry): string => oneLine(wordsOf(entry))

function wordsOf(entry: TraceEntry): string {
  switch (entry.kind) {
    case 'power':
      return entry.state === 'cut' ? 'the power is cut' : 'the power is on'
    case 'boot':
      return entry.boot === 0 ? 'the doorbell is up' : `the doorbell is up again (start ${entry.boot + 1})`
    case 'stopped':
      return `the doorbell stopped: ${entry.why}`
    case 'input':
      return `${entry.line} ${entry.active ? 'active' : 'inactive'}`
    case 'output':
      return `the ${entry.line} ${entry.active ? 'sounds' : 'is silent'}`
    case 'trouble':
      return entry.state === 'once' ? entry.what : `${entry.what} ${entry.state}`
    case 'motion':
      return entry.state === 'on' ? 'motion begins' : 'motion ends'
    case 'alarm':
      return `alarm: ${entry.what}`
    case 'score':
      return `motion score ${entry.score.toFixed(3)}${entry.moving ? ', moving' : ''}`
    case 'violation':
      return `${entry.checker}: ${entry.message}`
    case 'log':
      return `${entry.level} ${entry.event} ${entry.fields}`
    default:
      return deedWords(entry)
  }
}

type Deed = Extract<
  TraceEntry,
  { kind: 'press' | 'visit' | 'clip' | 'part' | 'store' | 'message' | 'told' | 'disk' }
>

function deedWords(entry: Deed): string {
  switch (entry.kind) {
    case 'press':
      return `press at ${momentText(entry.pressedAtMs)} taken (visit ${entry.visit})`
    case 'visit':
      return `visit ${entry.visit} ${entry.state} at ${momentText(entry.edgeMs)} (${entry.signs.join(', ')})`
    case 'clip':
      return `clip ${entry.clip} ${entry.state}${detailWords(entry.detail)}`
    case 'part':
      return `part ${entry.part} of clip ${entry.clip} is durable (${bytesText(entry.bytes)})`
    case 'store':
      return `store ${entry.call} ${entry.name}${sizeWords(entry.bytes)}: ${entry.outcome}`
    case 'message':
      return `message ${entry.topic}: ${entry.outcome} ${entry.payload}`
    case 'told':
      return `the household is told: ${entry.topic} ${entry.payload}`
    case 'disk':
      return `disk ${entry.call} ${entry.path}${sizeWords(entry.bytes)}: ${entry.outcome}`
  }
}

const sizeWords = (bytes: number): string => (bytes === 0 ? '' : ` (${bytesText(bytes)})`)

function detailWords(detail: Readonly<Record<string, string | number | boolean>>): string {
  const words = Object.entries(detail).map(([key, value]) =>
    typeof value === 'number' ? numberWords(key, value) : `${key} ${String(value)}`,
  )
  return words.length === 0 ? '' : ` (${words.join(', ')})`
}

/** `fromMs` 30400 is `from 30.4 s`. */
function numberWords(key: string, value: number): string {
  if (key === 'bytes') return bytesText(value)
  if (key === 'ms') return spanText(value)
  return key.endsWith('Ms') ? `${key.slice(0, -2)} ${momentText(value)}` : `${key} ${value}`
}
