import { beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { listedClips } from '../checkers/clips.ts'
import { openHousehold, type Household } from '../checkers/household.ts'
import { fieldsOf, parsed, rowsOf, type Evidence } from './evidence.ts'
import { WORLD_BEGAN_UNIX_MS } from '../checkers/presses.ts'
import { readStory } from '../story/read.ts'
import { playInto } from './play.ts'
import { World } from './world.ts'

let household: Household
beforeAll(async () => {
  household = await openHousehold()
})

const PRESS_THEN_TIME = `
  - { at: 20s, visitor: 20s }
  - { at: 25s, button: press }`

describe('a doorbell that does not know the time at first', () => {
  it('shows its owner the true time of what it recorded, once it knows, and rewrites nothing', async () => {
    const evidence = await played(`${PRESS_THEN_TIME}
  - { at: 5m, clock: trusted }
  - { at: 6m, visitor: 10s }`)
    const [first, second] = await clipsOf(evidence)
    expect(first).toMatchObject({ known: 'corrected', clockTrusted: false })
    expect(first?.offMs).toBeLessThanOrEqual(2)
    expect(second).toMatchObject({ known: 'trusted', clockTrusted: true })
    expect(clockEntries(evidence)).toHaveLength(1)
  })

  it('shows it as unknown after a power cut before the time came, whatever a later start learns', async () => {
    const evidence = await played(`${PRESS_THEN_TIME}
  - { at: 2m, power: cut }
  - { at: 3m, power: on }
  - { at: 5m, clock: trusted }
  - { at: 6m, visitor: 10s }`)
    expect((await clipsOf(evidence)).map(({ known }) => known)).toEqual(['unknown', 'trusted'])
    expect(clockEntries(evidence)).toEqual([])
  })

  it('tells a press with its true time that waited for the network, and with what it thought otherwise', async () => {
    const waited = await played(`
  - { at: 10s, network: down }${PRESS_THEN_TIME}
  - { at: 5m, clock: trusted }
  - { at: 10m, network: up }`)
    const [press] = pressesTold(waited)
    expect(press?.trustedClock).toBe(true)
    expect(Math.abs(Number(press?.at) - WORLD_BEGAN_UNIX_MS - 25_000)).toBeLessThanOrEqual(50)
    const atOnce = await played(`${PRESS_THEN_TIME}
  - { at: 5m, clock: trusted }`)
    expect(pressesTold(atOnce)).toMatchObject([{ trustedClock: false }])
  })
})

describe('a doorbell that knows the time', () => {
  it('leaves no entry about clocks in its ledger', async () => {
    expect(clockEntries(await played(PRESS_THEN_TIME, 'slow-store'))).toEqual([])
  })
})

async function played(timeline: string, trouble = 'no-network-time'): Promise<Evidence> {
  const text = `title: time\nseed: 5\ncamera: drawn\nuntil: 12m\ntimeline:${timeline}\ntroubles: [${trouble}]\n`
  const story = readStory({ name: 'time.yaml', text })
  const world = new World({
    seed: story.seed,
    config: loadConfig({ sets: story.settings }),
    household,
    scene: { kind: 'drawn' },
    entriesMax: 0,
  })
  await playInto(world, story)
  return world.evidence
}

/** In the order they were begun: what the owner sees, and how far that is from the truth. */
async function clipsOf(evidence: Evidence) {
  const listed = await listedClips(evidence)
  return evidence.happenings.flatMap(({ happening, life }) => {
    if (happening.kind !== 'clip-began') return []
    const clip = listed.get(happening.clip)
    const beganMs = WORLD_BEGAN_UNIX_MS + (evidence.lives[life]?.fromMs ?? 0) + happening.from
    const offMs = Math.abs((clip?.time?.fromUnixMs ?? 0) - beganMs)
    return [{ known: clip?.time?.known, clockTrusted: clip?.meta?.clockTrusted, offMs }]
  })
}

const clockEntries = (evidence: Evidence): readonly unknown[] =>
  [...rowsOf(evidence, 'ledger').values()].filter((row) => String(row).includes('"type":"clock"'))

const pressesTold = ({ told }: Evidence): readonly Readonly<Record<string, unknown>>[] =>
  told.filter(({ topic }) => topic.endsWith('/press')).map(({ payload }) => fieldsOf(parsed(payload)))
