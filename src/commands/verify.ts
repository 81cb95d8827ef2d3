import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { Fault } from '../base/fault.ts'
import {
  doorbellFacts,
  isClean,
  openLibrary,
  verifyLoneClip,
  verifyMirror,
  verifyRecipients,
  verifySource,
  type DoorbellFacts,
  type Finding,
  type Verdict,
  type Verification,
} from '../owner/index.ts'
import { openPlaces, type HerePlace, type PlaceOptions, type Places } from './owner-data-folder.ts'
import { clipFolderAt, latestOf, loneShelfAt, oneOf, shelvesOf } from './owner-library.ts'
import { CLOUD, CREDENTIALS, DATA, interruption } from './owner-options.ts'

type CheckOptions = PlaceOptions & { readonly json?: true }

export function verifyCommand(): Command {
  return new Command('verify')
    .description('say what is genuine, what is missing and what was changed; needs no key')
    .argument('[what]', 'a data folder, a clip’s folder, a clip’s id, the beginning of one, or latest')
    .option(...DATA)
    .option(...CLOUD)
    .option(...CREDENTIALS)
    .option('--json', 'print one JSON object')
    .action(verify)
}

async function verify(what: string | undefined, options: CheckOptions): Promise<void> {
  const checked = await verifyWhat(await targetOf(what, options))
  const ok = checked.every(isClean)
  process.stdout.write(
    options.json ? `${JSON.stringify(jsonOf(checked, ok))}\n` : describeVerification(checked),
  )
  if (!ok) process.exitCode = 1
}

/** One source, called by its name. */
type Checked = Verification & { readonly label: string; readonly place: string }

type Target =
  | { readonly kind: 'places'; readonly options: PlaceOptions; readonly clip?: string }
  | { readonly kind: 'lone clip'; readonly folder: string }

async function targetOf(what: string | undefined, options: CheckOptions): Promise<Target> {
  if (what === undefined) return { kind: 'places', options }
  const isFolder = await isThere(what, 'folder')
  if (!isFolder && (what.includes('/') || (await isThere(what, 'file'))))
    throw new Fault('missing', `${what}: wanted a data folder, a clip’s folder or a clip’s id`)
  if (!isFolder) return { kind: 'places', options, clip: what }
  if (options.data !== undefined)
    throw new Fault('invalid', `wanted one data folder, got ${what} and --data ${options.data}`)
  if (await isDataFolder(what)) return { kind: 'places', options: { ...options, data: what } }
  const folder = await clipFolderAt(what)
  if (folder === undefined)
    throw new Fault('invalid', `${what}: this is neither a doorbell’s data folder nor a clip’s folder`)
  return 'alone' in folder
    ? { kind: 'lone clip', folder: what }
    : { kind: 'places', options: { ...options, data: folder.data }, clip: folder.clip }
}

async function verifyWhat(target: Target): Promise<readonly Checked[]> {
  if (target.kind === 'lone clip') {
    const checked = await verifyLoneClip(await loneShelfAt(target.folder))
    return [{ ...checked, label: 'this folder', place: resolve(target.folder) }]
  }
  const signal = interruption()
  await using places = await openPlaces(target.options)
  const clip = target.clip === undefined ? undefined : await clipIdOf(places, target.clip, signal)
  return await verifyPlaces(places, clip, signal) // Awaited: the places close when this function ends.
}

/** What a doorbell writes meanwhile could look as if somebody had changed it, so then all is looked at again. */
async function verifyPlaces(
  places: Places,
  clip: string | undefined,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  for (let tries = TRIES_MAX; ; tries--) {
    const before = await stateOf(places.here)
    const checked = await verifyOnce(places, clip, signal)
    if (tries === 1 || checked.every(isClean) || (await stateOf(places.here)) === before) return checked
  }
}

const TRIES_MAX = 3

/** Changes whenever the doorbell writes down anything of its clips, its ledger or its uploads. */
async function stateOf(here: HerePlace | undefined): Promise<string> {
  const tables = ['device', 'clip', 'part', 'upload'] as const
  return JSON.stringify(await Promise.all(tables.map(async (table) => here?.records?.list(table))))
}

async function verifyOnce(
  places: Places,
  clip: string | undefined,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const checked: Checked[] = []
  const here = await knownByDoorbell(places.here)
  for (const [{ where, source }, place] of shelvesOf(places, signal)) {
    const verified = await verifySource(source, {
      ...(where === 'here' || here === undefined ? {} : { doorbell: here.facts }),
      ...(clip === undefined ? {} : { clip }),
    })
    const rest = where === 'here' && clip === undefined ? (here?.findings ?? []) : []
    checked.push({ ...verified, findings: [...verified.findings, ...rest], label: source.label, place })
  }
  return checked
}

type KnownHere = { readonly facts: DoorbellFacts; readonly findings: readonly Finding[] }

/** Undefined without the doorbell's index. */
async function knownByDoorbell(here: HerePlace | undefined): Promise<KnownHere | undefined> {
  if (here?.records === undefined) return undefined
  const place = { disk: here.disk, records: here.records }
  const findings = [...(await verifyRecipients(place)), ...(await verifyMirror(place))]
  return { facts: await doorbellFacts(place), findings }
}

async function clipIdOf(places: Places, wanted: string, signal: AbortSignal): Promise<string> {
  const shelves = [...shelvesOf(places, signal).keys()]
  const library = await openLibrary(shelves)
  const growing = await Promise.all(shelves.map(({ source }) => source.growing()))
  const ids = [...library.ids, ...growing.flat().map((each) => each.clip)]
  const id = wanted === 'latest' ? ((await latestOf(library)) ?? ids.at(-1)) : oneOf(wanted, ids)
  if (id !== undefined) return id
  throw new Fault(
    'missing',
    wanted === 'latest' ? 'there is no clip yet' : `no ledger here has a clip “${wanted}”`,
  )
}

const WORDS: Readonly<Record<Verdict, string>> = {
  genuine: 'genuine',
  missing: 'MISSING',
  changed: 'CHANGED',
  unknown: 'UNKNOWN',
  note: 'note',
}

/** For people: a heading a source, a line a finding, one sentence at the end. */
export function describeVerification(checked: readonly Checked[]): string {
  const blocks = checked.map(({ label, place, findings }) => {
    const lines = findings.map(({ verdict, what, detail }) =>
      detail.includes(what)
        ? `  ${WORDS[verdict].padEnd(8)} ${detail}`
        : `  ${WORDS[verdict].padEnd(8)} ${what}: ${detail}`,
    )
    const nothing = lines.length === 0 ? ['  nothing to check yet'] : []
    return [`${label[0]?.toUpperCase()}${label.slice(1)} (${place})`, ...lines, ...nothing, ''].join('\n')
  })
  return `${[...blocks, verdictOn(checked)].join('\n')}\n`
}

function verdictOn(checked: readonly Checked[]): string {
  const findings = checked.flatMap((each) => each.findings)
  const count = (verdict: Verdict): number => findings.filter((each) => each.verdict === verdict).length
  const bad = (['changed', 'missing', 'unknown'] as const).filter((verdict) => count(verdict) > 0)
  if (bad.length > 0)
    return `Not everything is genuine: ${bad.map((verdict) => `${count(verdict)} ${verdict}`).join(', ')}.`
  return count('genuine') === 0
    ? 'Nothing is wrong; there is no finished clip yet.'
    : 'Everything is genuine.'
}

const jsonOf = (checked: readonly Checked[], ok: boolean): unknown => ({
  ok,
  sources: checked.map(({ label, place, genuineClips, findings }) => ({
    source: label,
    place,
    genuineClips,
    findings: findings.map(({ verdict, what, detail }) => ({ verdict, what, detail })),
  })),
})

async function isDataFolder(path: string): Promise<boolean> {
  for (const name of ['index.sqlite', 'device.key', 'recipients.note', 'cloud'])
    if ((await isThere(join(path, name), 'file')) || (await isThere(join(path, name), 'folder'))) return true
  return false
}

const isThere = (path: string, what: 'file' | 'folder'): Promise<boolean> =>
  stat(path).then(
    (facts) => (what === 'folder' ? facts.isDirectory() : facts.isFile()),
    () => false,
  )
