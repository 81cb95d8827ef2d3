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
} from './index.ts'

type Vector = {
  readonly name: string
  readonly head: ReadonlyMap<string, readonly string[]>
  readonly file: Uint8Array
}

const all = Object.entries(vectors).map(([name, bytes]) => parseVector(name, bytes))
/** What we do not write and need not read: passphrases are for identity files (age-encryption reads those), armour is for mail, hybrid keys are not offered. */
const outOfScope = (vector: Vector): boolean =>
  vector.head.has('passphrase') ||
  vector.head.has('armored') ||
  !vector.head.has('identity') ||
  (vector.head.get('identity') ?? []).some((identity) => !identity.startsWith('AGE-SECRET-KEY-1'))

describe('age files', () => {
  it('are judged as the C2SP vectors say: whole, and byte by byte', () => {
    const inScope = all.filter((vector) => !outOfScope(vector))
    expect(inScope.length).toBeGreaterThan(50)
    for (const vector of inScope) {
      const [wanted] = vector.head.get('expect') ?? []
      expect([vector.name, outcomeOf(vector, vector.file.length || 1)]).toEqual([vector.name, wanted])
      if (vector.file.length < 5000)
        expect([vector.name, outcomeOf(vector, 1)]).toEqual([vector.name, wanted])
    }
  })

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
  const [wanted] = vector.head.get('payload') ?? []
  return wanted === undefined || wanted === hex(sha256(concatBytes(plain))) ? 'success' : 'other plaintext'
}
