import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { openScope } from '../base/scope.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import {
  acceptPin,
  comparePins,
  findUnsigned,
  formatPins,
  localSource,
  loneClip,
  loneShelf,
  noPins,
  openLibrary,
  pairsOf,
  parsePins,
  storeSource,
  type Library,
  type OwnerIdentity,
  type Pins,
  type SeenLedger,
  type Shelf,
  type SignedClip,
  type UnsignedClip,
} from '../owner/index.ts'
import { openPlaces, type PlaceOptions, type Places } from './owner-data-folder.ts'

/** The shelves of a doorbell, ready to look for clips. Close it when done. */
export type OpenedLibrary = {
  readonly library: Library
  /** What each shelf is called in the owner's memory: a full path, or a cloud's address. */
  readonly nameOf: (shelf: Shelf) => string
}

/** The shelves that places amount to, each with its name. */
export function shelvesOf({ here, cloud }: Places, signal: AbortSignal): ReadonlyMap<Shelf, string> {
  const names = new Map<Shelf, string>()
  if (here?.records !== undefined)
    names.set({ where: 'here', source: localSource({ disk: here.disk, records: here.records }) }, here.name)
  if (cloud !== undefined)
    names.set(
      { where: 'cloud', source: storeSource(cloud.store, { signal }), store: cloud.store },
      cloud.name,
    )
  if (names.size === 0)
    throw new Fault('missing', `${here?.name ?? 'there'}: no doorbell has recorded anything here yet`)
  return names
}

export function openOwnerLibrary(
  options: PlaceOptions,
  signal: AbortSignal,
): Promise<OpenedLibrary & AsyncDisposable> {
  return openScope(async (scope): Promise<OpenedLibrary> => {
    const names = shelvesOf(scope.own('places', await openPlaces(options)), signal)
    return {
      library: await openLibrary([...names.keys()]),
      nameOf: (shelf) => names.get(shelf) ?? shelf.where,
    }
  })
}

/** An id, the beginning of one, or `latest`. */
export async function findClip(
  { library }: OpenedLibrary,
  wanted: string,
  identity: OwnerIdentity,
  signal: AbortSignal,
): Promise<SignedClip | UnsignedClip> {
  const id = wanted === 'latest' ? await latestOf(library) : oneOf(wanted, library.ids)
  if (id !== undefined) return library.clip(id)
  return findUnsignedClip(library, wanted, identity, signal)
}

/** A clip of which only sealed parts are there: no manifest, or none that can be believed. */
export async function findUnsignedClip(
  library: Library,
  wanted: string,
  identity: OwnerIdentity,
  signal: AbortSignal,
): Promise<UnsignedClip> {
  const unsigned = await findUnsigned(library, pairsOf(identity), { signal })
  const id =
    wanted === 'latest'
      ? unsigned[0]?.id
      : oneOf(
          wanted,
          unsigned.map((each) => each.id),
        )
  const clip = unsigned.find((each) => each.id === id)
  if (clip !== undefined) return clip
  throw new Fault(
    'missing',
    wanted === 'latest'
      ? 'there is no clip yet'
      : `there is no clip “${wanted}”; lintel owner clips shows those there are`,
  )
}

/** The folder of one clip, alone or in a doorbell's data folder. */
export type ClipFolder = { readonly data: string; readonly clip: string } | { readonly alone: SignedClip }

/** Undefined when `wanted` is no path of a clip's folder. */
export async function clipFolderAt(wanted: string): Promise<ClipFolder | undefined> {
  const path = resolve(wanted)
  if (!(await isFolder(path))) return undefined
  const data = dirname(dirname(path))
  if (basename(dirname(path)) === 'clips' && (await isFile(join(data, 'index.sqlite'))))
    return { data, clip: basename(path) }
  if (!(await isFile(join(path, 'manifest.note')))) return undefined
  return { alone: await loneClip(await loneShelfAt(path)) }
}

export const loneShelfAt = async (path: string): Promise<Shelf> =>
  loneShelf(await openNodeDisk(resolve(path)))

/** Tells on stderr what differs from what was seen before, and remembers what is new. */
export async function reportSurprises(opened: OpenedLibrary, ownerFile: string): Promise<void> {
  const file = pinsFile(ownerFile)
  const before = await readPins(file)
  let pins = before
  for (const seen of await seenIn(opened)) {
    const { surprise, next } = comparePins(pins, seen)
    pins = next
    if (surprise !== undefined)
      say(`${surprise}. If that was you, accept it with: lintel owner trust --owner ${ownerFile}`)
  }
  for (const problem of opened.library.problems) say(problem)
  if (formatPins(pins) !== formatPins(before)) await writePins(file, pins)
}

/** Accepts what is there now, whatever was seen before. */
export async function trustWhatIsThere(
  opened: OpenedLibrary,
  ownerFile: string,
): Promise<readonly SeenLedger[]> {
  const file = pinsFile(ownerFile)
  const seen = await seenIn(opened)
  await writePins(file, seen.reduce(acceptPin, await readPins(file)))
  return seen
}

const pinsFile = (ownerFile: string): string => `${ownerFile}.devices.json`

async function seenIn({ library, nameOf }: OpenedLibrary): Promise<readonly SeenLedger[]> {
  return (await library.heads()).map(({ shelf, device, head, rootAt }) => ({
    place: nameOf(shelf),
    device: { name: device.name, key: Buffer.from(device.publicKey).toString('base64') },
    rootAt,
    ...(head === undefined ? {} : { checkpoint: head }),
  }))
}

async function readPins(file: string): Promise<Pins> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return noPins
  try {
    return parsePins(file, text)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    say(`${messageOf(error)}; what was seen before is forgotten`)
    return noPins
  }
}

async function writePins(file: string, pins: Pins): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(formatPins(pins))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    say(`${file}: cannot remember what was seen: ${messageOf(error)}`) // The owner's key may lie on a read-only stick.
  }
}

const say = (sentence: string): void => {
  process.stderr.write(`lintel: ${sentence}\n`)
}

/** The id that `wanted` begins, or undefined; throws `Fault('invalid')` when it begins several. */
export function oneOf(wanted: string, ids: readonly string[]): string | undefined {
  if (ids.includes(wanted)) return wanted
  const matching = wanted === '' ? [] : ids.filter((id) => id.startsWith(wanted))
  if (matching.length > 1)
    throw new Fault(
      'invalid',
      `“${wanted}” begins ${matching.length} clips: ${matching.slice(0, 5).join(', ')}`,
    )
  return matching[0]
}

/** The one sealed last that is not gone. */
export async function latestOf(library: Library): Promise<string | undefined> {
  const gone = new Set([...library.expired, ...library.deleted])
  const [only] = library.shelves
  if (library.shelves.length === 1 && only !== undefined)
    for (const id of await only.source.expired()) gone.add(id)
  return library.ids.findLast((id) => !gone.has(id))
}

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  )
