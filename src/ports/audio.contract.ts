import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { opusSamples } from '../media/index.ts'
import type { Audio, SoundPacket } from './audio.ts'

/** A board with a microphone that hears something and a loudspeaker that somebody listens to. */
export interface AudioUnderTest extends AsyncDisposable {
  readonly audio: Audio
  /** The same without any device. */
  readonly deaf: Audio
  /** Lets time go by until `work` is done: a real device needs no help, a simulated one's clock must be moved. */
  drive<T>(work: Promise<T>): Promise<T>
  /** Resolves when the loudspeaker has given this: the chime, or what the microphone hears. */
  heard(what: 'chime' | 'voice'): Promise<void>
}

const PACKETS = 20
const PACKET_MS = 20

/** What every microphone and loudspeaker must do, real or simulated. */
export function describeAudioContract(name: string, setUp: () => Promise<AudioUnderTest>): void {
  describe(`${name} keeps the contract of sound:`, () => {
    let subject: AudioUnderTest
    beforeEach(async () => {
      subject = await setUp()
    })
    afterEach(() => subject[Symbol.asyncDispose]())
    const signal = new AbortController().signal

    const listen = async (count: number): Promise<readonly SoundPacket[]> => {
      const stop = new AbortController()
      const packets: SoundPacket[] = []
      for await (const packet of subject.audio.capture({ signal: stop.signal })) {
        packets.push(packet)
        if (packets.length === count) break
      }
      stop.abort()
      return packets
    }

    it('says what is there, and in words what is not', async () => {
      const [there, missing] = await subject.drive(
        Promise.all([subject.audio.describe({ signal }), subject.deaf.describe({ signal })]),
      )
      expect(there).toMatchObject({ microphone: { state: 'there' }, speaker: { state: 'there' } })
      for (const part of [missing.microphone, missing.speaker]) {
        expect(part.state).toBe('missing')
        expect('why' in part && part.why).toMatch(/^[A-Z].+[.]$/)
      }
    })

    it('gives packets of 20 ms, one after the other, with their times', async () => {
      const packets = await subject.drive(listen(PACKETS))
      expect(packets.map(({ opus }) => opusSamples(opus))).toEqual(Array(PACKETS).fill(960))
      for (const [index, { at }] of packets.entries())
        if (index > 0) expect(at - packets[index - 1]!.at).toBeGreaterThanOrEqual(PACKET_MS - 1e-6)
    })

    it('stops listening when it is told to, and listens again', async () => {
      const stop = new AbortController()
      let count = 0
      const listening = (async () => {
        for await (const packet of subject.audio.capture({ signal: stop.signal }))
          if (packet.opus.length > 0 && ++count === 3) stop.abort()
      })()
      await subject.drive(listening)
      expect(count).toBe(3)
      expect(await subject.drive(listen(2))).toHaveLength(2)
    })

    it('hears nothing without a microphone, and says why', async () => {
      const hearing = (async () => {
        for await (const packet of subject.deaf.capture({ signal })) throw new Error(`heard ${packet.at}`)
      })()
      await expect(subject.drive(hearing)).rejects.toMatchObject({ kind: 'missing' })
    })

    it('rings at once, and again, while somebody speaks too', async () => {
      await subject.drive(subject.audio.describe({ signal }))
      expect(subject.audio.play('chime', { volume: 1 })).toBe(true)
      expect(subject.audio.play('chime', { volume: 1 })).toBe(true)
      await subject.drive(subject.heard('chime'))
    })

    it('lets somebody speak through the loudspeaker', async () => {
      await subject.drive(subject.audio.describe({ signal }))
      const packets = await subject.drive(listen(50))
      await using voice = subject.audio.speak({ volume: 1 })
      for (const { opus } of packets) expect(voice.send(opus)).toBe(true)
      await subject.drive(subject.heard('voice'))
    })

    it('takes nothing that is no sound, nothing after the end, and nothing where nobody would hear it', async () => {
      await subject.drive(subject.audio.describe({ signal }))
      const voice = subject.audio.speak({ volume: 1 })
      expect(voice.send(new Uint8Array())).toBe(false)
      expect(voice.send(new Uint8Array(5000).fill(0xf8))).toBe(false)
      const [{ opus } = { opus: new Uint8Array() }] = await subject.drive(listen(1))
      await voice[Symbol.asyncDispose]()
      await voice[Symbol.asyncDispose]()
      expect(voice.send(opus)).toBe(false)
      await using unheard = subject.deaf.speak({ volume: 1 })
      expect(unheard.send(opus)).toBe(false)
      expect(subject.deaf.play('chime', { volume: 1 })).toBe(false)
    })
  })
}
