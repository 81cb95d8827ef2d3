import { describe, expect, it } from 'vitest'
import { openHousehold } from '../sim/checkers/household.ts'
import { readStory } from '../sim/story/read.ts'
import { playInto } from '../sim/world/play.ts'
import { World } from '../sim/world/world.ts'
import { loadConfig } from './config/index.ts'

const ACTIONS = `actions:
  - { on: [press, visit, notice], webhook: { url: "http://nas.lan/door", body: '{"{{event}}":"{{state}}{{what}}","at":"{{at}}"}' } }
  - { on: [press], command: { run: [/usr/bin/notify, "{{id}}"] } }
`
const STORY = `title: actions
seed: 5
camera: drawn
until: 3m
timeline:
  - { at: 20s, visitor: 20s }
  - { at: 25s, button: press }
`

describe('a doorbell with actions', () => {
  it('has them done for what happens at the door, in order, while the chime waits for none of them', async () => {
    const story = readStory({ name: 'actions.yaml', text: STORY })
    const config = loadConfig({ file: { name: 'door.yaml', text: ACTIONS } })
    const world = new World({
      ...{ seed: 5, config, household: await openHousehold(), entriesMax: 0 },
      scene: { kind: 'drawn' },
    })
    world.programs.install('/usr/bin/notify', 'hangs')
    await playInto(world, story)
    const said = world.http.calls.map(({ body }) => JSON.parse(body ?? '') as Record<string, string>)
    expect(said.map((each) => Object.keys(each)[0])).toEqual(['visit', 'notice', 'press', 'visit'])
    expect(said.at(-1)?.['visit']).toMatch(/^ended.*press/)
    expect(said.every(({ at }) => /^\d{4}-/.test(at ?? ''))).toBe(true)
    const [press] = world.evidence.presses
    expect(world.programs.ran).toEqual([['/usr/bin/notify', press?.id]])
    const [chime] = world.evidence.chimes
    expect((chime ?? Infinity) - (press?.acceptedAtMs ?? 0)).toBeLessThanOrEqual(20)
  })
})
