import { describe, expect, it } from 'vitest'
import { configDefaults, describeConfig, loadConfig } from './index.ts'

const load = (text: string, ...sets: string[]) => loadConfig({ file: { name: 'door.yaml', text }, sets })

const manyKeys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: 1`).join('\n')

describe('the configuration', () => {
  it('is complete without a file', () => {
    expect(loadConfig({})).toEqual(configDefaults())
    expect(configDefaults()).toMatchObject({
      capture: { prerollMs: 6000 },
      visit: { quietAfterMs: 8000 },
      clip: { partMs: 1500 },
    })
  })

  it('takes what the file says and lets --set win', () => {
    const config = load(
      'visit: { quietAfterMs: 3000 }\ndevice: { name: Gate }',
      'visit.quietAfterMs=4000',
      'prerollMs=0',
    )
    expect(config.visit.quietAfterMs).toBe(4000)
    expect(config.capture.prerollMs).toBe(0)
    expect(config.device.name).toBe('Gate')
  })

  it('names the line and the nearest key when a key is unknown', () => {
    expect(() => load('device: { name: Gate }\nvisit:\n  quietAfterMS: 3000\n')).toThrow(
      'door.yaml, line 3: there is no setting “quietAfterMS” in visit (did you mean “quietAfterMs”?)',
    )
    expect(() => load('device: {}\nclp:\n  partMs: 1000')).toThrow(
      'door.yaml, line 2: there is no setting “clp”',
    )
    expect(() => load('visits: {}')).toThrow('did you mean “visit”?')
    expect(() => load('', 'quietAfter=1')).toThrow('did you mean “visit.quietAfterMs”?')
  })

  it('says what was wanted, what came and where', () => {
    expect(() => load('capture:\n  prerollMs: 31000')).toThrow(
      'door.yaml, line 2: capture.prerollMs: wanted at most 30000, got 31000',
    )
    expect(() => load('detect: { sensitivity: high }')).toThrow(
      'detect.sensitivity: wanted number, got "high"',
    )
    expect(() => load('mqtt: { url: "http://x" }')).toThrow('mqtt.url: wanted mqtt://host:port')
    expect(() => load('mqtt: { protocol: "5" }')).toThrow('mqtt.url: wanted string, got nothing')
    expect(() => load('', 'visit.quietAfterMs=soon')).toThrow('visit.quietAfterMs: wanted number, got "soon"')
  })

  it.each([
    ['a list', '- a\n- b', 'wanted settings as'],
    ['no YAML', 'a: [1, 2', 'not YAML'],
    ['cyclic anchors', 'device: &a { name: *a }', 'door.yaml'],
    ['a huge file', `# ${'x'.repeat(1_100_000)}`, 'at most 1 MiB'],
    [
      'a key twice',
      'device: {name: a}\ndevice: {name: b}',
      'line 2: not YAML: the key “device” stands there twice',
    ],
    ['an alias of nothing', 'device: {}\nvisit: *quiet', 'line 2: Unresolved alias'],
    ['a mapping of 50,000 keys', manyKeys(50_000), 'line 1: there is no setting “k0”'],
    ['a long value', `log: { level: ${'x'.repeat(5000)} }`, `${'x'.repeat(119)}…`],
    ['a name that is nearly one', 'log: { level: eror }', 'got "eror" (did you mean “error”?)'],
    ['too deep a nest', `device: ${'['.repeat(5000)}${']'.repeat(5000)}`, 'line 1'],
  ])('refuses %s with one clear message', (_what, text, message) => {
    expect(() => load(text)).toThrow(message)
  })

  it('describes every setting with its meaning', () => {
    const rows = describeConfig()
    expect(rows.length).toBeGreaterThan(25)
    expect(rows.filter((row) => row.about === '')).toEqual([])
    expect(rows.find((row) => row.key === 'capture.prerollMs')).toMatchObject({
      fallback: '6000',
      wanted: '0 … 30000',
    })
    expect(rows.map((row) => row.key)).toContain('detect.zones[].points')
  })
})
