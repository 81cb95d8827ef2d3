import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSimAudio, type SimAudio } from '../../sim/devices/sim-audio.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { createTalk, TALK_LIMITS, type Talk, type TalkRules, type TalkState } from './index.ts'

const HALF: TalkRules = { duplex: 'half', volume: 80 }
const WORD = Uint8Array.of(0xf8, 1, 2)

describe('at the door', () => {
  let door: Door
  beforeEach(() => {
    door = new Door(HALF)
  })
  afterEach(() => door[Symbol.asyncDispose]())

  it('opens the microphone only while somebody listens', async () => {
    const [maja, jan] = [door.join('maja'), door.join('jan')]
    await door.wait(1000)
    expect(door.audio.listeners).toBe(0)
    door.listen(maja, true)
    door.listen(jan, true)
    await door.wait(1000)
    expect([maja.heard.length, jan.heard.length]).toEqual([50, 50])
    door.listen(maja, false)
    await door.wait(100)
    expect([maja.heard.length, jan.heard.length, door.audio.listeners]).toEqual([50, 55, 1])
    jan.leave()
    await door.wait(100)
    expect([jan.heard.length, door.audio.listeners]).toEqual([55, 0])
    door.listen(maja, true)
    await door.wait(100)
    expect(maja.heard.length).toBeGreaterThan(50)
  })

  it('gives packets the times of their samples', async () => {
    const maja = door.join('maja')
    await door.wait(0)
    door.listen(maja, true)
    await door.wait(200)
    const steps = maja.heard.slice(1).map(({ timestamp }, index) => timestamp - maja.heard[index]!.timestamp)
    expect(new Set(steps)).toEqual(new Set([960]))
  })

  it('lets one talk at a time, and tells all who it is', async () => {
    const [maja, jan] = [door.join('maja'), door.join('jan')]
    await door.wait(0)
    maja.say(WORD)
    expect(door.audio.spoken).toEqual([])
    door.talk(maja, true)
    expect(door.told.at(-1)).toMatchObject({ talker: { viewer: maja.viewer, name: 'maja' } })
    maja.say(WORD)
    jan.say(WORD)
    expect(door.audio.spoken).toEqual([WORD])
    expect(() => door.talk(jan, true)).toThrow('maja is talking at the door just now.')
    door.talk(jan, false) // Nobody hangs up for another.
    expect(door.desk.state().talker?.name).toBe('maja')
    door.talk(maja, false)
    expect(door.told.at(-1)?.talker).toBeUndefined()
    door.talk(jan, true)
    jan.say(WORD)
    expect(door.audio.spoken).toHaveLength(2)
  })

  it('is not heard while somebody talks, nor while what they said is in the air', async () => {
    const [maja, jan] = [door.join('maja'), door.join('jan')]
    await door.wait(0)
    door.listen(jan, true)
    await door.wait(500)
    const before = jan.heard.length
    door.talk(maja, true)
    for (let n = 0; n < 25; n++) {
      maja.say(WORD)
      await door.wait(20)
    }
    expect(jan.heard.length).toBe(before)
    door.talk(maja, false)
    await door.wait(TALK_LIMITS.echoMs - 20)
    expect(jan.heard.length).toBe(before)
    await door.wait(200)
    expect(jan.heard.length).toBeGreaterThan(before)
  })

  it('is heard all the time in full duplex', async () => {
    await using full = new Door({ ...HALF, duplex: 'full' })
    const maja = full.join('maja')
    await full.wait(0)
    full.listen(maja, true)
    full.talk(maja, true)
    await full.wait(400)
    expect(maja.heard.length).toBe(20)
  })

  it('ends the talk of somebody who has gone, has gone silent, or has forgotten it', async () => {
    const [maja, jan] = [door.join('maja'), door.join('jan')]
    await door.wait(0)
    door.talk(maja, true)
    maja.leave()
    expect(door.desk.state().talker).toBeUndefined()
    door.talk(jan, true)
    await door.wait(TALK_LIMITS.silentMsMax + 1000)
    expect(door.desk.state().talker).toBeUndefined()
    door.talk(jan, true)
    for (let ms = 0; ms < TALK_LIMITS.talkMsMax + 2000; ms += 1000) {
      jan.say(WORD)
      await door.wait(1000)
    }
    expect(door.desk.state().talker).toBeUndefined()
    expect(door.audio.voices).toBe(0)
  })

  it('belongs to those who watch: nobody listens or talks by the view of another', async () => {
    const maja = door.join('maja')
    await door.wait(0)
    const asking = { viewer: maja.viewer, member: 'jan', on: true }
    for (const ask of [() => door.desk.listen(asking), () => door.desk.talk(asking)])
      expect(ask).toThrow('viewer: wanted a live view of yours')
  })

  it('says why there is no sound, and finds it when it is plugged in', async () => {
    await using deaf = new Door(HALF, { has: false })
    const maja = deaf.join('maja')
    await deaf.wait(0)
    expect(deaf.desk.state()).toEqual({ canHear: false, canTalk: false, duplex: 'half' })
    expect(() => deaf.listen(maja, true)).toThrow('The simulated board has no microphone.')
    expect(() => deaf.talk(maja, true)).toThrow('The simulated board has no speaker.')
    deaf.audio.hasMicrophone = true
    deaf.audio.hasSpeaker = true
    await deaf.wait(61_000)
    expect(deaf.told.at(-1)).toMatchObject({ canHear: true, canTalk: true })
  })

  it('notices that the microphone was unplugged, and hears again when it is back', async () => {
    const maja = door.join('maja')
    await door.wait(0)
    door.listen(maja, true)
    await door.wait(200)
    door.audio.hasMicrophone = false
    await door.wait(3000)
    expect(door.desk.state().canHear).toBe(false)
    door.audio.hasMicrophone = true
    const before = maja.heard.length
    await door.wait(70_000)
    expect(door.desk.state().canHear).toBe(true)
    expect(maja.heard.length).toBeGreaterThan(before)
  })
})

class Watcher {
  readonly heard: { readonly opus: Uint8Array; readonly timestamp: number }[] = []
  readonly viewer: string
  readonly member: string
  say: (opus: Uint8Array) => void = () => {}
  leave: () => void = () => {}

  constructor(member: string) {
    this.member = member
    this.viewer = `view of ${member}`
  }
}

class Door implements AsyncDisposable {
  readonly clock = new SimClock({ bootWall: unixMs(1_767_225_600_000) })
  readonly audio: SimAudio
  readonly desk: Talk
  readonly told: TalkState[] = []
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(rules: TalkRules, { has = true }: { readonly has?: boolean } = {}) {
    this.audio = createSimAudio(this.clock, { has })
    this.desk = createTalk({ clock: this.clock, log: silentLog, audio: this.audio }, rules)
    this.desk.subscribe((state) => this.told.push(state))
    this.#running = this.desk.run(this.#stop.signal)
  }

  join(member: string): Watcher {
    const watcher = new Watcher(member)
    const seat = this.desk.join({
      viewer: watcher.viewer,
      member,
      name: member,
      sound: {
        send: (packet) => watcher.heard.push(packet) > 0,
        onPacket: (take) => (watcher.say = take),
      },
    })
    watcher.leave = () => seat[Symbol.dispose]()
    return watcher
  }

  listen({ viewer, member }: Watcher, on: boolean): void {
    this.desk.listen({ viewer, member, on })
  }

  talk({ viewer, member }: Watcher, on: boolean): void {
    this.desk.talk({ viewer, member, on })
  }

  wait(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
