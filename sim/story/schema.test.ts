import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { storyJsonSchema } from './schema.ts'

/** A reader made from the JSON Schema alone, as an editor has it. */
const editor = z.fromJSONSchema(storyJsonSchema() as Parameters<typeof z.fromJSONSchema>[0])

const accepts = (story: object) => editor.safeParse({ title: 'x', camera: 'drawn', ...story }).success

describe('the schema for editors', () => {
  it('is the one that is checked in', async () => {
    const file = await readFile(new URL('../stories/story.schema.json', import.meta.url), 'utf8')
    expect(JSON.parse(file)).toEqual(storyJsonSchema())
  })

  it('takes a story as it is written', () => {
    expect(
      accepts({
        seed: 7,
        camera: { video: 'walk-up-night' },
        timeline: [
          { at: '6.5s', button: 'press', bounce: '12ms' },
          { at: 9, power: 'cut' },
          { at: '10s', clock: { step: '+1h' } },
        ],
        troubles: ['slow-store'],
        settings: { 'visit.quietAfterMs': 5000 },
        until: '2m',
        expect: [{ press: 1, notified: 'within 1s of network up' }, { visits: 'at most 2' }, { clips: 1 }],
      }),
    ).toBe(true)
  })

  it.each([
    ['an unknown key', { titel: 'x' }],
    ['an unknown device', { timeline: [{ at: 1, bell: 'press' }] }],
    ['a key that belongs to something else', { timeline: [{ at: 1, pir: 'rise', packets: 3 }] }],
    ['a negative time', { timeline: [{ at: '-1s', pir: 'rise' }] }],
    ['an unknown trouble', { troubles: ['rain'] }],
    ['an unknown scene', { camera: { scene: 'snow' } }],
    ['a deadline in other words', { expect: [{ press: 1, notified: 'soon' }] }],
    ['a camera of no kind', { camera: {} }],
  ])('marks %s', (_what, story) => {
    expect(accepts(story)).toBe(false)
  })
})
