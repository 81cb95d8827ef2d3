import { beforeAll, describe, expect, it } from 'vitest'
import { openHousehold, type Household } from '../sim/checkers/household.ts'
import { fieldsOf, parsed, type Evidence } from '../sim/world/evidence.ts'
import { playInto } from '../sim/world/play.ts'
import { World } from '../sim/world/world.ts'
import { readStory } from '../sim/story/read.ts'
import { loadConfig } from './config/index.ts'
import { faultsOfDiscovery } from './home-assistant.fixture.ts'

let household: Household
beforeAll(async () => {
  household = await openHousehold()
})

const OWN_BROKER = 'mqtt.url=mqtt://broker.lan'
const DISCOVERY = /^homeassistant\/device\/lintel-[0-9a-f]{16}\/config$/

async function played(
  timeline: string,
  sets: readonly string[] = [OWN_BROKER],
  meanwhile: (world: World) => void = () => {},
  until = '5m',
): Promise<{ readonly world: World; readonly evidence: Evidence }> {
  const text = `title: home\nseed: 5\ncamera: drawn\nuntil: ${until}\ntimeline:${timeline}\n`
  const story = readStory({ name: 'home.yaml', text })
  const config = loadConfig({ sets: [...story.settings, ...sets] })
  const world = new World({ seed: 5, config, household, scene: { kind: 'drawn' }, entriesMax: 0 })
  meanwhile(world)
  await playInto(world, story)
  return { world, evidence: world.evidence }
}

const toldTo = ({ told }: Evidence, topic: RegExp | string): readonly Evidence['told'][number][] =>
  told.filter((each) =>
    typeof topic === 'string' ? each.topic.endsWith(`/${topic}`) : topic.test(each.topic),
  )

/** Long enough for both sides to notice that the broker went, and for the doorbell to come back. */
const STORM_S = 125

const VISIT = `
  - { at: 20s, visitor: 20s }
  - { at: 25s, button: press }`

describe('a broker of one’s own', () => {
  it('hears what there is, as Home Assistant wants it, and of every entity a state that its template can read', async () => {
    const { world, evidence } = await played(VISIT)
    const [announced] = toldTo(evidence, DISCOVERY)
    expect(faultsOfDiscovery(announced?.topic ?? '', announced?.payload ?? '')).toEqual([])
    const { cmps } = JSON.parse(announced?.payload ?? '') as { cmps: Record<string, Record<string, string>> }
    expect(Object.keys(cmps)).toEqual(
      expect.arrayContaining(['ring', 'motion', 'person', 'storage', 'temperature']),
    )
    for (const [key, component] of Object.entries(cmps)) {
      const heard = evidence.told.filter(({ topic }) => topic === component['state_topic'])
      expect([key, heard.length > 0]).toEqual([key, true])
      const members = new Set(heard.flatMap(({ payload }) => Object.keys(fieldsOf(parsed(payload)))))
      const wanted = [...(component['value_template'] ?? '').matchAll(/value_json\.(\w+)/g)].map(
        ([, name]) => name,
      )
      expect([key, wanted.filter((name) => name !== 'latest' && !members.has(name ?? ''))]).toEqual([key, []])
      const isKept = [...world.broker.retained.keys()].includes(component['state_topic'] ?? '')
      expect([key, isKept]).toEqual([key, key !== 'ring'])
    }
  })

  it('hears nothing of that where there is only the embedded one, or discovery is off', async () => {
    expect(toldTo((await played(VISIT, [])).evidence, /config$|vitals$/)).toEqual([])
    const off = await played(VISIT, [OWN_BROKER, 'mqtt.discovery=false'])
    expect(toldTo(off.evidence, DISCOVERY)).toEqual([])
    expect(toldTo(off.evidence, 'vitals')).not.toEqual([])
  })

  it('hears it again with every connection, with the states that it may have lost', async () => {
    const { evidence } = await played(`${VISIT}
  - { at: 2m, broker: down }
  - { at: 3m, broker: up }`)
    expect(toldTo(evidence, DISCOVERY)).toHaveLength(2)
    const after = evidence.told
      .filter(({ atMs }) => atMs > 180_000)
      .map(({ topic }) => topic.split('/').at(-1))
    expect(after).toEqual(expect.arrayContaining(['availability', 'config', 'motion', 'health', 'vitals']))
  })

  it('hears it again a moment after Home Assistant says that it is there', async () => {
    let saidAtMs = 0
    const { evidence } = await played(
      `
  - { at: 2m, button: press }`,
      [OWN_BROKER],
      (world) => {
        void world.clock.sleep(60_000, { signal: new AbortController().signal }).then(() => {
          saidAtMs = world.now
          world.broker.say({ topic: 'homeassistant/status', payload: 'offline', qos: 0, retain: false })
          world.broker.say({ topic: 'homeassistant/status', payload: 'online', qos: 0, retain: false })
        })
      },
    )
    const [, again, ...more] = toldTo(evidence, DISCOVERY)
    expect(more).toEqual([])
    expect(again?.atMs).toBeGreaterThan(saidAtMs)
    expect(again?.atMs).toBeLessThan(saidAtMs + 6000)
  })

  it('hears that a person is there from the first sight until the visit is over', async () => {
    const { evidence } = await played(VISIT)
    const states = toldTo(evidence, 'person').map(({ payload }) => fieldsOf(parsed(payload))['state'])
    expect(states).toEqual(['off', 'on', 'off'])
  })

  it('gets a picture of a press only where its owner wants that', async () => {
    expect(toldTo((await played(VISIT)).evidence, 'picture')).toEqual([])
    const { evidence } = await played(VISIT, [OWN_BROKER, 'mqtt.pictures=true'])
    const [picture] = toldTo(evidence, 'picture')
    expect([...Buffer.from(picture?.payload ?? '', 'base64').subarray(0, 2)]).toEqual([0xff, 0xd8])
  })

  it('that comes and goes a thousand times is told of each press once, and nothing grows', async () => {
    const ups = Array.from({ length: 1000 }, (_, n) => 10 + STORM_S * n)
    const lines = ups.map(
      (s, n) => `
  - { at: ${s}s, broker: down }${n % 100 === 50 ? `\n  - { at: ${s + 1}s, button: press }` : ''}
  - { at: ${s + 55}s, broker: up }`,
    )
    const listeners: number[] = []
    const { world, evidence } = await played(
      lines.join(''),
      [OWN_BROKER],
      (begun) => {
        const { signal } = new AbortController()
        const count = async (): Promise<void> => {
          for (let n = 0; n < 50; n++) {
            await begun.clock.sleep(STORM_S * 20_000 - 1, { signal })
            listeners.push(begun.broker.listeners())
          }
        }
        void count()
      },
      `${1001 * STORM_S}s`,
    )
    const ids = toldTo(evidence, 'press').map(({ payload }) => fieldsOf(parsed(payload))['id'])
    expect(ids).toHaveLength(10)
    expect(new Set(ids).size).toBe(10)
    const announced = toldTo(evidence, DISCOVERY)
    expect(announced.length).toBeGreaterThan(900)
    expect(announced.length).toBeLessThanOrEqual(1001)
    expect(new Set(announced.map(({ payload }) => payload)).size).toBe(1)
    expect(new Set(listeners)).toEqual(new Set([2])) // For orders, and for Home Assistant’s birth.
    expect(world.evidence.crashes).toEqual([])
  })

  it('can forbid all of that, and is told of presses all the same', async () => {
    const { evidence } = await played(VISIT, [OWN_BROKER, 'mqtt.discoveryPrefix=forbidden'])
    expect(toldTo(evidence, 'press')).toHaveLength(1)
  })
})
