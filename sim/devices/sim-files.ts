import { assertNever } from '../../src/base/assert.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import type { FileCalls, FolderEntry, NewFile } from '../../src/ports/file-calls.ts'

type FileNode = { readonly kind: 'file'; bytes: Uint8Array; durable: Uint8Array }
type FolderNode = {
  readonly kind: 'folder'
  readonly entries: Map<string, Node>
  /** The names that are there after a power cut, whatever happens. */
  readonly durable: Map<string, Node>
}
type Node = FileNode | FolderNode

/** What was done and may be lost, in the order it was done. */
type Unsynced =
  | {
      readonly kind: 'link' | 'unlink'
      readonly folder: FolderNode
      readonly name: string
      readonly node: Node
    }
  | { readonly kind: 'rename'; readonly from: Place; readonly to: Place; readonly node: Node }
  | { readonly kind: 'bytes'; readonly file: FileNode; readonly at: number; readonly bytes: Uint8Array }
type Place = { readonly folder: FolderNode; readonly name: string }

/**
 * Before each call: waits as long as the call takes, never returns where the power is gone, and throws where the disk
 * refuses. What the call does happens at once afterwards.
 */
export type Gate = (call: DiskCall) => Promise<void>
export type DiskCall = {
  readonly call: keyof FileCalls | 'write' | 'sync' | 'commit'
  readonly path: string
  readonly bytes: number
}

export const openGate: Gate = async () => {}

export type SimFilesOptions = {
  readonly ofBytes?: number
  /** The least that is written whole: 512 bytes on old disks, 4096 on new ones. */
  readonly sectorBytes?: number
}

const newFolder = (): FolderNode => ({ kind: 'folder', entries: new Map(), durable: new Map() })

/**
 * A file system that keeps apart what was done and what was synced, bytes and names each by themselves. When the power
 * goes, any subset of the unsynced survives: each name that was made, removed or changed, and each sector that was written.
 * That is more than any real file system does wrong, and includes all that each of them may do.
 *
 * The puppeteer's face: `cut`, `unsynced`, `clone`, `damage`, and the settings.
 */
export class SimFiles {
  readonly #sectorBytes: number
  #root: FolderNode = newFolder()
  #unsynced: Unsynced[] = []
  #used = 0
  /** Changes when the story fills the disk. */
  ofBytes: number
  /** Syncing says yes and does nothing, as cheap cards do. */
  isLying = false

  constructor({ ofBytes = 1e9, sectorBytes = 4096 }: SimFilesOptions = {}) {
    this.ofBytes = ofBytes
    this.#sectorBytes = sectorBytes
  }

  /** What one incarnation of the doorbell gets. */
  openClient(gate: Gate): FileCalls {
    return {
      makeFolder: async (path) => {
        await gate({ call: 'makeFolder', path, bytes: 0 })
        this.#makeFolder(path)
      },
      createFile: async (path) => {
        await gate({ call: 'createFile', path, bytes: 0 })
        return this.#createFile(path, gate)
      },
      read: async (path) => {
        await gate({ call: 'read', path, bytes: 0 })
        return this.fileAt(path).slice()
      },
      readRange: async (path, { from, to }) => {
        await gate({ call: 'readRange', path, bytes: 0 })
        const whole = this.fileAt(path)
        return { bytes: whole.slice(from, to), ofBytes: whole.length }
      },
      list: async (path) => {
        await gate({ call: 'list', path, bytes: 0 })
        return entriesOf(this.#folderAt(path, `scandir '${path}'`))
      },
      rename: async ({ from, to }) => {
        await gate({ call: 'rename', path: `${from} → ${to}`, bytes: 0 })
        this.#rename(from, to)
      },
      removeFile: async (path) => {
        await gate({ call: 'removeFile', path, bytes: 0 })
        this.#removeFile(path)
      },
      removeFolder: async (path) => {
        await gate({ call: 'removeFolder', path, bytes: 0 })
        this.#removeFolder(path)
      },
      syncFolder: async (path) => {
        const folder = this.#folderAt(path, `open '${path}'`)
        await gate({ call: 'syncFolder', path, bytes: 0 })
        this.#settle((it) => isOfFolder(it, folder))
      },
      free: async () => {
        await gate({ call: 'free', path: '', bytes: 0 })
        return { bytes: Math.max(0, this.ofBytes - this.#used), ofBytes: this.ofBytes }
      },
    }
  }

  /** The bytes of a file as a reader sees them. Throws `ENOENT`, `EISDIR`. */
  fileAt(path: string): Uint8Array {
    const { folder, name } = this.#place(path)
    const node = folder.entries.get(name)
    if (node === undefined) throw errno('ENOENT', `no such file, open '${path}'`)
    if (node.kind === 'folder') throw errno('EISDIR', `it is a folder, read '${path}'`)
    return node.bytes
  }

  /** Every file there is, by its path. */
  *files(): Generator<readonly [path: string, bytes: Uint8Array]> {
    yield* filesIn(this.#root, '')
  }

  /** Bytes of all files together. */
  used(): number {
    return this.#used
  }

  /** How many separate things would be lost or survive, were the power cut now. */
  unsynced(): number {
    return this.#unsynced.reduce((sum, it) => sum + (it.kind === 'bytes' ? this.#sectorsOf(it) : 1), 0)
  }

  /** The cache of a disk that lies is written out at last. */
  flush(): void {
    for (const it of this.#unsynced) {
      if (it.kind === 'bytes') this.#keepSectors(it, () => true)
      else keep(it)
    }
    this.#unsynced = []
  }

  /** The power goes. `survives` is asked for each of the `unsynced` things, in the order they were done. */
  cut(survives: () => boolean): void {
    for (const it of this.#unsynced) {
      if (it.kind === 'bytes') this.#keepSectors(it, survives)
      else if (survives()) keep(it)
    }
    this.#unsynced = []
    restore(this.#root)
    this.#used = [...this.files()].reduce((sum, [, bytes]) => sum + bytes.length, 0)
  }

  /** The same disk again, to go another way with. */
  clone({ sectorBytes = this.#sectorBytes }: { readonly sectorBytes?: number | undefined } = {}): SimFiles {
    const copy = new SimFiles({ ofBytes: this.ofBytes, sectorBytes })
    const copies = new Map<Node, Node>()
    const copied = <N extends Node>(node: N): N => copyOf(node, copies) as N // A copy is of the kind of what was copied.
    copy.#root = copied(this.#root)
    copy.#unsynced = this.#unsynced.map((it) => copyUnsynced(it, copied))
    copy.#used = this.#used
    copy.isLying = this.isLying
    return copy
  }

  /** Flips the bits of one byte, as a dying card does. */
  damage(path: string, at: number): void {
    const { folder, name } = this.#place(path)
    const node = folder.entries.get(name)
    if (node?.kind !== 'file') throw errno('ENOENT', `damage '${path}'`)
    node.bytes = node.bytes.slice()
    node.bytes[at] = (node.bytes[at] ?? 0) ^ 0xff
    node.durable = node.bytes
  }

  #makeFolder(path: string): void {
    let folder = this.#root
    for (const name of path.split('/')) {
      const next = folder.entries.get(name)
      if (next?.kind === 'file') throw errno('EEXIST', `it is a file, mkdir '${path}'`)
      folder = next ?? this.#link(folder, name, newFolder())
    }
  }

  #createFile(path: string, gate: Gate): NewFile {
    const { folder, name } = this.#place(path)
    if (folder.entries.has(name)) throw errno('EEXIST', `file exists, open '${path}'`)
    const file = this.#link<FileNode>(folder, name, {
      kind: 'file',
      bytes: new Uint8Array(0),
      durable: new Uint8Array(0),
    })
    return {
      write: async (bytes) => {
        await gate({ call: 'write', path, bytes: bytes.length })
        this.#write(path, file, bytes)
      },
      sync: async () => {
        try {
          await gate({ call: 'sync', path, bytes: 0 })
        } catch (error) {
          // The kernel has dropped the bytes and marked them clean: they will never be written, whoever asks again.
          this.#unsynced = this.#unsynced.filter((it) => it.kind !== 'bytes' || it.file !== file)
          throw error
        }
        this.#settle((it) => it.kind === 'bytes' && it.file === file)
      },
      close: async () => {},
    }
  }

  #write(path: string, file: FileNode, bytes: Uint8Array): void {
    const left = Math.max(0, this.ofBytes - this.#used)
    const written = bytes.slice(0, left)
    this.#unsynced.push({ kind: 'bytes', file, at: file.bytes.length, bytes: written })
    file.bytes = concatBytes([file.bytes, written])
    this.#used += written.length
    if (written.length < bytes.length) throw errno('ENOSPC', `no space left on device, write '${path}'`)
  }

  #rename(from: string, to: string): void {
    const source = this.#place(from)
    const target = this.#place(to)
    const node = source.folder.entries.get(source.name)
    if (node === undefined) throw errno('ENOENT', `no such file, rename '${from}' -> '${to}'`)
    const there = target.folder.entries.get(target.name)
    if (there === node) return
    if (there !== undefined) checkReplaceable(node, there, `rename '${from}' -> '${to}'`)
    if (there?.kind === 'file') this.#used -= there.bytes.length
    source.folder.entries.delete(source.name)
    target.folder.entries.set(target.name, node)
    this.#unsynced.push({ kind: 'rename', from: source, to: target, node })
  }

  #removeFile(path: string): void {
    const { folder, name } = this.#place(path)
    const node = folder.entries.get(name)
    if (node === undefined) throw errno('ENOENT', `no such file, unlink '${path}'`)
    if (node.kind === 'folder') throw errno('EISDIR', `it is a folder, unlink '${path}'`)
    this.#used -= node.bytes.length
    this.#unlink(folder, name, node)
  }

  #removeFolder(path: string): void {
    const { folder, name } = this.#place(path)
    const node = folder.entries.get(name)
    if (node?.kind !== 'folder') throw errno(node === undefined ? 'ENOENT' : 'ENOTDIR', `rmdir '${path}'`)
    if (node.entries.size > 0) throw errno('ENOTEMPTY', `it is not empty, rmdir '${path}'`)
    this.#unlink(folder, name, node)
  }

  #link<N extends Node>(folder: FolderNode, name: string, node: N): N {
    folder.entries.set(name, node)
    this.#unsynced.push({ kind: 'link', folder, name, node })
    return node
  }

  #unlink(folder: FolderNode, name: string, node: Node): void {
    folder.entries.delete(name)
    this.#unsynced.push({ kind: 'unlink', folder, name, node })
  }

  /** These survive from now on. */
  #settle(isMeant: (it: Unsynced) => boolean): void {
    if (this.isLying) return
    const rest: Unsynced[] = []
    for (const it of this.#unsynced) {
      if (!isMeant(it)) rest.push(it)
      else if (it.kind === 'bytes') this.#keepSectors(it, () => true)
      else keep(it)
    }
    this.#unsynced = rest
  }

  #sectorsOf({ at, bytes }: { readonly at: number; readonly bytes: Uint8Array }): number {
    if (bytes.length === 0) return 0
    return Math.floor((at + bytes.length - 1) / this.#sectorBytes) - Math.floor(at / this.#sectorBytes) + 1
  }

  #keepSectors(write: Extract<Unsynced, { kind: 'bytes' }>, survives: () => boolean): void {
    const end = write.at + write.bytes.length
    for (let from = write.at; from < end;) {
      const to = Math.min(end, (Math.floor(from / this.#sectorBytes) + 1) * this.#sectorBytes)
      if (survives()) writeDurably(write.file, from, write.bytes.subarray(from - write.at, to - write.at))
      from = to
    }
  }

  #folderAt(path: string, what: string): FolderNode {
    let node: Node | undefined = this.#root
    for (const name of path === '' ? [] : path.split('/'))
      node = node?.kind === 'folder' ? node.entries.get(name) : undefined
    if (node === undefined) throw errno('ENOENT', `no such folder, ${what}`)
    if (node.kind === 'file') throw errno('ENOTDIR', `it is a file, ${what}`)
    return node
  }

  #place(path: string): Place {
    const cut = path.lastIndexOf('/')
    return { folder: this.#folderAt(path.slice(0, Math.max(0, cut)), `'${path}'`), name: path.slice(cut + 1) }
  }
}

export function errno(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}

const entriesOf = (folder: FolderNode): readonly FolderEntry[] =>
  [...folder.entries].map(([name, node]) => ({
    name,
    isFolder: node.kind === 'folder',
    bytes: node.kind === 'folder' ? 0 : node.bytes.length,
  }))

function* filesIn(folder: FolderNode, above: string): Generator<readonly [string, Uint8Array]> {
  for (const [name, node] of folder.entries) {
    if (node.kind === 'file') yield [`${above}${name}`, node.bytes]
    else yield* filesIn(node, `${above}${name}/`)
  }
}

function checkReplaceable(node: Node, there: Node, what: string): void {
  if (there.kind !== node.kind) throw errno(there.kind === 'folder' ? 'EISDIR' : 'ENOTDIR', what)
  if (there.kind === 'folder' && there.entries.size > 0) throw errno('ENOTEMPTY', what)
}

/** A rename is one step of the journal: syncing either of its folders makes all of it last. */
function isOfFolder(it: Unsynced, folder: FolderNode): boolean {
  if (it.kind === 'bytes') return false
  return it.kind === 'rename' ? it.from.folder === folder || it.to.folder === folder : it.folder === folder
}

function keep(it: Exclude<Unsynced, { kind: 'bytes' }>): void {
  switch (it.kind) {
    case 'link':
      it.folder.durable.set(it.name, it.node)
      return
    case 'unlink':
      if (it.folder.durable.get(it.name) === it.node) it.folder.durable.delete(it.name)
      return
    case 'rename':
      if (it.from.folder.durable.get(it.from.name) === it.node) it.from.folder.durable.delete(it.from.name)
      it.to.folder.durable.set(it.to.name, it.node)
      return
    default:
      assertNever(it)
  }
}

function writeDurably(file: FileNode, at: number, bytes: Uint8Array): void {
  const grown = new Uint8Array(Math.max(file.durable.length, at + bytes.length))
  grown.set(file.durable)
  grown.set(bytes, at)
  file.durable = grown
}

function restore(folder: FolderNode): void {
  folder.entries.clear()
  for (const [name, node] of folder.durable) {
    folder.entries.set(name, node)
    if (node.kind === 'folder') restore(node)
    else node.bytes = node.durable
  }
}

function copyOf(node: Node, copies: Map<Node, Node>): Node {
  const known = copies.get(node)
  if (known !== undefined) return known
  const copy: Node = node.kind === 'file' ? { ...node } : newFolder()
  copies.set(node, copy)
  if (node.kind === 'file' || copy.kind === 'file') return copy
  for (const [name, child] of node.entries) copy.entries.set(name, copyOf(child, copies))
  for (const [name, child] of node.durable) copy.durable.set(name, copyOf(child, copies))
  return copy
}

function copyUnsynced(it: Unsynced, copied: <N extends Node>(node: N) => N): Unsynced {
  switch (it.kind) {
    case 'bytes':
      return { ...it, file: copied(it.file) }
    case 'rename':
      return {
        ...it,
        node: copied(it.node),
        from: { ...it.from, folder: copied(it.from.folder) },
        to: { ...it.to, folder: copied(it.to.folder) },
      }
    default:
      return { ...it, node: copied(it.node), folder: copied(it.folder) }
  }
}
