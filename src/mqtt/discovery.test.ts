import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  announcedBy,
  announcementsFor,
  discoveryPayload,
  discoveryTopic,
  type DiscoveryRules,
} from './discovery.ts'
import { ENTITIES } from './discovery-table.ts'
import { faultsOfDiscovery } from '../home-assistant.fixture.ts'
import { HARMLESS_SETTINGS } from './harmless-settings.ts'
import { TOPICS } from './topics.ts'

const RULES: DiscoveryRules = {
  ...{ prefix: 'lintel', device: 'lintel/0123456789abcdef', name: 'Front “door”', version: '0.1.0' },
  ...{ discovery: true, discoveryPrefix: 'homeassistant' },
  having: { board: true, store: true, pictures: true, settings: true },
}
const TOPIC = 'homeassistant/device/lintel-0123456789abcdef/config'
const NONE = { components: {}, retained: [] }
type Loose = { [key: string]: any } // oxlint-disable-line no-explicit-any -- to break one thing after the other

const textIn = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const textOf = (rules: DiscoveryRules): string => JSON.stringify(discoveryPayload(rules))
const keysOf = (rules: DiscoveryRules): readonly string[] => Object.keys(announcedBy(rules).components)

describe('what Home Assistant is told', () => {
  it('is one message for the device, whatever there is of it, and all of it is as its schemas want', () => {
    for (let bits = 0; bits < 16; bits++) {
      const [board, store, pictures, settings] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0)
      const having = { board, store, pictures, settings } as DiscoveryRules['having'] // Four of four.
      const rules = { ...RULES, having }
      expect(faultsOfDiscovery(discoveryTopic(rules), textOf(rules))).toEqual([])
    }
    expect(discoveryTopic(RULES)).toBe(TOPIC)
  })

  it.each<[string, (payload: Loose) => void, RegExp]>([
    ['an unknown key', ({ cmps }) => (cmps.ring.off_delay = 3), /ring: off_delay is not known/],
    ['no topic', ({ cmps }) => delete cmps.motion.state_topic, /motion: state_topic is missing/],
    ['no id', ({ cmps }) => delete cmps.motion.unique_id, /motion: unique_id is missing/],
    ['the same id twice', ({ cmps }) => (cmps.clips.unique_id = cmps.motion.unique_id), /twice/],
    ['a wildcard', ({ cmps }) => (cmps.motion.state_topic = 'a/#'), /motion: state_topic is/],
    ['another class', ({ cmps }) => (cmps.motion.device_class = 'doorbell'), /motion: device_class/],
    ['another unit', ({ cmps }) => (cmps.temperature.unit_of_measurement = 'C'), /temperature: unit C/],
    ['another category', ({ cmps }) => (cmps.storage.entity_category = 'config'), /storage: entity_category/],
    ['no command', ({ cmps }) => delete cmps.recognise.command_topic, /recognise: command_topic is missing/],
    ['limits the wrong way round', ({ cmps }) => (cmps.sensitivity.min = 2), /min above max/],
    ['another platform', ({ cmps }) => (cmps.motion.p = 'doorbell'), /motion: platform doorbell/],
    ['no origin', (payload) => delete payload.o, /origin: name is missing/],
    ['a device that is nobody', ({ dev }) => delete dev.ids, /device: identifiers is missing/],
    ['no ringing', ({ cmps }) => (cmps.ring.event_types = ['press']), /a doorbell rings/],
    [
      'a template that is open',
      ({ cmps }) => (cmps.motion.value_template = '{{ a'),
      /motion: value_template/,
    ],
  ])('would be refused with %s, and the rules here know', (_what, spoil, words) => {
    const payload: Loose = structuredClone(discoveryPayload(RULES))
    spoil(payload)
    expect(faultsOfDiscovery(TOPIC, JSON.stringify(payload)).join('\n')).toMatch(words)
  })

  it('has a press come from a topic that is not retained, and every state from one that is', () => {
    for (const { key, from } of ENTITIES) expect([key, TOPICS[from].retain]).toEqual([key, key !== 'ring'])
  })

  it('has a picture only where its owner wants pictures on the broker, and nothing to set where nobody would do it', () => {
    const having = { board: false, store: false, pictures: false, settings: false }
    expect(keysOf({ ...RULES, having })).toEqual(
      expect.not.arrayContaining([
        'picture',
        'uploads',
        'temperature',
        'sensitivity',
        'quiet_after',
        'recognise',
      ]),
    )
  })

  it('offers to set what is harmless, within what is taken', () => {
    const offered = ENTITIES.flatMap(({ sets, more }) => (sets === undefined ? [] : [{ sets, more }]))
    expect(offered.map(({ sets }) => sets).sort()).toEqual(HARMLESS_SETTINGS.map(({ name }) => name).sort())
    for (const { sets, more } of offered) {
      const setting = HARMLESS_SETTINGS.find(({ name }) => name === sets)
      for (const key of ['min', 'max', 'payload_on', 'payload_off'])
        if (more[key] !== undefined) expect(() => setting?.parse(textIn(more[key]))).not.toThrow()
      const { min, max } = more
      if (typeof min === 'number') expect(() => setting?.parse(String(min - 0.01))).toThrow(/wanted a number/)
      if (typeof max === 'number') expect(() => setting?.parse(String(max + 1))).toThrow(/wanted a number/)
    }
  })
})

describe('what is there no more', () => {
  const messages = (rules: DiscoveryRules, before: Partial<DiscoveryRules> | undefined) =>
    announcementsFor(rules, before === undefined ? NONE : announcedBy({ ...RULES, ...before }))

  it('is nothing at first', () => {
    expect(messages(RULES, undefined).map(({ topic }) => topic)).toEqual([TOPIC])
  })

  it('is told once with nothing but its platform, so that Home Assistant forgets it', () => {
    const having = { ...RULES.having, store: false }
    const [first, second] = messages({ ...RULES, having }, {})
    expect(JSON.parse(first?.payload ?? '').cmps.uploads).toEqual({ p: 'sensor' })
    expect(JSON.parse(second?.payload ?? '').cmps.uploads).toBeUndefined()
    expect(faultsOfDiscovery(TOPIC, first?.payload ?? '')).toEqual([])
  })

  it('is emptied where it stood when discovery moves, or ends', () => {
    const moved = { ...RULES, discoveryPrefix: 'ha' }
    expect(messages(moved, {}).map(({ topic, payload }) => [topic, payload === ''])).toEqual([
      [TOPIC, true],
      ['ha/device/lintel-0123456789abcdef/config', false],
    ])
    const ended = messages({ ...RULES, discovery: false }, {})
    expect(ended).toEqual([{ topic: TOPIC, payload: '', qos: 1, retain: true }])
    expect(messages({ ...RULES, discovery: false }, { discovery: false })).toEqual([])
  })

  it('goes from the broker with its topics: of another prefix all, of pictures the last', () => {
    const moved = messages({ ...RULES, prefix: 'house/lintel' }, {})
    const emptied = moved.filter(({ payload }) => payload === '').map(({ topic }) => topic)
    expect(emptied).toContain('lintel/lintel-0123456789abcdef/motion')
    expect(emptied).toContain('lintel/lintel-0123456789abcdef/availability')
    const having = { ...RULES.having, pictures: false }
    expect(messages({ ...RULES, having }, {})[0]).toEqual({
      ...{ topic: 'lintel/lintel-0123456789abcdef/picture', payload: '', qos: 1, retain: true },
    })
  })

  it('is not the device when only its name changed', () => {
    const [only, ...more] = messages({ ...RULES, name: 'Gate' }, {})
    expect(more).toEqual([])
    expect(JSON.parse(only?.payload ?? '').dev).toMatchObject({
      name: 'Gate',
      ids: ['lintel-0123456789abcdef'],
    })
  })
})

const hasJinja = spawnSync('python3', ['-c', 'import jinja2']).status === 0

describe.skipIf(!hasJinja)('its templates, in Jinja', () => {
  const NOW = 1_767_225_600
  /** With what Home Assistant gives a template beside: `value_json`, `this`, `now`, `as_timestamp`. */
  function render(key: string, payload: object, before: object = {}): string {
    const template = textIn(ENTITIES.find((entity) => entity.key === key)?.more['value_template'])
    const script = [
      'import json, sys, jinja2',
      'given = json.load(sys.stdin)',
      'env = jinja2.Environment()',
      `env.globals.update(now=lambda: ${NOW}, as_timestamp=lambda at: at)`,
      'class This: attributes = given["before"]',
      'sys.stdout.write(env.from_string(given["template"]).render(value_json=given["payload"], this=This))',
    ].join('\n')
    const { stdout, stderr } = spawnSync('python3', ['-c', script], {
      input: JSON.stringify({ template, payload, before }),
      encoding: 'utf8',
    })
    if (stderr !== '') throw new Error(stderr)
    return stdout
  }
  const press = { id: 'a1', visit: 'b2', at: NOW * 1000, iso: '2026-01-01T00:00:00.000Z', trustedClock: true }

  it('make a ringing of a press', () => {
    expect(JSON.parse(render('ring', press))).toEqual({
      ...{ event_type: 'ring', id: 'a1', visit: 'b2', at: '2026-01-01T00:00:00.000Z' },
    })
  })

  it('make nothing of the same press told again', () => {
    expect(render('ring', press, { id: 'a1' })).toBe('')
    expect(render('ring', press, { id: 'a0' })).not.toBe('')
  })

  it('let nobody jump up for a press of an hour ago, unless nobody knew what time it was', () => {
    const old = { ...press, at: (NOW - 3600) * 1000 }
    expect(JSON.parse(render('ring', old)).event_type).toBe('late')
    expect(JSON.parse(render('ring', { ...old, trustedClock: false })).event_type).toBe('ring')
  })

  it.each<[string, object, string]>([
    ['motion', { state: 'on' }, 'on'],
    ['person', { state: 'off' }, 'off'],
    ['camera', { camera: 'sending' }, 'on'],
    ['camera', { camera: 'never' }, 'off'],
    ['alarms', { alarms: '' }, 'off'],
    ['alarms', { alarms: 'hot' }, 'on'],
    ['clock', { clockTrusted: true }, 'off'],
    ['clock', { clockTrusted: false }, 'on'],
    ['storage', { freeGb: 12.3 }, '12.3'],
    ['temperature', {}, 'None'],
    ['temperature', { celsius: 0 }, '0'],
    ['quiet_after', { 'quiet-after': 8 }, '8'],
    ['recognise', { recognise: true }, 'on'],
    ['update', { version: '1.2.0' }, '{"installed_version": "1.2.0", "latest_version": "1.2.0"}'],
  ])('say of %s and %j: %s', (key, payload, expected) => {
    expect(render(key, payload)).toBe(expected)
  })
})
