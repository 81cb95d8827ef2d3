/** What stands in a sample entry's configuration record (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1). */
import { hex } from '../base/bytes.ts'
import type { NalCodec } from './nal.ts'

/** The codec as browsers want it named (RFC 6381): `avc1.64001f`, `hvc1.1.6.L93.b0`; undefined without a configuration record. */
export function codecName(sampleEntry: Uint8Array): string | undefined {
  const record = recordIn(sampleEntry)
  if (record === undefined) return undefined
  const entry = Buffer.from(sampleEntry.subarray(4, 8)).toString('latin1')
  return `${entry}.${record.codec === 'h264' ? hex(record.bytes.subarray(1, 4)) : hevcProfile(record.bytes)}`
}

/** Profile, constraints and level as SDP wants them (RFC 6184, 8.1): six hexadecimal digits; undefined where this is no H.264. */
export function profileLevelId(sampleEntry: Uint8Array): string | undefined {
  const record = recordIn(sampleEntry)
  return record?.codec === 'h264' ? hex(record.bytes.subarray(1, 4)) : undefined
}

/** The parameter sets, in the order in which a decoder wants them. A record that ends too soon has fewer. */
export function parameterSets(sampleEntry: Uint8Array): readonly Uint8Array[] {
  const record = recordIn(sampleEntry)
  if (record === undefined) return []
  return record.codec === 'h264' ? avcSets(record.bytes) : hevcSets(record.bytes)
}

type Record = { readonly codec: NalCodec; readonly bytes: Uint8Array }

function recordIn(sampleEntry: Uint8Array): Record | undefined {
  const text = Buffer.from(sampleEntry).toString('latin1')
  const [avcC, hvcC] = [text.indexOf('avcC'), text.indexOf('hvcC')]
  if (avcC >= 0) return { codec: 'h264', bytes: sampleEntry.subarray(avcC + 4) }
  return hvcC < 0 ? undefined : { codec: 'hevc', bytes: sampleEntry.subarray(hvcC + 4) }
}

function avcSets(record: Uint8Array): readonly Uint8Array[] {
  const reader = new SetReader(record, 5)
  const sps = reader.take(reader.u8() & 0x1f)
  return [...sps, ...reader.take(reader.u8())]
}

function hevcSets(record: Uint8Array): readonly Uint8Array[] {
  const reader = new SetReader(record, 22)
  const sets: Uint8Array[] = []
  for (let arrays = reader.u8(); arrays > 0; arrays--) {
    reader.u8() // Which kind of unit; each says so itself.
    sets.push(...reader.take(reader.u16()))
  }
  return sets
}

class SetReader {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  u8(): number {
    return this.#bytes[this.#at++] ?? 0
  }

  u16(): number {
    return (this.u8() << 8) | this.u8()
  }

  take(count: number): readonly Uint8Array[] {
    const units: Uint8Array[] = []
    for (let left = count; left > 0; left--) {
      const bytes = this.u16()
      if (bytes === 0 || this.#at + bytes > this.#bytes.length) return units
      units.push(this.#bytes.subarray(this.#at, this.#at + bytes))
      this.#at += bytes
    }
    return units
  }
}

/** ISO/IEC 14496-15, E.3: profile, compatibility with its bits turned round, tier and level, constraints without the zeros at their end. */
function hevcProfile(record: Uint8Array): string {
  const at = (index: number): number => record[index] ?? 0
  const space = ['', 'A', 'B', 'C'][at(1) >> 6] ?? ''
  let compatible = 0
  for (let bit = 0; bit < 32; bit++)
    if (((at(2 + (bit >> 3)) >> (7 - (bit & 7))) & 1) === 1) compatible += 2 ** bit
  const constraints = hex(record.subarray(6, 12)).match(/../g) ?? []
  while (constraints.at(-1) === '00') constraints.pop()
  const level = `${(at(1) & 0x20) === 0 ? 'L' : 'H'}${at(12)}`
  return [`${space}${at(1) & 0x1f}`, compatible.toString(16), level, ...constraints].join('.')
}
