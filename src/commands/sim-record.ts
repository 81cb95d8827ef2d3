import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { Fault, messageOf } from '../base/fault.ts'
import { probeVideo } from '../drivers/ffmpeg/index.ts'
import { recordStory, type TracedEdge } from '../../sim/story/record.ts'
import { storyText } from '../../sim/story/write.ts'
import { wholeNumber } from './option-values.ts'

type RecordOptions = {
  readonly edges: string
  readonly out: string
  readonly seed: number
  readonly title?: string
}

export function recordCommand(): Command {
  return new Command('record')
    .description(
      'Turns what a real device saw into a story: a clip, and the trace of its lines. A bug report becomes a test.',
    )
    .argument('<clip>', 'the film, as `lintel owner open` gives it')
    .requiredOption(
      '--edges <file>',
      'the trace: JSON, one edge a line, {"line":"button","active":true,"atMs":1234.5}, times from the beginning of the clip; lines of a log that are no edges are passed over',
    )
    .requiredOption('--out <story.yaml>', 'the story to write')
    .option('--seed <number>', 'its seed', wholeNumber(0, 0xffffffff), 1)
    .option('--title <text>', 'its title')
    .action(record)
}

async function record(clip: string, { edges, out, seed, title }: RecordOptions): Promise<void> {
  const facts = await probeVideo(clip, { name: clip })
  const text = await readFile(edges, 'utf8').catch((cause: unknown) => {
    throw new Fault('missing', `${edges}: cannot be read: ${messageOf(cause)}`, { cause })
  })
  const story = recordStory({
    title: title ?? `recorded: ${basename(clip)}`,
    seed,
    video: relative(dirname(resolve(out)), resolve(clip)),
    durationMs: (facts.startS + facts.durationS) * 1000,
    edges: edgesIn(edges, text),
  })
  await writeFile(out, storyText(story), { flag: 'wx' }).catch((cause: unknown) => {
    throw new Fault('invalid', `${out}: cannot be written: ${messageOf(cause)}`, { cause })
  })
  process.stdout.write(`${out}: ${story.timeline.length} moments; play it: scripts/lintel sim ${out}\n`)
}

/** One JSON object a line, as a trace has them, or what `lintel owner clips --json` says of one clip. */
function edgesIn(file: string, text: string): readonly TracedEdge[] {
  const found = text.trimStart().startsWith('[') ? edgesOfClips(file, text) : edgesOfLines(file, text)
  if (found.length === 0)
    throw new Fault(
      'invalid',
      `${file}: wanted at least one line like {"line":"button","active":true,"atMs":1234.5}, got none`,
    )
  return found
}

function edgesOfClips(file: string, text: string): readonly TracedEdge[] {
  const rows = parsed(file, text)
  const traced = (Array.isArray(rows) ? rows : []).flatMap((row: unknown) => {
    const edges = typeof row === 'object' && row !== null && 'edges' in row ? row.edges : undefined
    return Array.isArray(edges) && edges.length > 0 ? [edges as readonly unknown[]] : [] // Each is looked at below.
  })
  const [edges, other] = traced
  if (other !== undefined)
    throw new Fault(
      'invalid',
      `${file}: wanted the edges of one clip, got those of ${traced.length}; choose one with jq`,
    )
  return (edges ?? []).flatMap((edge) => edgeIn(file, JSON.stringify(edge)) ?? [])
}

const edgesOfLines = (file: string, text: string): readonly TracedEdge[] =>
  text.split('\n').flatMap((line, index) => edgeIn(`${file}, line ${index + 1}`, line) ?? [])

/** Undefined for a line that speaks of something else. */
function edgeIn(where: string, text: string): TracedEdge | undefined {
  if (text.trim() === '') return undefined
  const row = parsed(where, text)
  if (typeof row !== 'object' || row === null || !('line' in row) || !('atMs' in row)) return undefined
  const { line, atMs } = row
  const active = 'active' in row ? row.active : undefined
  if (line !== 'button' && line !== 'pir')
    throw new Fault('invalid', `${where}: line: wanted button or pir, got ${JSON.stringify(line)}`)
  if (typeof active !== 'boolean' || typeof atMs !== 'number' || !Number.isFinite(atMs))
    throw new Fault(
      'invalid',
      `${where}: wanted active (true or false) and atMs (a number), got ${text.trim()}`,
    )
  return { line, active, atMs }
}

function parsed(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid', `${where}: wanted JSON, got ${text.trim().slice(0, 80)}`, { cause })
  }
}
