import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../base/bytes.ts'
import { isFault } from '../../../base/fault.ts'
import * as device from '../../../formats/index.ts'
import { keyFromKept, keyFromSecret, makeSecret, wrapSecret, type HouseKey } from '../keys/house-key.ts'
import { CHUNK_BYTES, openAge, openRange, parseHeader, unwrapFileKey, wrapFileKey } from './age-open.ts'
import { ephemeralHolder } from './ed25519.ts'

const sealedTo = (recipients: readonly string[], plain: Uint8Array) => {
  const fileKey = device.makeFileKey()
  const header = device.wrapFileKey(fileKey, recipients)
  return { fileKey, header, file: device.sealAge(header, fileKey, plain) }
}

const stranger = (): string => device.formatRecipient(device.makePair().publicKey)
const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)

/** Both ways in which a browser may keep the key. */
async function keys(): Promise<readonly (readonly [string, HouseKey])[]> {
  const secret = makeSecret()
  return [
    ['native', await keyFromSecret(secret)],
    ['wrapped', await keyFromKept(await wrapSecret(secret))],
  ]
}

describe('what the device seals', () => {
  it('is opened by the key it is sealed to, native or wrapped, whatever its size', async () => {
    for (const [kind, key] of await keys()) {
      for (const size of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]) {
        const { file } = sealedTo([stranger(), key.recipient], noise(size))
        expect(equalBytes(await openAge(file, key.holder), noise(size)), `${kind}, ${size} bytes`).toBe(true)
      }
    }
  })

  it('is not opened by another key', async () => {
    const { file } = sealedTo([stranger()], noise(10))
    const { holder } = await keyFromSecret(makeSecret())
    await expect(openAge(file, holder)).rejects.toSatisfy((error) => isFault(error, 'denied'))
  })

  it('is refused when any of its bytes was changed, or its end is missing', async () => {
    const key = await keyFromSecret(makeSecret())
    const { file } = sealedTo([key.recipient], noise(200))
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = file.slice()
        changed[at] = (changed[at] ?? 0) ^ mask
        await expect(openAge(changed, key.holder)).rejects.toSatisfy((error) =>
          isFault(error, 'denied', 'corrupt'),
        )
        await expect(openAge(file.slice(0, at), key.holder)).rejects.toSatisfy((error) =>
          isFault(error, 'corrupt'),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('is refused when chunks were swapped or something was added', async () => {
    const key = await keyFromSecret(makeSecret())
    const { file, header } = sealedTo([key.recipient], noise(2 * CHUNK_BYTES + 5))
    const at = header.length + 16
    const sealedChunk = CHUNK_BYTES + 16
    const swapped = file.slice()
    swapped.set(file.subarray(at + sealedChunk, at + 2 * sealedChunk), at)
    swapped.set(file.subarray(at, at + sealedChunk), at + sealedChunk)
    await expect(openAge(swapped, key.holder)).rejects.toThrow('chunk 0 is not what was sealed')
    const longer = new Uint8Array(file.length + 1)
    longer.set(file)
    await expect(openAge(longer, key.holder)).rejects.toThrow('chunk 2 is not what was sealed')
  })
})

describe('a range', () => {
  it('is opened by reading the nonce and the chunks that cover it, nothing else', async () => {
    const plain = noise(10 * CHUNK_BYTES)
    const { file, fileKey, header } = sealedTo([stranger()], plain)
    const reads: { from: number; to: number }[] = []
    const sealed = {
      headerBytes: header.length,
      bytes: file.length,
      read: async (range: { from: number; to: number }) => {
        reads.push(range)
        return file.subarray(range.from, range.to)
      },
    }
    const range = { from: 3 * CHUNK_BYTES + 5, to: 4 * CHUNK_BYTES + 5 }
    const opened = await openRange(fileKey, sealed, range)
    expect(equalBytes(opened, plain.subarray(range.from, range.to))).toBe(true)
    const at = header.length + 16
    expect(reads).toEqual([
      { from: header.length, to: at },
      { from: at + 3 * (CHUNK_BYTES + 16), to: at + 5 * (CHUNK_BYTES + 16) },
    ])
  })

  it('is the same as the same bytes of the whole, for any range and size', async () => {
    const { fileKey, header } = sealedTo([stranger()], noise(1))
    await fc.assert(
      fc.asyncProperty(fc.nat(3 * CHUNK_BYTES), fc.nat(), fc.nat(), async (size, a, b) => {
        const plain = noise(size)
        const file = device.sealAge(header, fileKey, plain)
        const [from, to] = [a % (size + 1), b % (size + 1)].sort((x, y) => x - y) as [number, number]
        const opened = await openRange(
          fileKey,
          { headerBytes: header.length, bytes: file.length, read: async (r) => file.subarray(r.from, r.to) },
          { from, to },
        )
        expect(equalBytes(opened, plain.subarray(from, to))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a new header for a file key', () => {
  it('is opened by its receiver on the device’s side, and only by them', async () => {
    const [fileKey, receiver] = [device.makeFileKey(), device.makePair()]
    const header = await wrapFileKey(fileKey, [device.formatRecipient(receiver.publicKey)], ephemeralHolder)
    expect(device.unwrapFileKey(header, [receiver])).toEqual(fileKey)
    expect(() => device.unwrapFileKey(header, [device.makePair()])).toThrow('sealed to other keys')
    expect(parseHeader(header).bytes).toBe(header.length)
  })

  it('gives the file key back that went in', async () => {
    const key = await keyFromSecret(makeSecret())
    const fileKey = device.makeFileKey()
    const header = await wrapFileKey(fileKey, [stranger(), key.recipient], ephemeralHolder)
    expect(await unwrapFileKey(header, key.holder)).toEqual(fileKey)
  })
})
