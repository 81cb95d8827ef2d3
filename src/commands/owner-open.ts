import { Command } from 'commander'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { isoOf, unixMs } from '../base/time.ts'
import {
  openParts,
  openPoster,
  openTime,
  pairsOf,
  readGrant,
  type Opener,
  type OwnerIdentity,
  type SignedClip,
  type UnsignedClip,
} from '../owner/index.ts'
import type { PlaceOptions } from './owner-data-folder.ts'
import { openFilmTarget, type FilmTarget } from './owner-film.ts'
import { readIdentityFile, readTextFile } from './owner-files.ts'
import {
  clipFolderAt,
  findClip,
  findUnsignedClip,
  isFolder,
  loneShelfAt,
  openOwnerLibrary,
  reportSurprises,
  type OpenedLibrary,
} from './owner-library.ts'
import { CLOUD, CREDENTIALS, DATA, interruption, OWNER, PASSPHRASE } from './owner-options.ts'

type OpenOptions = PlaceOptions & {
  readonly owner: string
  readonly passphraseFile?: string
  readonly output: string
  readonly poster?: string
  readonly grant?: string
  readonly salvage?: true
}

export function ownerOpenCommand(): Command {
  return new Command('open')
    .description('fetch a clip, check every part against what the doorbell signed, decrypt it')
    .argument('[clip]', 'id, the beginning of one, latest, or a clip’s folder; with --grant may be left out')
    .requiredOption('-o, --output <file>', 'the film (MP4); - for standard output')
    .option(...OWNER)
    .option(...PASSPHRASE)
    .option(...DATA)
    .option(...CLOUD)
    .option(...CREDENTIALS)
    .option('--poster <file>', 'also write the clip’s picture (JPEG)')
    .option('--grant <file>', 'open with a grant and the key it was made for')
    .option('--salvage', 'write what is genuine even when parts are missing or changed')
    .action(openClip)
}

async function openClip(wanted: string | undefined, options: OpenOptions): Promise<void> {
  const signal = interruption()
  const identity = await readIdentityFile(options.owner, options)
  await using chosen = await chooseClip(wanted, options, identity, signal)
  const { clip, opener } = chosen
  if (clip.kind === 'unsigned')
    say(`clip ${clip.id} was not finished: it opens with your key, but the doorbell has not signed for it`)
  else if (clip.vouchedBy === 'signature only' && options.grant === undefined)
    say(`the ledger is not at hand: what is known is that ${clip.manifest.device} signed this clip`)
  const written = await writeFilm(clip, opener, options)
  if (options.poster !== undefined) await writePoster(clip, opener, options.poster)
  await tellTime(clip, opener)
  const sentence = `${options.output}: clip ${clip.id}, ${written.parts} of ${clip.kind === 'signed' ? clip.manifest.parts.length : clip.parts.length} parts, ${(written.bytes / 1e6).toFixed(1)} MB, ${verdictOn(clip, written)}\n`
  if (options.output === '-') process.stderr.write(sentence)
  else process.stdout.write(sentence)
}

type Chosen = AsyncDisposable & { readonly clip: SignedClip | UnsignedClip; readonly opener: Opener }

async function chooseClip(
  wanted: string | undefined,
  options: OpenOptions,
  identity: OwnerIdentity,
  signal: AbortSignal,
): Promise<Chosen> {
  if (options.grant !== undefined) return chooseGranted(wanted, options.grant, options, identity, signal)
  if (wanted === undefined)
    throw new Fault('invalid', 'wanted a clip: an id, the beginning of one, or latest')
  const opener = { identities: pairsOf(identity) }
  const folder = options.data === undefined ? await clipFolderAt(wanted) : undefined
  if (folder !== undefined && 'alone' in folder)
    return { clip: folder.alone, opener, async [Symbol.asyncDispose]() {} }
  const place = folder === undefined ? options : { ...options, data: folder.data }
  const opened = await openOwnerLibrary(place, signal)
  try {
    await reportSurprises(opened, options.owner)
    const clip = await chooseFrom(opened, folder?.clip ?? wanted, options, identity, signal)
    return { clip, opener, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
}

/** With `--salvage` sealed parts are looked for even where no manifest can be believed. */
async function chooseFrom(
  opened: OpenedLibrary,
  wanted: string,
  options: OpenOptions,
  identity: OwnerIdentity,
  signal: AbortSignal,
): Promise<SignedClip | UnsignedClip> {
  try {
    return await findClip(opened, wanted, identity, signal)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    if (options.salvage !== true)
      throw new Fault('corrupt', `${error.message}; nothing was written (--salvage takes what can be had)`, {
        cause: error,
      })
    say(error.message)
    return findUnsignedClip(opened.library, wanted, identity, signal)
  }
}

/** A grant brings its manifest along; the parts come from wherever the receiver can reach them. */
async function chooseGranted(
  wanted: string | undefined,
  grantFile: string,
  options: OpenOptions,
  identity: OwnerIdentity,
  signal: AbortSignal,
): Promise<Chosen> {
  const note = await readTextFile(grantFile)
  const identities = pairsOf(identity)
  const { grant } = readGrant(grantFile, note, [])
  if (wanted !== undefined && (await isFolder(wanted))) {
    const { clip } = readGrant(grantFile, note, [await loneShelfAt(wanted)])
    return { clip, opener: { identities, grant }, async [Symbol.asyncDispose]() {} }
  }
  if (wanted !== undefined && !grant.clip.startsWith(wanted))
    throw new Fault('invalid', `${grantFile} grants clip ${grant.clip}, not “${wanted}”`)
  const opened = await openOwnerLibrary(options, signal)
  const { clip } = readGrant(grantFile, note, opened.library.shelves)
  return { clip, opener: { identities, grant }, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
}

type Written = { readonly parts: number; readonly bytes: number; readonly problems: readonly string[] }

async function writeFilm(
  clip: SignedClip | UnsignedClip,
  opener: Opener,
  options: OpenOptions,
): Promise<Written> {
  await using target = await openFilmTarget(options.output)
  const written = await writeParts(clip, opener, target, options)
  for (const problem of written.problems) say(problem)
  if (written.parts === 0)
    throw new Fault('corrupt', `clip ${clip.id}: nothing of it can be had; nothing was written`)
  await target.finish()
  return written
}

async function writeParts(
  clip: SignedClip | UnsignedClip,
  opener: Opener,
  target: FilmTarget,
  { output, salvage }: OpenOptions,
): Promise<Written> {
  const problems: string[] = []
  let [parts, bytes] = [0, 0]
  for await (const opened of openParts(clip, opener)) {
    if ('problem' in opened) {
      if (salvage !== true)
        throw new Fault(
          'corrupt',
          `${opened.problem}; ${output === '-' && parts > 0 ? 'the film ends here' : 'nothing was written'} (--salvage writes what is genuine)`,
        )
      problems.push(
        opened.part === 0
          ? `${opened.problem}; without its beginning the film does not play`
          : opened.problem,
      )
      continue
    }
    for (const copy of opened.passedOver) say(`${copy}; another copy is genuine`)
    await target.write(opened.plaintext)
    parts++
    bytes += opened.plaintext.length
  }
  return { parts, bytes, problems }
}

async function writePoster(clip: SignedClip | UnsignedClip, opener: Opener, path: string): Promise<void> {
  try {
    const poster = await openPoster(clip, opener)
    if (poster === undefined) return say(`clip ${clip.id} has no picture`)
    await using target = await openFilmTarget(path)
    await target.write(poster)
    await target.finish()
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    throw new Fault('corrupt', `the film was written, its picture was not: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Only where the film's own metadata would mislead. */
async function tellTime(clip: SignedClip | UnsignedClip, opener: Opener): Promise<void> {
  const time = await openTime(clip, opener).catch((error: unknown) => {
    if (!isFault(error, 'corrupt')) throw error
    return undefined // The film is written; `lintel verify` says what is wrong with the rest.
  })
  if (time === undefined || time.known === 'trusted') return
  const at = isoOf(unixMs(time.fromUnixMs))
  if (time.known === 'corrected')
    say(`the doorbell learnt the time only after it had recorded this: the film begins at ${at}`)
  else say(`the doorbell’s clock was not set when it recorded this: ${at} is what it said`)
}

function verdictOn(clip: SignedClip | UnsignedClip, { problems }: Written): string {
  if (clip.kind === 'unsigned') return 'not signed'
  return problems.length === 0
    ? `genuine, signed by ${clip.manifest.device}`
    : 'what is written is genuine, the rest is missing'
}

const say = (sentence: string): void => {
  process.stderr.write(`lintel: ${sentence}\n`)
}
