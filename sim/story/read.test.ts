import { describe, expect, it } from 'vitest'
import { isFault, messageOf } from '../../src/base/fault.ts'
import { fixtureNamed, readStory } from './read.ts'

const FIXTURES = ['walk-up.mp4', 'walk-up-night.mp4', 'damaged/truncated.mp4']

const NIGHT = `# yaml-language-server: $schema=./story.schema.json
title: stranger at night, the network goes, the power goes
seed: 7
board: sim
camera: { video: walk-up-night }          # a fixture name, a path, or a generated scene
timeline:
  - { at: 4.0s, pir: rise }
  - { at: 6.5s, button: press, bounce: 12ms }
  - { at: 7.0s, network: down }
  - { at: 9.0s, power: cut }
  - { at: 30s, power: on }
  - { at: 60s, network: up }
troubles: [ slow-store, clock-steps ]
expect:
  - { press: 1, notified: within 1s of network up }
  - { clip: 1, from: at most 0.5s, complete: true, uploaded: by 90s }
`

const read = (text: string) => readStory({ name: 'night.yaml', text }, { fixtures: FIXTURES })

/** The one message with which it is refused. */
function refusal(text: string): string {
  try {
    read(text)
  } catch (error) {
    expect(isFault(error, 'invalid')).toBe(true)
    return messageOf(error)
  }
  throw new Error('the story was read')
}

const DRAWN = ['title: made up', 'camera: drawn']
const calm = (...lines: readonly string[]) => [...DRAWN, ...lines].join('\n')
const drawn = (...moments: readonly string[]) =>
  [...DRAWN, 'timeline:', ...moments.map((it) => `  - { ${it} }`)].join('\n')

const momentOf = (moment: string) => read(drawn(moment)).timeline[0]

const expecting = (expectation: string) =>
  `${drawn('at: 1s, button: press', 'at: 2s, network: up')}\nexpect:\n  - { ${expectation} }`

const expected = (expectation: string) => read(expecting(expectation)).expect[0]

describe('a story that is in order', () => {
  it('is read with every time in milliseconds and every line known', () => {
    expect(read(NIGHT)).toEqual({
      title: 'stranger at night, the network goes, the power goes',
      seed: 7,
      board: 'sim',
      camera: { kind: 'fixture', name: 'walk-up-night' },
      timeline: [
        { atMs: 4000, line: 7, do: 'line', input: 'pir', active: true, bounceMs: 0 },
        { atMs: 6500, line: 8, do: 'press', holdMs: 150, bounceMs: 12 },
        { atMs: 7000, line: 9, do: 'network', state: 'down' },
        { atMs: 9000, line: 10, do: 'power', state: 'cut' },
        { atMs: 30_000, line: 11, do: 'power', state: 'on' },
        { atMs: 60_000, line: 12, do: 'network', state: 'up' },
      ],
      troubles: ['slow-store', 'clock-steps'],
      expect: [
        {
          line: 15,
          text: 'press 1: notified within 1s of network up',
          about: 'press',
          n: 1,
          notified: { kind: 'within', ms: 1000, of: 'network up', text: 'within 1s of network up' },
        },
        {
          line: 16,
          text: 'clip 1: from at most 0.5s, complete, uploaded by 90s',
          about: 'clip',
          n: 1,
          from: { most: 500, text: 'at most 0.5s' },
          complete: true,
          uploaded: { kind: 'by', atMs: 90_000, text: 'by 90s' },
        },
      ],
      settings: [],
      untilMs: undefined,
    })
  })

  it('needs a title and a camera and nothing else', () => {
    expect(read('title: nothing happens\ncamera: drawn\nuntil: 3d')).toEqual({
      title: 'nothing happens',
      seed: 1,
      board: 'sim',
      camera: { kind: 'drawn' },
      timeline: [],
      troubles: [],
      expect: [],
      settings: [],
      untilMs: 259_200_000,
    })
  })

  it.each([
    ['button: press, hold: 2s', { do: 'press', holdMs: 2000, bounceMs: 0 }],
    ['button: down, bounce: 5ms', { do: 'line', input: 'button', active: true, bounceMs: 5 }],
    ['button: up', { do: 'line', input: 'button', active: false, bounceMs: 0 }],
    ['button: glitch', { do: 'glitch', input: 'button', forMs: 1 }],
    ['pir: pulse', { do: 'pulse', holdMs: 2500 }],
    ['pir: fall', { do: 'line', input: 'pir', active: false, bounceMs: 0 }],
    ['pir: glitch, for: 0.2ms', { do: 'glitch', input: 'pir', forMs: 0.2 }],
    ['visitor: 20s', { do: 'visitor', forMs: 20_000 }],
    ['store: down', { do: 'store', state: 'down' }],
    ['broker: up', { do: 'broker', state: 'up' }],
    ['power: brown-out', { do: 'brown-out', forMs: 2000 }],
    ['doorbell: freeze', { do: 'doorbell', what: 'freeze' }],
    ['camera: stall', { do: 'camera', what: 'stall', packets: 0 }],
    ['camera: drop, packets: 3', { do: 'camera', what: 'drop', packets: 3 }],
    ['camera: corrupt', { do: 'camera', what: 'corrupt', packets: 1 }],
    ['disk: lying', { do: 'disk', state: 'lying' }],
    ['clock: { step: +1h }', { do: 'clock', step: 3_600_000 }],
    ['clock: { step: -90s }', { do: 'clock', step: -90_000 }],
    ['clock: untrusted', { do: 'clock', trusted: false }],
    ['clock: { drift: -20ppm }', { do: 'clock', driftPpm: -20 }],
    ['temperature: 85', { do: 'temperature', celsius: 85 }],
    ['recipients: remove', { do: 'recipients', what: 'remove' }],
  ])('reads { %s }', (moment, doing) => {
    expect(momentOf(`at: 1.5, ${moment}`)).toEqual({ atMs: 1500, line: 4, ...doing })
  })

  it.each([
    [
      'press: 1, chimed: within 20ms',
      { about: 'press', n: 1, chimed: { kind: 'within', ms: 20, of: undefined, text: 'within 20ms' } },
    ],
    ['press: 1, notified: never', { about: 'press', n: 1, notified: { kind: 'never', text: 'never' } }],
    [
      'clip: 2, to: 20s to 1m, parts: at least 3, ended: quiet',
      {
        about: 'clip',
        n: 2,
        to: { least: 20_000, most: 60_000, text: '20s to 1m' },
        parts: { least: 3, text: 'at least 3' },
        ended: 'quiet',
      },
    ],
    ['presses: 1', { about: 'count', what: 'presses', count: { least: 1, most: 1, text: '1' } }],
    ['alarms: 0', { about: 'count', what: 'alarms', count: { least: 0, most: 0, text: '0' } }],
    ['boots: 2 to 3', { about: 'count', what: 'boots', count: { least: 2, most: 3, text: '2 to 3' } }],
  ])('reads that { %s } is expected', (text, expectation) => {
    expect(expected(text)).toMatchObject({ line: 7, ...expectation })
  })

  it('tells a fixture from a file and a scene', () => {
    const cameraOf = (camera: string) => read(`title: x\ncamera: ${camera}`).camera
    expect(cameraOf('{ video: walk-up.mp4 }')).toEqual({ kind: 'fixture', name: 'walk-up' })
    expect(cameraOf('{ video: damaged/truncated }')).toEqual({ kind: 'fixture', name: 'damaged/truncated' })
    expect(cameraOf('{ video: ../my/clip.mp4 }')).toEqual({ kind: 'file', name: '../my/clip.mp4' })
    expect(cameraOf('{ video: ./clip }')).toEqual({ kind: 'file', name: './clip' })
    expect(cameraOf('{ scene: rain }')).toEqual({ kind: 'scene', name: 'rain' })
    expect(fixtureNamed('walk-up', FIXTURES)).toBe('walk-up.mp4')
    expect(fixtureNamed('walk', FIXTURES)).toBeUndefined()
  })

  it('hands settings on as --set takes them', () => {
    const settings =
      '{ visit.quietAfterMs: 5000, device.name: "12", detect.zones: [], mqtt.prefix: home/door }'
    expect(read(`title: x\ncamera: drawn\nsettings: ${settings}`).settings).toEqual([
      'visit.quietAfterMs=5000',
      'device.name="12"',
      'detect.zones=[]',
      'mqtt.prefix=home/door',
    ])
  })

  it('may switch the power more than once, and restart by itself after a brown-out', () => {
    const moments = ['at: 1, power: cut', 'at: 2, index: gone', 'at: 3, power: on', 'at: 4, power: brown-out']
    expect(read(drawn(...moments, 'at: 6, doorbell: restart')).timeline).toHaveLength(5)
  })
})

describe('a broken story gives one clear message:', () => {
  it.each([
    [
      'a typo in a key',
      NIGHT.replace('seed:', 'sede:'),
      'night.yaml, line 3: there is no key “sede” (did you mean “seed”?)',
    ],
    [
      'a time out of order',
      NIGHT.replace('9.0s', '5s'),
      'night.yaml, line 10: 5s stands after 7s; wanted times in order',
    ],
    [
      'a missing video',
      NIGHT.replace('walk-up-night', 'walk-up-nigth'),
      'night.yaml, line 5: there is no fixture “walk-up-nigth” (did you mean “walk-up-night”?)',
    ],
    [
      'a negative time',
      NIGHT.replace('4.0s', '-4s'),
      'night.yaml, line 7: at: wanted a time of 0s or later, got "-4s"',
    ],
    [
      'an unknown trouble',
      NIGHT.replace('slow-store', 'slow-stroe'),
      'night.yaml, line 13: troubles.0: wanted one of 23 names, got "slow-stroe" (did you mean “slow-store”?)',
    ],
    ['10 MB', 'x'.repeat(10_000_000), 'night.yaml: wanted at most 1 MiB, this has 10000000 characters'],
    [
      'no YAML',
      NIGHT.replace('pir: rise }', 'pir: rise'),
      'night.yaml, line 8: not YAML: Flow map in block collection must be sufficiently indented and end with a }',
    ],
    [
      'cyclic anchors',
      NIGHT.replace('timeline:', 'timeline: &all\n  - *all'),
      'night.yaml, line 7: aliases in it refer to each other too often or in a circle',
    ],
    [
      'a device the board lacks',
      NIGHT.replace('pir: rise', 'line: doorlock'),
      'night.yaml, line 7: the board “sim” has no “line”; it has: button, pir, visitor, camera, network, store, broker, power, doorbell, disk, index, clock, temperature, recipients, owner, detector',
    ],
    [
      'an expectation that cannot be judged',
      NIGHT.replace('of network up', 'of store up'),
      'night.yaml, line 15: this expectation cannot be judged: nothing in the timeline is “store up” (did you mean “network up”?)',
    ],
  ])('%s', (_what, text, message) => {
    expect(refusal(text)).toBe(message)
  })

  const ten = (name: string) => Array.from({ length: 10 }, () => name).join(', ')
  const bomb = [`a: &a [${ten('x')}]`, `b: &b [${ten('*a')}]`, `c: &c [${ten('*b')}]`, `d: [${ten('*c')}]`]

  it.each([
    ['a bomb of aliases', bomb.join('\n'), 'line 2: aliases in it refer to each other too often'],
    ['a list', '- title', 'line 1: wanted settings as'],
    ['no title', 'camera: drawn', 'line 1: title: wanted string, got nothing'],
    ['a title of two lines', 'title: "a\\nb"', 'line 1: title: wanted one line of 1 to 200 characters'],
    ['no camera', 'title: x', 'camera: wanted { video: name }, { scene: name } or drawn, got nothing'],
    ['a camera of neither kind', 'title: x\ncamera: drwan', 'got “drwan” (did you mean “drawn”?)'],
    ['a camera of both kinds', 'title: x\ncamera: {video: a, scene: rain}', 'has both video and scene'],
    ['an unknown scene', 'title: x\ncamera: { scene: rian }', 'got "rian" (did you mean “rain”?)'],
    ['an unknown board', calm('board: pi'), 'line 3: board: wanted "sim", got "pi"'],
    ['an unknown setting', calm('settings: { visit.quietAfter: 1 }'), 'did you mean “visit.quietAfterMs”?'],
    [
      'a setting out of range',
      calm('settings:', '  device.name: a', '  visit.quietAfterMs: 1'),
      'line 5: settings: visit.quietAfterMs: wanted at least 500, got 1',
    ],
    ['a trouble twice', calm('troubles: [hot-summer, hot-summer]'), 'line 3: troubles: hot-summer stands'],
    [
      '10,001 moments',
      drawn(...Array.from({ length: 10_001 }, () => 'at: 1, pir: rise')),
      'at most 10000 of them',
    ],
    [
      'an end before the last moment',
      `until: 1s\n${drawn('at: 2, pir: rise')}`,
      'line 1: until 1s: the last moment',
    ],
  ])('%s', (_what, text, message) => {
    expect(refusal(text)).toContain(message)
  })

  it.each([
    ['at: 1', 'wanted a time and what happens, such as { at: 4s, button: press }; this has at'],
    ['pir: rise', 'at: wanted a time such as 4.5s or 500ms, got nothing'],
    ['at: soon, pir: rise', 'at: wanted a time such as 4.5s or 500ms, got "soon"'],
    ['at: -1, pir: rise', 'at: wanted at least 0, got -1'],
    ['at: 400d, pir: rise', 'at: wanted a time of at most 366d, got "400d"'],
    ['at: 1, pir: rise, button: press', 'this has both pir and button'],
    ['at: 1, buton: press', 'the board “sim” has no “buton” (did you mean “button”?); it has: button, pir'],
    ['at: 1, chime: ring', 'the chime is rung by the doorbell, not by a story'],
    ['at: 1, button: pres', 'wanted press or down or up or glitch, got "pres" (did you mean “press”?)'],
    ['at: 1, button: press, bonce: 3ms', 'there is no key “bonce” (did you mean “bounce”?)'],
    ['at: 1, button: down, hold: 3ms', 'there is no key “hold” (there are: at, button, bounce)'],
    ['at: 1, camera: stall, packets: 2', 'there is no key “packets” (there are: at, camera)'],
    ['at: 1, clock: { step: 1h }', 'clock.step: wanted a step with its sign, such as +1h or -90s, got "1h"'],
    ['at: 1, clock: { stp: +1h }', 'clock: wanted trusted, untrusted, { step: +1h } or { drift: 50ppm }'],
    ['at: 1, power: on', 'power: on, but no `power: cut` stands before it'],
    ['at: 1, index: gone', 'index: gone happens while the power is off'],
  ])('a moment that says { %s }', (moment, message) => {
    const text = refusal(drawn(moment))
    expect(text).toContain('night.yaml, line 4: ')
    expect(text).toContain(message)
  })

  it.each([
    [
      'the power cut twice',
      ['at: 1, power: cut', 'at: 2, power: cut'],
      'power: cut, but the power is off since 1s',
    ],
    [
      'a restart in the dark',
      ['at: 1, power: brown-out', 'at: 2, doorbell: restart'],
      'doorbell, but the power',
    ],
  ])('%s', (_what, moments, message) => {
    expect(refusal(drawn(...moments))).toContain(`line 5: ${message}`)
  })

  it('names the line of the key in a moment of several lines', () => {
    expect(refusal(`${drawn()}\n  - at: 1s\n    button: press\n    bonce: 3ms`)).toContain(
      'line 6: there is no key',
    )
  })

  it('a visitor before a video that shows whom it shows', () => {
    expect(refusal(NIGHT.replace('pir: rise', 'visitor: 20s'))).toBe(
      'night.yaml, line 7: visitor needs `camera: drawn`; a video shows whom it shows',
    )
  })

  it.each([
    ['vists: 1', 'there is no key “vists” in expect (did you mean “visits”?)'],
    ['press: 1, clip: 1', 'this has both press and clip'],
    ['press: 1, uploaded: by 3s', 'there is no key “uploaded”'],
    ['press: 0', 'press: wanted at least 1, got 0'],
    ['press: 2', 'cannot be judged: press 2 is wanted, and the timeline presses the button once'],
    [
      'press: 1, notified: soon',
      'notified: wanted `within 1s`, `within 1s of network up`, `by 90s` or `never`',
    ],
    ['press: 1, notified: by 0.5s', 'cannot be judged: by 0.5s is before press 1, which is at 1s'],
    [
      'press: 1, chimed: within 1s of power on',
      'nothing in the timeline is “power on” (there are: button press',
    ],
    ['clip: 1, uploaded: within 1s of press 2', 'nothing in the timeline is “press 2”'],
    ['clip: 1, uploaded: within 1s of network down', 'nothing in the timeline is “network down”'],
    ['clip: 1, from: 4s', 'from: wanted `at most 0.5s`, `at least 20s` or `4s to 5s`, got "4s"'],
    ['clip: 1, from: 5s to 4s', 'cannot be judged: from: 5s to 4s begins behind its end'],
    ['clip: 1, from: at least 9s, to: at most 8s', 'no clip ends before it begins'],
    ['clip: 1, ended: bored', 'ended: wanted "quiet" or "max-length" or'],
    ['visits: few', 'visits: wanted a number, `at most 2`, `at least 2` or `2 to 3`, got "few"'],
  ])('an expectation that says { %s }', (expectation, message) => {
    const text = refusal(expecting(expectation))
    expect(text).toContain('night.yaml, line 7: ')
    expect(text).toContain(message)
  })
})
