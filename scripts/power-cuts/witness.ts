/** What was acknowledged, kept where no power cut reaches it; and whether the disk still has it. Pure. */
import { z } from 'zod'
import type { Found, Report, RowChange, Told } from './wire.ts'

type Rows = Map<string, Map<string, string>>
type Open = { readonly write: number; readonly changes: readonly RowChange[] }
type Stored = { readonly sha256: string; readonly bytes: number }

const ObjectRow = z.object({
  what: z.string(),
  name: z.string(),
  sha256: z.string(),
  uploaded: z.boolean(),
  lost: z.boolean(),
})
const ClipRow = z.object({ phase: z.string(), why: z.string().optional() })
const UploadRow = z.object({ name: z.string(), sha256: z.string(), parked: z.string().optional() })
const LedgerRow = z.object({ type: z.string(), clip: z.string().optional() })
const Press = z.object({ id: z.string() })
const ToldOfClip = z.object({ clip: z.string(), part: z.number().optional() })

/** Others may be written in between, but not many. */
const WRITES_BEFORE_PRESS_MAX = 20

type ObjectRow = z.output<typeof ObjectRow>

/** How sure the answer of `judge…` can be. */
export type Strictness = {
  /** Nothing was wrong with the disk: no clip may have been left growing. */
  readonly healthy: boolean
}

export class Witness {
  /** What the index holds for certain. */
  #rows: Rows = new Map()
  /** Transactions that were begun, in order; whether they are there, nobody was told. */
  #open: readonly Open[] = []
  readonly #parts = new Set<string>()
  readonly #sealed = new Set<string>()
  readonly #presses = new Set<string>()
  readonly #told = new Set<string>()
  /** Presses that rang and were not written down yet, and how much else was since. */
  #unwritten = new Map<string, number>()
  readonly #store = new Map<string, Stored>()
  /** What contradicts a promise by itself, whatever the disk says. */
  #problems: string[] = []

  counts(): { readonly parts: number; readonly clips: number; readonly presses: number } {
    return { parts: this.#parts.size, clips: this.#sealed.size, presses: this.#presses.size }
  }

  stored(name: string): Stored | undefined {
    return this.#store.get(name)
  }

  /** Everything that is no question to the store. */
  hear(report: Report): void {
    switch (report.tell) {
      case 'loaded':
      case 'found':
        this.#unwritten = new Map()
        break
      case 'writes':
        this.#open = [...this.#open, report]
        this.#hearPressesWritten(report.changes)
        break
      case 'wrote':
        this.#hearWritten(report.write)
        break
      case 'happening':
        this.#hearHappening(report.happening)
        break
      case 'publish':
        if (report.topic.endsWith('/press')) this.#told.add(Press.parse(JSON.parse(report.payload)).id)
        break
      case 'put':
        if (!report.ifAbsent || !this.#store.has(report.name)) this.#store.set(report.name, report)
        break
      case 'remove':
        this.#store.delete(report.name)
        break
      default:
        break
    }
  }

  /** Before the runtime has touched it. What was open is decided from now on: it is there, or it is not. */
  judgeFound(found: Found): readonly string[] {
    const problems = found.integrity === 'absent' && this.#rows.size === 0 ? [] : this.#judgeRows(found)
    return [
      ...this.#takeProblems(),
      ...problems,
      ...this.#judgeFiles(found),
      ...this.#judgeAcknowledged(found),
    ]
  }

  /** When the runtime has recovered. */
  judgeRecovered(found: Found, { healthy }: Strictness): readonly string[] {
    const clips = clipsOf(found)
    const growing = [...clips].filter(([, { phase }]) => phase === 'growing')
    return [
      ...this.judgeFound(found),
      ...(healthy ? growing.map(([clip]) => `clip ${clip}: still growing after the start`) : []),
      ...(healthy ? judgeExpired(found, clips) : []),
      ...this.#judgeStore(found, clips),
    ]
  }

  /** When everything has had its time. */
  judgeSettled(found: Found): readonly string[] {
    const clips = [...clipsOf(found)]
    const parked = uploadsOf(found).filter((upload) => upload.parked !== undefined)
    const left = (found.rows['outbox'] ?? []).length + (found.rows['upload'] ?? []).length
    return [
      ...this.judgeRecovered(found, { healthy: true }),
      ...[...this.#presses].filter((id) => !this.#told.has(id)).map((id) => `press ${id}: nobody was told`),
      ...parked.map(({ name, parked: why }) => `upload of ${name}: given up: ${why}`),
      ...(left === 0 ? [] : [`${left} rows of messages and uploads are left when all is told`]),
      ...clips
        .filter(([, { phase }]) => phase !== 'uploaded' && phase !== 'expired')
        .map(([clip, { phase }]) => `clip ${clip}: ${phase} when all is told`),
    ]
  }

  #takeProblems(): readonly string[] {
    const problems = this.#problems
    this.#problems = []
    return problems
  }

  /** They come true in the order in which they were begun. What was refused before it is not there. */
  #hearWritten(write: number): void {
    this.#commit(this.#open.find((open) => open.write === write)?.changes ?? [])
    this.#open = this.#open.filter((open) => open.write > write)
  }

  /** A press is written down at once; whether the disk takes it is another question. */
  #hearPressesWritten(changes: readonly RowChange[]): void {
    for (const id of pressesOf(changes)) this.#unwritten.delete(id)
    for (const [id, writes] of this.#unwritten) {
      if (writes === WRITES_BEFORE_PRESS_MAX)
        this.#problems.push(`press ${id}: it rang, and was not written down`)
      this.#unwritten.set(id, writes + 1)
    }
  }

  #hearHappening(told: Told): void {
    if (told.kind === 'press') this.#unwritten.set(Press.parse(told).id, 0)
    if (told.kind === 'part-stored') {
      const { clip, part } = ToldOfClip.parse(told)
      this.#parts.add(`${clip}/${String(part).padStart(4, '0')}.age`)
    }
    if (told.kind === 'clip-sealed' || told.kind === 'clip-recovered')
      this.#sealed.add(ToldOfClip.parse(told).clip)
    if (told.kind === 'object-lost')
      this.#problems.push(`lost by the runtime's own account: ${JSON.stringify(told)}`)
  }

  #commit(changes: readonly RowChange[]): void {
    for (const change of changes) {
      this.#problems.push(...forbidden(this.#rows, change))
    }
    for (const id of pressesOf(changes)) this.#presses.add(id)
    this.#rows = applied(this.#rows, changes)
  }

  #judgeRows(found: Found): readonly string[] {
    if (found.integrity !== 'ok') return [`index: ${found.integrity}`]
    const there: Rows = new Map(Object.entries(found.rows).map(([table, rows]) => [table, new Map(rows)]))
    const differences = differencesOf(this.#rows, there)
    const done = this.#open.findLastIndex((_, last) => isLike(there, this.#after(last)))
    if (differences.length > 0) for (const { changes } of this.#open.slice(0, done + 1)) this.#commit(changes)
    this.#open = []
    this.#rows = there // Whatever is wrong is said once.
    return done === -1 ? differences : []
  }

  /** What the index holds when all that was begun up to the `last` is there. */
  #after(last: number): Rows {
    return this.#open.slice(0, last + 1).reduce((rows, { changes }) => applied(rows, changes), this.#rows)
  }

  /** A row of `part` means that the object is there. */
  #judgeFiles(found: Found): readonly string[] {
    const clips = clipsOf(found)
    return objectsOf(found).flatMap(([key, object]) => {
      const phase = clips.get(clipOf(key))?.phase
      if (object.lost) return [`${key}: marked as lost`]
      if (isGoing(clips.get(clipOf(key)))) return []
      const sha256 = found.files[`clips/${key}`]
      if (sha256 === undefined) return [`${key}: acknowledged, and there is no such file`]
      // Replaced whole, it may be newer than its row until the clip is sealed.
      if (object.what === 'meta' && phase === 'growing') return []
      return sha256 === object.sha256 ? [] : [`${key}: acknowledged, and the file has other bytes`]
    })
  }

  #judgeAcknowledged(found: Found): readonly string[] {
    const clips = clipsOf(found)
    const objects = new Map(objectsOf(found))
    const isGone = (clip: string): boolean => isGoing(clips.get(clip))
    const outbox = new Set((found.rows['outbox'] ?? []).map(([, text]) => Press.parse(inner(text)).id))
    const emptied = [...this.#parts].filter((key) => clips.get(clipOf(key))?.why === 'empty')
    return [
      ...[...this.#parts]
        .filter((key) => !objects.has(key) && !isGone(clipOf(key)))
        .map((key) => `${key}: the part was acknowledged, and the index has forgotten it`),
      ...emptied.map((key) => `${key}: the part was acknowledged, and its clip was discarded as empty`),
      ...[...this.#sealed]
        .filter((clip) => clips.get(clip)?.phase === 'growing' || !clips.has(clip))
        .map((clip) => `clip ${clip}: it was sealed, and is ${clips.get(clip)?.phase ?? 'unknown'}`),
      ...[...this.#presses]
        .filter((id) => !this.#told.has(id) && !outbox.has(id))
        .map((id) => `press ${id}: acknowledged, not told, and not in the outbox`),
    ]
  }

  /** What the index says of the store is true, and what is not in the store waits for it. */
  #judgeStore(found: Found, clips: ReadonlyMap<string, { readonly phase: string }>): readonly string[] {
    const waiting = uploadsOf(found)
    const names = new Set(waiting.map(({ name }) => name))
    return [
      ...objectsOf(found)
        .filter(([key]) => !isGoing(clips.get(clipOf(key))))
        .flatMap(([key, object]) => judgeObject(key, object, this.#store.get(object.name), names)),
    ]
  }
}

function judgeObject(
  key: string,
  object: ObjectRow,
  stored: Stored | undefined,
  waiting: ReadonlySet<string>,
): readonly string[] {
  if (object.uploaded && stored === undefined)
    return [`${key}: said to be in the store, which has no ${object.name}`]
  if (!object.uploaded && !waiting.has(object.name))
    return [`${key}: neither in the store nor waiting for it`]
  if (stored === undefined || stored.sha256 === object.sha256) return []
  // A newer meta takes the place of an older one in its time.
  if (object.what === 'meta' && waiting.has(object.name)) return []
  return [`${key}: the store has other bytes under ${object.name}`]
}

/** Nothing that was not in the cloud goes without a word in the ledger. */
function judgeExpired(found: Found, clips: ReadonlyMap<string, z.output<typeof ClipRow>>): readonly string[] {
  const ledger = (found.rows['ledger'] ?? []).map(([, text]) => LedgerRow.parse(inner(text)))
  const said = new Set(ledger.filter(({ type }) => type === 'expired').map(({ clip }) => clip))
  const left = objectsOf(found).filter(([key, { uploaded, lost }]) => {
    const clip = clips.get(clipOf(key))
    return clip?.phase === 'expiring' && clip.why !== 'empty' && !uploaded && !lost && !said.has(clipOf(key))
  })
  return left.map(([key]) => `${key}: expires, is in no store, and the ledger does not say so`)
}

/** The ledger only grows. */
function forbidden(rows: Rows, change: RowChange): readonly string[] {
  const table = 'put' in change ? change.put : change.remove
  if (table !== 'ledger') return []
  if (!('put' in change)) return [`ledger entry ${change.key}: removed`]
  const before = rows.get(table)?.get(change.key)
  return before === undefined || before === change.text ? [] : [`ledger entry ${change.key}: changed`]
}

function applied(rows: Rows, changes: readonly RowChange[]): Rows {
  const after: Rows = new Map(rows)
  const own = new Set<string>()
  for (const change of changes) {
    const table = 'put' in change ? change.put : change.remove
    if (!own.has(table)) after.set(table, new Map(rows.get(table)))
    own.add(table)
    if ('put' in change) after.get(table)?.set(change.key, change.text)
    else after.get(table)?.delete(change.key)
  }
  return after
}

/** In both directions: what is gone or changed, and what nobody wrote. */
function differencesOf(wanted: Rows, got: Rows): readonly string[] {
  const differences: string[] = []
  for (const table of new Set([...wanted.keys(), ...got.keys()])) {
    const [is, was] = [got.get(table), wanted.get(table)]
    for (const [key, text] of was ?? [])
      if (is?.get(key) !== text)
        differences.push(
          `index: row ${key} of ${table}: ${is?.has(key) === true ? 'an older or other state' : 'gone'}`,
        )
    for (const key of is?.keys() ?? [])
      if (was?.has(key) !== true)
        differences.push(`index: row ${key} of ${table}: it was removed, or never written`)
  }
  return differences
}

/** Let go for want of room, or on its way. */
const isGoing = (clip: { readonly phase: string } | undefined): boolean =>
  clip?.phase === 'expiring' || clip?.phase === 'expired'

/** Rows of the outbox and of the ledger are JSON in a text. */
const inner = (text: string): unknown => JSON.parse(z.string().parse(JSON.parse(text)))

const isLike = (rows: Rows, others: Rows): boolean => differencesOf(rows, others).length === 0

const pressesOf = (changes: readonly RowChange[]): readonly string[] =>
  changes.flatMap((change) =>
    'put' in change && change.put === 'outbox' ? [Press.parse(inner(change.text)).id] : [],
  )

const clipOf = (key: string): string => key.slice(0, key.indexOf('/'))

const clipsOf = (found: Found): Map<string, z.output<typeof ClipRow>> =>
  new Map((found.rows['clip'] ?? []).map(([key, text]) => [key, ClipRow.parse(JSON.parse(text))]))

const objectsOf = (found: Found): [string, ObjectRow][] =>
  (found.rows['part'] ?? []).map(([key, text]) => [key, ObjectRow.parse(JSON.parse(text))])

const uploadsOf = (found: Found): z.output<typeof UploadRow>[] =>
  (found.rows['upload'] ?? []).map(([, text]) => UploadRow.parse(JSON.parse(text)))
