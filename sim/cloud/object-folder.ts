import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What is known of an object beside its bytes. */
export type ObjectMeta = {
  readonly name: string
  readonly bytes: number
  readonly md5: string
  readonly sha256: string
  readonly contentType: string
  /** `x-amz-meta-…`, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>
  readonly modified: string
}

const FILE_NAME_MAX = 180

/**
 * Objects as files: `objects/<bucket>/<name>`, what is known of them in `meta/<bucket>/<name>.json`. Names are
 * percent-encoded, so that none leaves its folder; simple ones stay readable.
 */
export class ObjectFolder {
  readonly #root: string
  #temporary = 0

  constructor(root: string) {
    this.#root = root
  }

  async hasBucket(bucket: string): Promise<boolean> {
    return (await stat(join(this.#root, 'objects', bucket)).catch(() => undefined))?.isDirectory() === true
  }

  async makeBucket(bucket: string): Promise<void> {
    await mkdir(join(this.#root, 'objects', bucket), { recursive: true })
    await mkdir(join(this.#root, 'meta', bucket), { recursive: true })
  }

  async head(bucket: string, name: string): Promise<ObjectMeta | undefined> {
    const bytes = (await stat(this.#dataPath(bucket, name)).catch(() => undefined))?.size
    if (bytes === undefined) return undefined
    const text = await readFile(this.#metaPath(bucket, name), 'utf8').catch(() => undefined)
    // A file whose description was lost is still an object: what can be known of it is computed.
    return text === undefined
      ? describe(name, await this.read(bucket, name))
      : { ...(JSON.parse(text) as ObjectMeta), bytes } // Written by `put` only.
  }

  read(bucket: string, name: string): Promise<Buffer> {
    return readFile(this.#dataPath(bucket, name))
  }

  /** Atomic and durable: whoever reads sees the old or the new, and an acknowledged object survives a power cut. */
  async put(
    bucket: string,
    name: string,
    content: Buffer,
    facts: Pick<ObjectMeta, 'contentType' | 'metadata' | 'modified'>,
  ): Promise<ObjectMeta> {
    const meta = { ...describe(name, content), ...facts }
    await this.#replace(this.#metaPath(bucket, name), Buffer.from(JSON.stringify(meta)))
    await this.#replace(this.#dataPath(bucket, name), content)
    await syncFolder(join(this.#root, 'meta', bucket))
    await syncFolder(join(this.#root, 'objects', bucket))
    return meta
  }

  async remove(bucket: string, name: string): Promise<void> {
    await rm(this.#dataPath(bucket, name), { force: true })
    await rm(this.#metaPath(bucket, name), { force: true })
  }

  /** Sorted by the bytes of their names, as S3 does. */
  async names(bucket: string): Promise<readonly string[]> {
    const files = await readdir(join(this.#root, 'objects', bucket))
    const names = await Promise.all(
      files.filter((file) => !file.endsWith('.tmp')).map((file) => this.#nameOf(bucket, file)),
    )
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  async #nameOf(bucket: string, file: string): Promise<string> {
    if (!file.startsWith('%00')) return decodeURIComponent(file)
    const text = await readFile(join(this.#root, 'meta', bucket, `${file}.json`), 'utf8')
    return (JSON.parse(text) as ObjectMeta).name // Written by `put` only.
  }

  #dataPath(bucket: string, name: string): string {
    return join(this.#root, 'objects', bucket, fileOf(name))
  }

  #metaPath(bucket: string, name: string): string {
    return join(this.#root, 'meta', bucket, `${fileOf(name)}.json`)
  }

  async #replace(path: string, content: Buffer): Promise<void> {
    const half = `${path}.${this.#temporary++}.tmp`
    const file = await open(half, 'w')
    try {
      await file.writeFile(content)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(half, path)
  }
}

function describe(name: string, content: Buffer): ObjectMeta {
  const digest = (kind: string): string => createHash(kind).update(content).digest('hex')
  return {
    name,
    bytes: content.length,
    md5: digest('md5'),
    sha256: digest('sha256'),
    contentType: 'application/octet-stream',
    metadata: {},
    modified: new Date(0).toISOString(),
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** `.` and `..` are no names; a long one is known by its hash. */
function fileOf(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll('*', '%2A').replace(/^\./, '%2E')
  return encoded.length <= FILE_NAME_MAX && !encoded.endsWith('.tmp')
    ? encoded
    : `%00${createHash('sha256').update(name).digest('hex')}`
}
