import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import * as vectors from 'cctv-age'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromUtf8, hex, utf8 } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import { sha256 } from './index.ts'
import {
  makeFileKey,
  openAge,
  openRange,
  pairOf,
  parseHeader,
  parseSecret,
  PayloadOpener,
  sealAge,
  splitAge,
  unwrapFileKey,
  wrapFileKey,
  formatRecipient,
  makePair,
  type AgeFile,
} from './index.ts'

type Vector = {
  readonly name: string
  readonly head: ReadonlyMap<string, readonly string[]>
  readonly file: Uint8Array
}

const all = Object.entries(vectors).map(([name, bytes]) => parseVector(name, bytes))
/** Why a vector is none of ours; undefined when we have to judge as it says. */
function outOfScope({ head, name }: Vector): string | undefined {
  if (head.has('armored')) return 'armour is for mail; the doorbell writes files'
  if (name === 'scrypt_and_x25519') return undefined
  if (head.has('passphrase')) return 'passphrases are for identity files, and age-encryption opens those'
  if (head.get('identity')?.some((key) => key.startsWith('AGE-SECRET-KEY-PQ-1')) === true)
    return 'hybrid keys are not offered'
  return undefined
}

const inScope = all.filter((vector) => outOfScope(vector) === undefined)

describe('age files', () => {
  it('are judged by all C2SP vectors but those for what we do not offer', () => {
    const reasons = Map.groupBy(all, (vector) => outOfScope(vector) ?? 'judged')
    expect(Object.fromEntries([...reasons].map(([reason, some]) => [reason, some.length]))).toEqual({
      judged: 68,
      'armour is for mail; the doorbell writes files': 33,
      'passphrases are for identity files, and age-encryption opens those': 24,
      'hybrid keys are not offered': 18,
    })
  })

  it.each(inScope.map((vector): [string, Vector] => [vector.name, vector]))(
    'are judged as C2SP says, whole, in pieces and byte by byte: %s',
    (_name, vector) => {
      const [wanted] = vector.head.get('expect') ?? []
      const isSmall = vector.file.length < 1e6 // Byte by byte, 16 MiB take half a minute.
      for (const step of [vector.file.length || 1, 65_552, 1000, ...(isSmall ? [1] : [])])
        expect([step, outcomeOf(vector, step)]).toEqual([step, wanted])
    },
  )

  it('come back whole, whatever their length, for each of several recipients', () => {
    const [first, second] = [makePair(), makePair()]
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: 100 }),
      fc.constantFrom(65535, 65536, 65537, 131072, 200000),
    )
    fc.assert(
      fc.property(sizes, (size) => {
        const fileKey = makeFileKey()
        const header = wrapFileKey(fileKey, [
          formatRecipient(first.publicKey),
          formatRecipient(second.publicKey),
        ])
        const plain = new Uint8Array(size).fill(7)
        const file = sealAge(header, fileKey, plain)
        expect(openAge(file, [second])).toEqual(plain)
        expect(splitAge(file).header).toEqual(header)
      }),
      { numRuns: 30 },
    )
  })

  it('are refused when one bit is flipped or any of their end is missing', () => {
    const owner = makePair()
    const fileKey = makeFileKey()
    const file = sealAge(
      wrapFileKey(fileKey, [formatRecipient(owner.publicKey)]),
      fileKey,
      utf8('who is there?'),
    )
    for (let at = 0; at < file.length; at++) {
      const flipped = file.slice()
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect(() => openAge(flipped, [owner])).toThrow()
      expect(() => openAge(file.subarray(0, at), [owner])).toThrow()
    }
    expect(() => openAge(concatBytes([file, Uint8Array.of(0)]), [owner])).toThrow('age payload')
  })

  it('say that they are for others when the key is another', () => {
    const fileKey = makeFileKey()
    const header = wrapFileKey(fileKey, [formatRecipient(makePair().publicKey)])
    expect(() => unwrapFileKey(header, [makePair()])).toThrow('sealed to other keys')
  })

  it('must be sealed to somebody', () => {
    const file = utf8(`age-encryption.org/v1\n--- ${'A'.repeat(43)}\n`)
    expect(() => parseHeader(file)).toThrow('sealed to nobody')
  })

  const hasAge = spawnSync('age', ['--version']).status === 0
  it.skipIf(!hasAge)('open with Debian’s age, and its files open here', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lintel-age-'))
    try {
      const keyFile = join(folder, 'owner.txt')
      expect(spawnSync('age-keygen', ['-o', keyFile]).status).toBe(0)
      const text = readFileSync(keyFile, 'utf8')
      const recipient = /age1[0-9a-z]{58}/.exec(text)?.[0] ?? ''
      const pair = pairOf(parseSecret(/AGE-SECRET-KEY-1\S+/.exec(text)?.[0] ?? ''))
      const fileKey = makeFileKey()
      const plain = new Uint8Array(150_000).fill(3)
      writeFileSync(join(folder, 'ours.age'), sealAge(wrapFileKey(fileKey, [recipient]), fileKey, plain))
      const opened = spawnSync('age', ['-d', '-i', keyFile, join(folder, 'ours.age')])
      expect(new Uint8Array(opened.stdout)).toEqual(plain)
      const theirs = spawnSync('age', ['-r', recipient], { input: plain })
      expect(openAge(new Uint8Array(theirs.stdout), [pair])).toEqual(plain)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a range of an age file', () => {
  const owner = makePair()
  const fileKey = makeFileKey()
  const header = wrapFileKey(fileKey, [formatRecipient(owner.publicKey)])
  const CHUNK = 65_536

  /** As a store serves it, and remembers what was asked for. */
  function served(file: Uint8Array): { file: AgeFile; reads: { from: number; to: number }[] } {
    const reads: { from: number; to: number }[] = []
    const read = async (range: { from: number; to: number }): Promise<Uint8Array> => {
      reads.push(range)
      return file.subarray(range.from, range.to)
    }
    return { file: { headerBytes: header.length, bytes: file.length, read }, reads }
  }

  it('is the same as that range of the whole', async () => {
    const size = fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 7)
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), async (bytes, a, b) => {
        const plain = Uint8Array.from({ length: bytes }, (_, n) => (n * 7) % 251)
        const [from = 0, to = 0] = [a % (bytes + 1), b % (bytes + 1)].toSorted((x, y) => x - y)
        const { file } = served(sealAge(header, fileKey, plain))
        const open = await openRange(fileKey, file, { from, to })
        expect(Buffer.compare(open, plain.subarray(from, to))).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('needs the nonce and the chunks that cover it, and nothing else', async () => {
    const { file, reads } = served(sealAge(header, fileKey, new Uint8Array(5 * CHUNK).fill(1)))
    await openRange(fileKey, file, { from: CHUNK + 10, to: 2 * CHUNK + 1 })
    const payload = header.length + 16
    expect(reads).toEqual([
      { from: header.length, to: payload },
      { from: payload + CHUNK + 16, to: payload + 3 * (CHUNK + 16) },
    ])
  })

  it('is refused where a bit is flipped, and elsewhere is not', async () => {
    const sealed = sealAge(header, fileKey, new Uint8Array(3 * CHUNK).fill(1))
    sealed[header.length + 16 + CHUNK + 100] = 7
    const { file } = served(sealed)
    await expect(openRange(fileKey, file, { from: CHUNK, to: CHUNK + 1 })).rejects.toThrow('chunk 1')
    expect(await openRange(fileKey, file, { from: 2 * CHUNK, to: 2 * CHUNK + 1 })).toEqual(Uint8Array.of(1))
  })

  it('is refused at the end of a file that was cut between two chunks, or was added to', async () => {
    const sealed = sealAge(header, fileKey, new Uint8Array(3 * CHUNK).fill(1))
    const cut = served(sealed.subarray(0, sealed.length - CHUNK - 16)).file
    await expect(openRange(fileKey, cut, { from: CHUNK, to: 2 * CHUNK })).rejects.toThrow('chunk 1')
    const longer = served(concatBytes([sealed, sealed.subarray(-1000)])).file
    await expect(openRange(fileKey, longer, { from: 2 * CHUNK, to: 3 * CHUNK })).rejects.toThrow('chunk 2')
  })

  it.each([0, 1, 15, 31])('of a payload of %i bytes is refused: there is no such', async (bytes) => {
    const file = { ...served(header).file, bytes: header.length + bytes }
    await expect(openRange(fileKey, file, { from: 0, to: 0 })).rejects.toMatchObject({ kind: 'corrupt' })
  })

  it('that reaches beyond the end is no range', async () => {
    const { file } = served(sealAge(header, fileKey, utf8('short')))
    for (const range of [
      { from: 0, to: 6 },
      { from: -1, to: 2 },
      { from: 3, to: 2 },
    ])
      await expect(openRange(fileKey, file, range)).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('that the store does not give whole is refused', async () => {
    const { file } = served(sealAge(header, fileKey, utf8('short')))
    const short = { ...file, read: async () => new Uint8Array(3) }
    await expect(openRange(fileKey, short, { from: 0, to: 2 })).rejects.toMatchObject({ kind: 'corrupt' })
  })
})

/** `key: value` lines, an empty line, the file, which may be compressed. See the README of cctv-age. */
function parseVector(name: string, bytes: Uint8Array): Vector {
  const end = Buffer.from(bytes).indexOf('\n\n')
  const head = new Map<string, string[]>()
  for (const line of fromUtf8(bytes.subarray(0, end)).split('\n')) {
    const [key = '', ...rest] = line.split(': ')
    head.set(key, [...(head.get(key) ?? []), rest.join(': ')])
  }
  const body = bytes.subarray(end + 2)
  return { name, head, file: head.has('compressed') ? new Uint8Array(inflateSync(body)) : body }
}

function outcomeOf(vector: Vector, step: number): string {
  const identities = (vector.head.get('identity') ?? []).map((text) => pairOf(parseSecret(text)))
  let fileKey: Uint8Array
  let payload: Uint8Array
  try {
    fileKey = unwrapFileKey(vector.file, identities)
    payload = vector.file.subarray(parseHeader(vector.file).bytes)
  } catch (error) {
    if (isFault(error, 'denied')) return 'no match'
    return error instanceof Error && error.message.includes('code of authenticity is wrong')
      ? 'HMAC failure'
      : 'header failure'
  }
  const plain: Uint8Array[] = []
  const opener = new PayloadOpener(fileKey)
  try {
    for (let at = 0; at < payload.length; at += step)
      plain.push(...opener.push(payload.subarray(at, at + step)))
    plain.push(...opener.end())
  } catch (error) {
    return error instanceof Error && error.message.startsWith('age header')
      ? 'header failure'
      : 'payload failure'
  }
  return isAsSaid(vector, plain) ? 'success' : 'other plaintext'
}

const isAsSaid = ({ head }: Vector, plain: readonly Uint8Array[]): boolean => {
  const [wanted] = head.get('payload') ?? []
  return wanted === undefined || wanted === hex(sha256(concatBytes(plain)))
}
