import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../base/bytes.ts'
import { chimeSamples, mixSamples, oggChecksum, OpusOggReader, OpusOggWriter, opusSamples } from './index.ts'

const ffmpeg = (args: readonly string[], input?: Uint8Array): Buffer => {
  const { status, stdout, stderr } = spawnSync('ffmpeg', ['-v', 'error', ...args], {
    input,
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout
}

/** Two seconds of a tone, as libopus and ffmpeg's own writer of Ogg make them. */
const TONE = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=2', '-c:a', 'libopus']
const foreign = ffmpeg([...TONE, '-frame_duration', '20', '-b:a', '32k', '-f', 'ogg', 'pipe:1'])

describe('Opus in Ogg', () => {
  it('reads what ffmpeg writes, whole and byte by byte', () => {
    const whole = new OpusOggReader().push(foreign)
    expect(whole.length).toBeGreaterThanOrEqual(100)
    expect(new Set(whole.map(opusSamples))).toEqual(new Set([960]))
    const reader = new OpusOggReader()
    const slowly = [...foreign].flatMap((byte) => [...reader.push(Uint8Array.of(byte))])
    expect(slowly).toEqual(whole)
  })

  it('writes what ffmpeg reads, to the same samples', () => {
    const writer = new OpusOggWriter(7)
    const packets = new OpusOggReader().push(foreign)
    const ours = concatBytes([writer.head(), ...packets.map((packet) => writer.packet(packet)), writer.end()])
    expect(new OpusOggReader().push(ours)).toEqual(packets)
    const decode = ['-i', 'pipe:0', '-f', 's16le', 'pipe:1']
    const [mine, theirs] = [ffmpeg(decode, ours), ffmpeg(decode, foreign)]
    expect(mine.subarray(0, theirs.length).equals(theirs)).toBe(true)
  })

  it('carries packets of any size across segments', () => {
    const writer = new OpusOggWriter(1)
    const packets = [1, 254, 255, 256, 510, 1275].map((bytes) => new Uint8Array(bytes).fill(0xf8))
    const pages = [writer.head(), ...packets.map((packet) => writer.packet(packet)), writer.end()]
    expect(new OpusOggReader().push(concatBytes(pages))).toEqual(packets)
  })

  it('has the checksum of RFC 3533', () => {
    expect(oggChecksum(Buffer.from('123456789'))).toBe(0x89a1897f)
  })

  it.each([
    ['a byte that was changed', (bytes: Buffer) => bytes.fill(0x55, 200, 201), /checksum/],
    ['a page that is left out', (bytes: Buffer) => bytes.subarray(bytes.indexOf('OggS', 4)), /page 0, got 1/],
    ['something else', () => Buffer.from('RIFF....'), /wanted OggS, got "RIFF"/],
  ])('says what is wrong with %s', (_, spoil, problem) => {
    expect(() => new OpusOggReader().push(spoil(Buffer.from(foreign)))).toThrow(problem)
  })

  it('refuses to write what is no Opus', () => {
    expect(() => new OpusOggWriter(1).packet(new Uint8Array())).toThrow(/wanted an Opus packet/)
  })
})

describe('the length of an Opus packet', () => {
  it.each([
    [[0x08], 960],
    [[0x18], 2880],
    [[0x68], 960],
    [[0x80], 120],
    [[0xf8], 960],
    [[0xf9], 1920],
    [[0xfb, 3], 2880],
    [[0xfb, 6], 5760],
    [[0xfb, 7], undefined],
    [[0xfb, 0], undefined],
    [[0xfb], undefined],
    [[], undefined],
  ])('of %j is %s samples', (bytes, samples) => {
    expect(opusSamples(Uint8Array.from(bytes))).toBe(samples)
  })

  it('is not told of more bytes than its frames may have', () => {
    expect(opusSamples(new Uint8Array(1300).fill(0xf8))).toBeUndefined()
  })
})

describe('the chime', () => {
  it('is two tones that fade, and is never cut', () => {
    const samples = chimeSamples()
    expect(samples.length).toBe(Math.ceil(1.85 * 48_000))
    expect(Math.max(...samples)).toBeLessThan(32_767)
    const [early, late] = [samples.slice(0, 20_000), samples.slice(-20_000)]
    expect(energyAt(early, 659.25)).toBeGreaterThan(20 * energyAt(early, 523.25))
    expect(energyAt(late, 523.25)).toBeGreaterThan(20 * energyAt(late, 659.25))
    expect(Math.max(...samples.slice(-100))).toBeLessThan(200)
  })
})

describe('mixing', () => {
  it('adds as loud as it is told, and cuts what is too loud', () => {
    const into = Int16Array.of(100, 30_000, -30_000, 5)
    mixSamples(into, { samples: Int16Array.of(9, 200, 20_000, -20_000), from: 1, volume: 0.5 })
    expect([...into]).toEqual([200, 32_767, -32_768, 5])
    mixSamples(into, { samples: Int16Array.of(0, 0, 10_000), from: 2, volume: 1 })
    expect([...into]).toEqual([10_200, 32_767, -32_768, 5])
  })
})

/** Of one frequency (Goertzel). */
function energyAt(samples: Int16Array, hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / 48_000)
  let [one, two] = [0, 0]
  for (const sample of samples) [one, two] = [sample + turn * one - two, one]
  return one * one + two * two - turn * one * two
}
