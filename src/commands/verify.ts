import { access } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { Fault } from '../base/fault.ts'
import {
  isClean,
  localSource,
  storeSource,
  verifySource,
  type ClipSource,
  type Finding,
  type Verdict,
  type Verification,
  type VerifyOptions,
} from '../owner/index.ts'
import { openPlaces, type Places } from './owner-data-folder.ts'

type Options = {
  readonly data?: string
  readonly cloud?: string
  readonly cloudCredentials?: string
  readonly json?: boolean
}

/** What is to be verified: everything of a device, or one clip of it. */
type Wanted = { readonly data: string | undefined; readonly clip: string | undefined }

export function verifyCommand(): Command {
  return new Command('verify')
    .description('Says what is genuine, what is missing and what was changed. Needs no key.')
    .argument('[what]', 'a data folder, a clip’s folder, or a clip’s id (default: the data folder)')
    .option('--data <dir>', 'everything of the device (default: lintel-data, unless --cloud names a store)')
    .option('--cloud <url>', 'embedded, none, or http(s)://host[:port]/bucket')
    .option(
      '--cloud-credentials <file>',
      'JSON with accessKeyId and secretAccessKey (else from the environment)',
    )
    .option('--json', 'print one JSON object')
    .action(verify)
}

async function verify(what: string | undefined, options: Options): Promise<void> {
  const wanted = await wantedOf(what, options)
  await using places = await openPlaces({
    ...options,
    ...(wanted.data === undefined ? {} : { data: wanted.data }),
  })
  const verification = await verifyPlaces(places, wanted.clip)
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ clean: isClean(verification), ...verification })}\n`)
  else process.stdout.write(describe(verification))
  if (!isClean(verification)) process.exitCode = 1
}

async function wantedOf(what: string | undefined, { data }: Options): Promise<Wanted> {
  if (what === undefined) return { data, clip: undefined }
  if (await exists(join(what, 'clips'))) return { data: what, clip: undefined }
  const folder = resolve(what)
  // A clip's folder lies in `clips/` of its data folder.
  if ((await exists(folder)) && basename(dirname(folder)) === 'clips')
    return { data: dirname(dirname(folder)), clip: basename(folder) }
  if (await exists(join(what, 'device.key'))) return { data: what, clip: undefined }
  if (/^[0-9a-f]{16,64}$/.test(what)) return { data, clip: what }
  throw new Fault(
    'missing',
    `${what}: wanted a data folder, a clip’s folder or a clip’s id of 16 hexadecimal digits; there is no such thing`,
  )
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** The device's folder first; then the store is held against it as well. */
async function verifyPlaces({ here, cloud }: Places, clip: string | undefined): Promise<Verification> {
  const { signal } = new AbortController()
  const one = clip === undefined ? {} : { clip }
  const local =
    here?.records === undefined ? undefined : localSource({ disk: here.disk, records: here.records })
  if (local === undefined && cloud === undefined)
    throw new Fault(
      'missing',
      `${here?.name ?? 'data folder'}: nothing was recorded here yet, so there is nothing to verify`,
    )
  const device = local === undefined ? undefined : await verifySource(local, one)
  const store =
    cloud === undefined
      ? undefined
      : await verifySource(storeSource(cloud.store, { signal }), { ...one, ...(await knownOf(local)) })
  return {
    findings: [...(device?.findings ?? []), ...(store?.findings ?? [])],
    genuineClips: (device ?? store)?.genuineClips ?? 0,
  }
}

async function knownOf(local: ClipSource | undefined): Promise<VerifyOptions> {
  if (local === undefined) return {}
  const growing = (await local.growing()).flatMap(({ objects }) => objects.map(({ ref }) => ref.name))
  const waiting = await local.waiting()
  const common = { waiting, unfinished: new Set([...growing, ...waiting]) }
  const key = await local.deviceKey()
  if (key === undefined) return common
  return { ...common, device: { key, entries: await local.entries(Number.MAX_SAFE_INTEGER) } }
}

const HEADINGS: Readonly<Record<Verdict, string>> = {
  changed: 'CHANGED',
  missing: 'MISSING',
  unknown: 'UNKNOWN',
  genuine: 'genuine',
  note: 'note',
}

function describe(verification: Verification): string {
  const order: readonly Verdict[] = ['changed', 'missing', 'unknown', 'genuine', 'note']
  const rows = order.flatMap((verdict) =>
    verification.findings.filter((finding) => finding.verdict === verdict).map(rowOf),
  )
  const count = (verdict: Verdict): number =>
    verification.findings.filter((finding) => finding.verdict === verdict).length
  const verdict = isClean(verification)
    ? `Everything is genuine: ${verification.genuineClips} clips, as the device recorded and signed them.`
    : `NOT everything is as the device signed it: ${count('changed')} changed, ${count('missing')} missing, ${count('unknown')} unknown.`
  return `${[...rows, verdict].join('\n')}\n`
}

const rowOf = ({ verdict, where, what, detail }: Finding): string =>
  `${HEADINGS[verdict].padEnd(8)} ${where.padEnd(10)} ${detail}${detail.includes(what) ? '' : ` (${what})`}`
