import { describe, expect, it } from 'vitest'
import type { Reencoder } from './reencoder.ts'

/** `film`: a film's `ftyp` and `moov`, then its fragments, several seconds of them. */
export type ReencoderUnderTest = { readonly reencoder: Reencoder; readonly film: readonly Uint8Array[] }

const TS_BYTES = 188
const SYNC = 0x47
/** ISO/IEC 11172-2: sequence header code, 12 bits of width, 12 bits of height. */
const SEQUENCE_640_360 = Buffer.of(0, 0, 1, 0xb3, 0x28, 0x01, 0x68)
/** `ftyp` and `moov`, and eight pictures: some are shown later than they come. */
const BEGINNING = 9
/** A box that is smaller than its own head. */
const NONSENSE = Buffer.from('0000000566726565', 'hex')

/** What everything that encodes anew for old browsers must do, real or simulated. */
export function describeReencoderContract(name: string, setUp: () => Promise<ReencoderUnderTest>): void {
  const { signal } = new AbortController()

  describe(`${name} keeps the contract of encoders for old browsers:`, () => {
    it('makes whole transport packets with MPEG-1 video of 640×360 out of fragmented MP4, before the film is over', async () => {
      const { reencoder, film } = await setUp()
      await using encoding = reencoder.start()
      for (const bytes of film) while (!encoding.send(bytes)) await encoding.drained(signal)
      let made = Buffer.alloc(0)
      for await (const bytes of encoding.output) {
        expect(bytes.length % TS_BYTES).toBe(0)
        made = Buffer.concat([made, bytes])
        if (made.includes(SEQUENCE_640_360)) break
      }
      for (let at = 0; at < made.length; at += TS_BYTES) expect(made[at]).toBe(SYNC)
    })

    it('shows the picture that the film begins with as soon as it has a few more, and does not wait for the next key picture', async () => {
      const { reencoder, film } = await setUp()
      await using encoding = reencoder.start()
      for (const bytes of film.slice(0, BEGINNING))
        while (!encoding.send(bytes)) await encoding.drained(signal)
      let made = Buffer.alloc(0)
      for await (const bytes of encoding.output) {
        made = Buffer.concat([made, bytes])
        if (made.includes(SEQUENCE_640_360)) break
      }
      expect(made.includes(SEQUENCE_640_360)).toBe(true)
    })

    it('says that it was no film', async () => {
      const { reencoder } = await setUp()
      await using encoding = reencoder.start()
      encoding.send(Buffer.concat([NONSENSE, Buffer.alloc(100_000, 7)]))
      const reading = readAll(encoding.output)
      await expect(reading).rejects.toMatchObject({ kind: 'corrupt' })
      await expect(encoding.drained(signal)).rejects.toMatchObject({ kind: 'corrupt' })
    })

    it('is over when it is told to', async () => {
      const { reencoder, film } = await setUp()
      const encoding = reencoder.start()
      for (const bytes of film.slice(0, 2)) encoding.send(bytes)
      await encoding[Symbol.asyncDispose]()
      await expect(readAll(encoding.output)).rejects.toMatchObject({ kind: 'aborted' })
    })
  })
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of chunks) bytes += chunk.length
  return bytes
}
