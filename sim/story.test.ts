import { describe, expect, it } from 'vitest'
import { readStory } from './story.ts'

const read = (text: string) => readStory({ name: 'night.yaml', text })
const head = 'title: night\ncamera: { video: walk-up.mp4 }\ntimeline:\n'

describe('a story', () => {
  it('says which video plays and what happens to the lines', () => {
    const story = read(
      `${head}  - { at: 4.0s, pir: rise }\n  - { at: 6500ms, button: press }\n  - { at: 9, pir: fall }\n`,
    )
    expect(story).toEqual({
      title: 'night',
      seed: 1,
      video: 'walk-up.mp4',
      edges: [
        { atS: 4, line: 'pir', active: true },
        { atS: 6.5, line: 'button', active: true },
        { atS: 6.65, line: 'button', active: false },
        { atS: 9, line: 'pir', active: false },
      ],
    })
  })

  it.each([
    [
      'a typo in a key',
      'titel: x\ncamera: {video: a}',
      'night.yaml, line 1: there is no key “titel” (did you mean “title”?)',
    ],
    [
      'a time out of order',
      `${head}  - { at: 9s, pir: rise }\n  - { at: 4s, pir: fall }`,
      'line 5: 4s comes after 9s',
    ],
    ['a negative time', `${head}  - { at: -1, pir: rise }`, 'line 4'],
    ['a device the board lacks', `${head}  - { at: 1, bell: press }`, 'line 4: wanted { at, button'],
    ['no video', 'title: x', 'camera: wanted object, got nothing'],
    ['no YAML', '{', 'not YAML'],
  ])('with %s gives one clear message', (_what, text, message) => {
    expect(() => read(text)).toThrow(message)
  })
})
