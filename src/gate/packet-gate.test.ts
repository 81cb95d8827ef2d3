import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { monoMs } from '../base/time.ts'
import { createPacketGate, type GateAdvice, type PacketGate } from './index.ts'

const FPS = 10
const KEY_EVERY = 20

type Span = { readonly fromS: number; readonly toS: number }

type Film = {
  readonly lengthS: number
  readonly movements: readonly Span[]
  /** How many bytes of a packet with that much usual size; `isMoving`: something moves in its picture. */
  readonly bytes: (usual: number, isMoving: boolean, atS: number) => number
  readonly startS?: number
  readonly signs?: readonly number[]
}

type Played = { readonly atS: number; readonly advice: GateAdvice; readonly trusted: boolean }

/** Larger and smaller by a tenth, without any order, and the same in every run. */
const wobble = (n: number): number => 1 + 0.1 * Math.sin(n * 12.9898 + Math.cos(n * 78.233) * 43.7)

/** Constant quality: pictures with movement take four times as many bytes. */
const honest = (usual: number, isMoving: boolean): number => usual * (isMoving ? 4 : 1)
/** Constant rate: the encoder makes every picture as large as it may be. */
const even = (usual: number): number => usual

const everyS = (lengthS: number, stepS: number, firstS = 10): readonly Span[] =>
  Array.from({ length: Math.floor((lengthS - firstS) / stepS) }, (_, n) => ({
    fromS: firstS + n * stepS,
    toS: firstS + n * stepS + 4,
  }))

/** Packets of a camera, and a detector that sees every movement, a little late, in the pictures that are decoded. */
function play(gate: PacketGate, { lengthS, movements, bytes, startS = 0, signs = [] }: Film): Played[] {
  const played: Played[] = []
  for (let n = 0; n < lengthS * FPS; n++) {
    const atS = startS + n / FPS
    const movement = movements.find(({ fromS, toS }) => atS >= fromS && atS < toS)
    if (signs.some((sign) => sign >= atS && sign < atS + 1 / FPS)) gate.sign(monoMs(atS * 1000))
    const isKey = n % KEY_EVERY === 0
    const usual = (isKey ? 40_000 : 1000) * wobble(n)
    const advice = gate.packet({
      at: monoMs(atS * 1000),
      bytes: Math.round(isKey ? usual : bytes(usual, movement !== undefined, atS)),
      kind: isKey ? 'key' : 'reference',
    })
    const { trusted } = gate.status()
    played.push({ atS, advice, trusted })
    // Every second picture is looked at, and one is not enough to be certain.
    if (!advice.decode || n % 2 === 1) continue
    const moving = movement !== undefined && atS >= movement.fromS + 0.4
    const onset = moving ? monoMs(movement.fromS * 1000) : undefined
    gate.looked({ at: monoMs(atS * 1000), moving, onset })
  }
  return played
}

const shareDecoded = (played: readonly Played[]): number =>
  played.filter(({ advice }) => advice.decode).length / played.length

/** Was a picture asked for that shows the movement, soon after it began, or with pictures from before? */
const isSeen = (played: readonly Played[], { fromS }: Span): boolean =>
  played.some(
    ({ atS, advice }) => advice.decode && atS >= fromS && atS < fromS + 1.5 && advice.since <= atS * 1000,
  )

const learning: Film = { lengthS: 120, movements: everyS(120, 20), bytes: honest }

/** A gate that trusts its camera; two minutes have gone by. */
function trusting(): PacketGate {
  const gate = createPacketGate()
  play(gate, learning)
  expect(gate.status()).toMatchObject({ trusted: true, missed: 0 })
  return gate
}

describe('the gate', () => {
  it('decodes everything as long as it has not seen enough movements', () => {
    const played = play(createPacketGate(), { lengthS: 120, movements: everyS(70, 20), bytes: honest })
    expect(shareDecoded(played)).toBe(1)
    expect(new Set(played.map(({ advice }) => advice.why))).toEqual(new Set(['untrusted']))
  })

  it('says how many movements it still waits for', () => {
    const gate = createPacketGate()
    play(gate, { lengthS: 120, movements: everyS(70, 20), bytes: honest })
    expect(gate.status().why).toBe('it has shown 3 of the 4 movements by which it is judged')
  })

  it('trusts a camera whose packets grow with every movement, and decodes nearly nothing of what is quiet', () => {
    const gate = trusting()
    const played = play(gate, { lengthS: 600, startS: 120, movements: [], bytes: honest })
    expect(shareDecoded(played.slice(100))).toBeLessThan(0.03)
    expect(gate.status().savedS).toBeGreaterThan(550)
  })

  it('lets no movement pass by once it trusts', () => {
    const gate = trusting()
    const movements = everyS(720, 45, 150)
    const played = play(gate, { lengthS: 600, startS: 120, movements, bytes: honest })
    for (const movement of movements) expect(isSeen(played, movement)).toBe(true)
    expect(gate.status()).toMatchObject({ trusted: true, missed: 0 })
  })

  it('asks for pictures from before it noticed anything', () => {
    const movement = { fromS: 200, toS: 204 }
    const played = play(trusting(), { lengthS: 120, startS: 120, movements: [movement], bytes: honest })
    const first = played.find(({ atS, advice }) => atS >= 199.5 && advice.why === 'suspicion')
    expect(first?.atS).toBeLessThan(201)
    expect(first?.advice.since).toBeLessThan(200_000)
  })

  it('never trusts a camera that makes every packet as large', () => {
    const gate = createPacketGate()
    const played = play(gate, { lengthS: 900, movements: everyS(900, 20), bytes: even })
    expect(shareDecoded(played)).toBe(1)
    expect(gate.status()).toMatchObject({
      trusted: false,
      why: 'some movements hardly change the sizes of its packets',
    })
  })

  it('never trusts a camera whose packets are often large though nothing moves', () => {
    const gate = createPacketGate()
    const gusty = (usual: number, isMoving: boolean, atS: number): number =>
      honest(usual, isMoving || atS % 10 < 3)
    const played = play(gate, { lengthS: 900, movements: everyS(900, 20, 15), bytes: gusty })
    expect(shareDecoded(played)).toBe(1)
    expect(gate.status().why).toBe('its packets are as large at rest as when something moves')
  })

  it('is not alarmed by a single large packet now and then', () => {
    const pulsing = (usual: number, isMoving: boolean, atS: number): number =>
      honest(usual, isMoving || Math.round(atS * FPS) % 9 === 5)
    const gate = createPacketGate()
    play(gate, { ...learning, bytes: pulsing })
    expect(gate.status().trusted).toBe(true)
    const played = play(gate, { lengthS: 300, startS: 120, movements: [], bytes: pulsing })
    expect(shareDecoded(played.slice(100))).toBeLessThan(0.05)
  })

  it('takes its trust back at the first miss, and wants twice as many movements before it trusts again', () => {
    const gate = trusting()
    const missed = { fromS: 200, toS: 206 }
    // The packets say nothing of it; a press shows it.
    const played = play(gate, { lengthS: 100, startS: 120, movements: [missed], bytes: even, signs: [203] })
    expect(played.at(-1)?.trusted).toBe(false)
    expect(gate.status()).toMatchObject({ missed: 1 })
    play(gate, { lengthS: 155, startS: 220, movements: everyS(375, 20, 230), bytes: honest })
    expect(gate.status()).toMatchObject({ trusted: false })
    expect(gate.status().why).toMatch(/of the 8 movements/)
    play(gate, { lengthS: 80, startS: 375, movements: everyS(455, 20, 380), bytes: honest })
    expect(gate.status()).toMatchObject({ trusted: true })
  })

  it('looks at once when the PIR or the button say that somebody is there', () => {
    const played = play(trusting(), { lengthS: 60, startS: 120, movements: [], bytes: honest, signs: [150] })
    const after = played.filter(({ atS }) => atS >= 150 && atS < 160)
    expect(shareDecoded(after)).toBe(1)
    expect(after[0]?.advice).toMatchObject({ why: 'sign' })
    expect(after[0]?.advice.since).toBeLessThan(149_000)
  })

  it('takes a look now and then though it suspects nothing', () => {
    const played = play(trusting(), { lengthS: 900, startS: 120, movements: [], bytes: honest })
    const samples = played.filter(
      ({ advice }, n) => advice.why === 'sampling' && played[n - 1]?.advice.why === 'calm',
    )
    expect(samples.length).toBeGreaterThanOrEqual(3)
  })

  it('gets used to larger packets that mean nothing, as when night falls', () => {
    const gate = trusting()
    const noisy = (usual: number, isMoving: boolean): number => honest(usual * 3, isMoving)
    const played = play(gate, { lengthS: 300, startS: 120, movements: [], bytes: noisy })
    expect(played.some(({ advice }) => advice.why === 'suspicion')).toBe(true)
    expect(shareDecoded(played.slice(-1000))).toBeLessThan(0.05)
  })

  it('listens more closely where noise has made all packets larger, and not at all where nothing shows above it', () => {
    /** Movement adds 3000 bytes, noise multiplies all else. */
    const adding =
      (noise: number) =>
      (usual: number, isMoving: boolean): number =>
        usual * noise + (isMoving ? 3000 : 0)
    for (const [noise, trusts] of [
      [3, true],
      [12, false],
    ] as const) {
      const gate = createPacketGate()
      play(gate, { ...learning, bytes: adding(1) })
      const movement = { fromS: 500, toS: 505 }
      const played = play(gate, { lengthS: 420, startS: 120, movements: [movement], bytes: adding(noise) })
      expect(isSeen(played, movement)).toBe(true)
      expect(played.find(({ atS }) => atS > 499)?.trusted).toBe(trusts)
    }
  })

  it('knows a camera again that was away, and decodes everything until it knows its sizes', () => {
    const gate = createPacketGate()
    gate.restart('h264 640×360')
    play(gate, learning)
    gate.restart('h264 640×360')
    const played = play(gate, { lengthS: 60, startS: 120, movements: [], bytes: honest })
    expect(played[0]?.advice.why).toBe('untrusted')
    expect(played.at(-1)?.advice.why).toBe('calm')
  })

  it('learns anew when another stream comes', () => {
    const gate = createPacketGate()
    gate.restart('h264 640×360')
    play(gate, learning)
    gate.restart('h265 1920×1080')
    const played = play(gate, { lengthS: 60, startS: 120, movements: [], bytes: honest })
    expect(shareDecoded(played)).toBe(1)
  })

  it('says so when there is nothing to decide', () => {
    const gate = createPacketGate()
    gate.restart(undefined)
    expect(gate.status()).toMatchObject({
      trusted: false,
      decodedShare: 1,
      why: 'it gives its pictures whether they are wanted or not',
    })
  })

  it('refuses a packet of less than no bytes', () => {
    const gate = createPacketGate()
    expect(() => gate.packet({ at: monoMs(0), bytes: -1, kind: 'key' })).toThrow(
      'wanted a size, got -1 bytes',
    )
    expect(() => gate.packet({ at: monoMs(0), bytes: Number.NaN, kind: 'key' })).toThrow('got NaN bytes')
  })

  it('takes packets in the order of decoding, whose times jump back', () => {
    const gate = createPacketGate()
    const order = [0, 300, 100, 200]
    for (let group = 0; group < 100; group++) {
      for (const [n, offset] of order.entries()) {
        const at = monoMs(group * 400 + offset)
        const kind = n === 0 && group % 10 === 0 ? 'key' : n < 2 ? 'reference' : 'other'
        expect(gate.packet({ at, bytes: 500, kind }).since).toBeLessThanOrEqual(group * 400 + 300)
      }
    }
    expect(gate.status().decodedShare).toBe(1)
  })

  it('gives the same advice for the same packets', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 10, maxLength: 300 }), (sizes) => {
        const [one, other] = [createPacketGate(), createPacketGate()]
        for (const [n, bytes] of sizes.entries()) {
          const fact = { at: monoMs(n * 100), bytes, kind: n % 15 === 0 ? 'key' : 'reference' } as const
          expect(one.packet(fact)).toEqual(other.packet(fact))
        }
        expect(one.status()).toEqual(other.status())
      }),
    )
  })

  it('whatever the sizes, misses cost trust, and while it does not trust it decodes', () => {
    const sizes = fc.record({
      lift: fc.double({ min: 1, max: 8, noNaN: true }),
      stepS: fc.integer({ min: 12, max: 40 }),
    })
    fc.assert(
      fc.property(sizes, ({ lift, stepS }) => {
        const gate = createPacketGate()
        const bytes = (usual: number, isMoving: boolean): number => usual * (isMoving ? lift : 1)
        const movements = everyS(400, stepS)
        const played = play(gate, { lengthS: 400, movements, bytes })
        const unseen = movements.filter((movement) => !isSeen(played, movement))
        expect(unseen).toEqual([])
        for (const { advice, trusted } of played) expect(trusted || advice.decode).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})
