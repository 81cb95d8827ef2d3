import { describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createSimAudio, type SimAudio } from '../../sim/devices/sim-audio.ts'
import { createSimGpio } from '../../sim/devices/sim-gpio.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import type { OutputLine } from '../ports/gpio.ts'
import { createChime, type Chime, type ChimeRules } from './index.ts'

const RELAY: ChimeRules = { relay: true, sound: false, volume: 80 }
const SOUND: ChimeRules = { relay: false, sound: true, volume: 50 }

describe('the chime', () => {
  it('sounds at once, for long enough to be heard', async () => {
    const house = new House(RELAY)
    await house.running(async () => {
      await house.clock.advance(5000)
      house.chime.ring()
      await house.clock.advance(5000)
    })
    expect(house.sounded()).toEqual(['on at 5000', 'off at 5400'])
  })

  it('sounds once for each ring, with a pause between', async () => {
    const house = new House(RELAY)
    await house.running(async () => {
      house.chime.ring()
      house.chime.ring()
      await house.clock.advance(500)
      house.chime.ring()
      await house.clock.advance(10_000)
    })
    expect(house.sounded()).toEqual([
      'on at 0',
      'off at 400',
      'on at 1000',
      'off at 1400',
      'on at 2000',
      'off at 2400',
    ])
  })

  it('drops rings of somebody who does not stop, and says so', async () => {
    const house = new House(RELAY)
    await house.running(async () => {
      for (let i = 0; i < 20; i++) house.chime.ring()
      await house.clock.advance(60_000)
    })
    expect(house.sounded()).toHaveLength(2 * 8)
    expect(house.said).toEqual(Array.from({ length: 12 }, () => 'chime.rings_dropped'))
  })

  it('is quiet when it is stopped, in the middle of a sound too', async () => {
    const house = new House(RELAY)
    await house.running(async () => {
      house.chime.ring()
      house.chime.ring()
      await house.clock.advance(100)
    })
    expect(house.sounded()).toEqual(['on at 0', 'off at 100'])
    expect(house.said).toEqual([])
  })

  it('says that the line cannot be set, and tries again with the next ring', async () => {
    const house = new House(RELAY)
    house.isBroken = true
    await house.running(async () => {
      house.chime.ring()
      await house.clock.advance(5000)
      house.isBroken = false
      house.chime.ring()
      await house.clock.advance(5000)
    })
    expect(house.said).toEqual(['chime.failed'])
    expect(house.sounded()).toEqual(['on at 5000', 'off at 5400'])
  })

  it('plays its sound and tells other chimes in the same moment, without a line', async () => {
    const house = new House(SOUND)
    await house.running(async () => {
      await house.clock.advance(5000)
      house.chime.ring()
      await house.clock.advance(0)
      expect(house.audio.played).toEqual([{ sound: 'chime', volume: 0.5, atMs: 5000 }])
      expect(house.told).toEqual([5000])
      await house.clock.advance(5000)
    })
    expect(house.sounded()).toEqual([])
  })

  it('waits for nobody: the line is on though the speaker is gone and nobody can be told', async () => {
    const house = new House({ ...SOUND, relay: true })
    house.audio.hasSpeaker = false
    house.canTell = false
    await house.running(async () => {
      house.chime.ring()
      await house.clock.advance(0)
      expect(house.sounded()).toEqual(['on at 0'])
    })
    expect(house.said).toContain('chime.failed')
  })
})

class House {
  readonly clock = new SimClock({ bootWall: unixMs(1_767_225_600_000) })
  readonly said: string[] = []
  isBroken = false
  readonly told: number[] = []
  readonly audio: SimAudio = createSimAudio(this.clock)
  canTell = true
  readonly #gpio = createSimGpio(this.clock)
  readonly chime: Chime

  constructor(rules: ChimeRules) {
    this.chime = this.#create(rules)
  }

  /** Runs it while `story` happens, and stops it. */
  async running(story: () => Promise<void>): Promise<void> {
    const stop = new AbortController()
    const running = this.chime.run(stop.signal)
    await story()
    stop.abort()
    await running
  }

  sounded(): readonly string[] {
    return this.#gpio.outputs.map(({ active, atMs }) => `${active ? 'on' : 'off'} at ${atMs}`)
  }

  #create(rules: ChimeRules): Chime {
    const say = (event: string): void => void this.said.push(event)
    const gpio = this.#gpio
    const deps = {
      clock: this.clock,
      audio: this.audio,
      tellOthers: async () => {
        if (!this.canTell) throw new Fault('unavailable', 'the broker does not answer')
        this.told.push(this.clock.mono())
      },
      log: { ...silentLog, warn: say, error: say },
      gpio: {
        edges: (options: { signal: AbortSignal }) => gpio.edges(options),
        set: async (line: OutputLine, active: boolean) => {
          if (this.isBroken) throw new Fault('denied', 'the line belongs to somebody else')
          await gpio.set(line, active)
        },
      },
    }
    return createChime(deps, rules)
  }
}
