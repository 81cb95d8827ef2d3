import { Fault } from '../../src/base/fault.ts'
import type { Disk } from '../../src/ports/disk.ts'

type File = { readonly bytes: Uint8Array }
type Folder = {
  readonly entries: Map<string, Node>
  /** The names that would still be there after a power cut: as of the last sync. */
  durable: ReadonlyMap<string, Node>
}
type Node = File | Folder

const emptyFolder = (): Folder => ({ entries: new Map(), durable: new Map() })
const isFolder = (node: Node | undefined): node is Folder => node !== undefined && 'entries' in node

/**
 * A disk in memory. What was written is durable at once (`create` syncs bytes), a name only after `syncFolder`.
 * The puppeteer's face: `powerCut`, `damage`, `refuse`.
 */
export class MemoryDisk implements Disk {
  readonly #root = emptyFolder()
  readonly #ofBytes: number
  #refusal: Fault | undefined

  constructor(options: { readonly ofBytes?: number } = {}) {
    this.#ofBytes = options.ofBytes ?? 1e9
  }

  /** Names that were not synced are gone, and names that were removed without a sync are back. */
  powerCut(): void {
    restore(this.#root)
  }

  /** Flips the bits of one byte, as a dying card does. */
  damage(path: string, at: number): void {
    const { folder, name } = this.#place(path)
    const bytes = fileIn(folder, name, path).bytes.slice()
    bytes[at] = (bytes[at] ?? 0) ^ 0xff
    folder.entries.set(name, { bytes })
  }

  /** Everything that changes or reads fails with this until told otherwise. */
  refuse(fault: Fault | undefined): void {
    this.#refusal = fault
  }

  async makeFolder(path: string): Promise<void> {
    this.#obey()
    let folder = this.#root
    for (const name of stepsOf(path)) {
      const next = folder.entries.get(name) ?? emptyFolder()
      if (!isFolder(next)) throw new Fault('invalid', `make folder ${path}: ${name} is a file`)
      folder.entries.set(name, next)
      folder = next
    }
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    this.#obey()
    const { folder, name } = this.#place(path)
    if (folder.entries.has(name)) throw new Fault('invalid', `create ${path}: it is there already`)
    this.#checkRoom(path, bytes.length)
    folder.entries.set(name, { bytes: bytes.slice() })
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    this.#obey()
    const { folder, name } = this.#place(path)
    if (isFolder(folder.entries.get(name))) throw new Fault('invalid', `replace ${path}: it is a folder`)
    this.#checkRoom(path, bytes.length)
    folder.entries.set(name, { bytes: bytes.slice() })
    folder.durable = new Map(folder.entries)
  }

  async read(path: string): Promise<Uint8Array> {
    this.#obey()
    const { folder, name } = this.#place(path)
    return fileIn(folder, name, path).bytes.slice()
  }

  async list(path: string): ReturnType<Disk['list']> {
    this.#obey()
    const node = this.#find(stepsOf(path, { orRoot: true }))
    if (node !== undefined && !isFolder(node)) throw new Fault('missing', `list ${path}: it is a file`)
    return [...(node?.entries ?? [])]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([name, entry]) =>
        isFolder(entry)
          ? { name, isFolder: true, bytes: 0 }
          : { name, isFolder: false, bytes: entry.bytes.length },
      )
  }

  async rename({ from, to }: { from: string; to: string }): Promise<void> {
    this.#obey()
    const source = this.#place(from)
    const target = this.#place(to)
    const node = source.folder.entries.get(source.name)
    if (node === undefined) throw new Fault('missing', `rename ${from} to ${to}: ${from} is not there`)
    const there = target.folder.entries.get(target.name)
    if (there !== undefined && isFolder(there) !== isFolder(node))
      throw new Fault('invalid', `rename ${from} to ${to}: one is a folder, the other is not`)
    if (isFolder(there) && there !== node && there.entries.size > 0)
      throw new Fault('invalid', `rename ${from} to ${to}: ${to} is not empty`)
    source.folder.entries.delete(source.name)
    target.folder.entries.set(target.name, node)
  }

  async remove(path: string): Promise<void> {
    this.#obey()
    const steps = stepsOf(path)
    const node = this.#find(steps)
    if (isFolder(node) && node.entries.size > 0) throw new Fault('invalid', `remove ${path}: it is not empty`)
    if (node !== undefined) this.#place(path).folder.entries.delete(steps.at(-1) ?? '')
  }

  async syncFolder(path: string): Promise<void> {
    this.#obey()
    const folder = this.#find(stepsOf(path, { orRoot: true }))
    if (!isFolder(folder)) throw new Fault('missing', `sync folder ${path}: it is not there`)
    folder.durable = new Map(folder.entries)
  }

  async free(): Promise<{ readonly bytes: number; readonly ofBytes: number }> {
    return { bytes: this.#ofBytes - usedBy(this.#root), ofBytes: this.#ofBytes }
  }

  #obey(): void {
    if (this.#refusal !== undefined) throw this.#refusal
  }

  #checkRoom(path: string, bytes: number): void {
    const left = this.#ofBytes - usedBy(this.#root)
    if (bytes > left) throw new Fault('full', `${path}: wanted room for ${bytes} bytes, ${left} are left`)
  }

  #find(steps: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root
    for (const step of steps) node = isFolder(node) ? node.entries.get(step) : undefined
    return node
  }

  #place(path: string): { readonly folder: Folder; readonly name: string } {
    const steps = stepsOf(path)
    const folder = this.#find(steps.slice(0, -1))
    if (!isFolder(folder)) throw new Fault('missing', `${path}: its folder is not there`)
    return { folder, name: steps.at(-1) ?? '' }
  }
}

function stepsOf(path: string, { orRoot = false } = {}): readonly string[] {
  if (orRoot && path === '') return []
  const steps = path.split('/')
  if (steps.some((step) => step === '' || step === '.' || step === '..') || path.includes('\0'))
    throw new Fault('invalid', `path: wanted one inside the data folder, got ${JSON.stringify(path)}`)
  return steps
}

function fileIn(folder: Folder, name: string, path: string): File {
  const node = folder.entries.get(name)
  if (node === undefined) throw new Fault('missing', `read ${path}: it is not there`)
  if (isFolder(node)) throw new Fault('invalid', `read ${path}: it is a folder`)
  return node
}

const usedBy = (node: Node): number =>
  isFolder(node)
    ? [...node.entries.values()].reduce((sum, entry) => sum + usedBy(entry), 0)
    : node.bytes.length

function restore(folder: Folder): void {
  folder.entries.clear()
  for (const [name, node] of folder.durable) {
    folder.entries.set(name, node)
    if (isFolder(node)) restore(node)
  }
}
