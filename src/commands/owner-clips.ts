import { Command } from 'commander'
import { isoOf, unixMs } from '../base/time.ts'
import { listClips, pairsOf, type ClipTime, type ListedClip } from '../owner/index.ts'
import type { PlaceOptions } from './owner-data-folder.ts'
import { readIdentityFile } from './owner-files.ts'
import { openOwnerLibrary, reportSurprises, trustWhatIsThere } from './owner-library.ts'
import { CLOUD, CREDENTIALS, DATA, interruption, OWNER, PASSPHRASE } from './owner-options.ts'

type ClipsOptions = PlaceOptions & {
  readonly owner: string
  readonly passphraseFile?: string
  readonly json?: true
}

export function ownerClipsCommand(): Command {
  return new Command('clips')
    .description('list clips, newest first, decrypting what was sealed about them')
    .option(...OWNER)
    .option(...PASSPHRASE)
    .option(...DATA)
    .option(...CLOUD)
    .option(...CREDENTIALS)
    .option('--json', 'print a JSON array')
    .action(showClips)
}

export function ownerTrustCommand(): Command {
  return new Command('trust')
    .description('accept a doorbell’s changed key or ledger, after you found out why it changed')
    .option(...OWNER)
    .option(...DATA)
    .option(...CLOUD)
    .option(...CREDENTIALS)
    .action(trust)
}

async function showClips(options: ClipsOptions): Promise<void> {
  const signal = interruption()
  const identity = await readIdentityFile(options.owner, options)
  await using opened = await openOwnerLibrary(options, signal)
  await reportSurprises(opened, options.owner)
  const clips = await listClips(opened.library, { identities: pairsOf(identity) }, { signal })
  process.stdout.write(
    options.json ? `${JSON.stringify(clips.map(jsonOf))}\n` : describeClips(clips, timeZone()),
  )
}

async function trust(options: ClipsOptions): Promise<void> {
  await using opened = await openOwnerLibrary(options, interruption())
  for (const { place, device, checkpoint } of await trustWhatIsThere(opened, options.owner))
    process.stdout.write(`${place}: ${device.name}, ${checkpoint?.size ?? 0} entries\n`)
}

function jsonOf(clip: ListedClip): Readonly<Record<string, unknown>> {
  const { id, state, where, parts, bytes, meta, time, problem } = clip
  return {
    id,
    visit: meta?.visit ?? null,
    from: time === undefined ? null : isoOf(unixMs(time.fromUnixMs)),
    clockTrusted: meta?.clockTrusted ?? null,
    time: time?.known ?? null,
    durationS: durationOf(clip),
    signs: meta?.signs ?? [],
    presses: (meta?.presses ?? []).map((ms) => ms / 1000),
    edges: meta?.edges ?? [],
    labels: (meta?.labels ?? []).map(({ label, score, atMs }) => ({ label, score, atS: atMs / 1000 })),
    parts,
    bytes,
    state,
    where,
    ...(meta === undefined ? {} : { continues: meta.continues ?? null, complete: meta.complete }),
    ...(problem === undefined ? {} : { problem }),
  }
}

/** The meta of a clip that was cut off was written at its last sign; the film itself goes on longer. */
function durationOf({ meta, durationMs }: ListedClip): number | null {
  if (meta === undefined) return durationMs === undefined ? null : durationMs / 1000
  return Math.max(meta.durationMs, durationMs ?? 0) / 1000
}

const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** One line a clip; times as people in `zone` read them. */
export function describeClips(clips: readonly ListedClip[], zone: string): string {
  if (clips.length === 0) return 'No clips yet.\n'
  const head = ['when', 'length', 'signs', 'labels', 'parts', 'size', 'state', 'where', 'clip']
  const rows = clips.map((clip) => rowOf(clip, zone))
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return `${[...lines, ...remarksOn(clips)].join('\n')}\n`
}

const isNumber = (column: number): boolean => [1, 4, 5].includes(column)

const MARKS: Readonly<Record<ClipTime['known'], string>> = { trusted: '', corrected: ' ~', unknown: ' ?' }

function rowOf(clip: ListedClip, zone: string): readonly string[] {
  const { meta, time } = clip
  const length = durationOf(clip)
  return [
    time === undefined ? '–' : `${localTime(time.fromUnixMs, zone)}${MARKS[time.known]}`,
    length === null ? '–' : `${length.toFixed(1)} s`,
    meta === undefined ? '–' : signsOf(meta),
    [...new Set(meta?.labels.map(({ label }) => label))].join(' ') || '–',
    String(clip.parts),
    `${(clip.bytes / 1e6).toFixed(1)} MB`,
    clip.state,
    clip.where.join('+') || '–',
    clip.id,
  ]
}

function signsOf({
  signs,
  presses,
}: {
  readonly signs: readonly string[]
  readonly presses: readonly number[]
}): string {
  const words = signs.map((sign) =>
    sign === 'press' && presses.length > 1 ? `press×${presses.length}` : sign,
  )
  return words.join(' ') || '–'
}

const localTime = (unixMs: number, zone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone }).format(unixMs)

function remarksOn(clips: readonly ListedClip[]): readonly string[] {
  const remarks = [
    ...(clips.some(({ time }) => time?.known === 'corrected')
      ? ['~ the doorbell learnt the time only later; this is when it was.']
      : []),
    ...(clips.some(({ time }) => time?.known === 'unknown')
      ? ['? the doorbell’s clock was not set by network time then.']
      : []),
    ...(clips.some(({ state }) => state === 'growing')
      ? ['growing: not finished; the doorbell has not signed for it yet.']
      : []),
    ...clips.flatMap(({ id, problem }) => (problem === undefined ? [] : [`${id}: ${problem}`])),
  ]
  return remarks.length === 0 ? [] : ['', ...remarks]
}
