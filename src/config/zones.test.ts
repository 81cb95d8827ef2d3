import { describe, expect, it } from 'vitest'
import { areasToHide, loadConfig, planPrivacy, privateZonesRecorded } from './index.ts'

const load = (text: string, ...sets: string[]) => loadConfig({ file: { name: 'door.yaml', text }, sets })

const WINDOW = '{ name: window, mode: private, points: [[0, 0], [0.5, 0], [0.5, 0.5]] }'
const GATE = '{ name: gate, mode: private, points: [[0.6, 0], [1, 0], [1, 1]] }'
const ROAD = '{ name: road, mode: ignore, points: [[0, 0.9], [1, 0.9], [1, 1], [0, 1]] }'

const zones = (...texts: readonly string[]) =>
  `detect:\n  zones:\n${texts.map((it) => `    - ${it}\n`).join('')}`

describe('a zone in the settings', () => {
  it('may be watched, ignored or private', () => {
    const { detect } = load(zones(WINDOW, ROAD, ROAD.replace('road', 'path').replace('ignore', 'watch')))
    expect(detect.zones.map(({ name, mode }) => [name, mode])).toEqual([
      ['window', 'private'],
      ['road', 'ignore'],
      ['path', 'watch'],
    ])
  })

  it.each([
    ['two corners', '[[0, 0], [1, 1]]', 'zone “window”: wanted at least three different corners'],
    ['no corners', '[]', 'zone “window”: wanted at least three different corners'],
    ['twice the same', '[[0, 0], [1, 1], [0, 0], [1, 1]]', 'wanted at least three different corners'],
    ['a line', '[[0, 0], [0.5, 0.5], [1, 1]]', 'zone “window”: wanted corners around an area'],
    ['a hair', '[[0, 0], [0.001, 0], [0, 0.01]]', 'zone “window”: wanted corners around an area'],
    ['a corner outside', '[[0, 0], [1.5, 0], [0, 1]]', 'zones.0.points.1.0: wanted at most 1, got 1.5'],
  ])('of %s is refused, by name and line', (_what, points, message) => {
    const text = zones(`{ name: window, mode: private, points: ${points} }`)
    expect(() => load(text)).toThrow(message)
    expect(() => load(text)).toThrow(/^door\.yaml, line 3: /)
  })

  it('may be a bow tie, whose halves cancel out only on paper', () => {
    const tie = '{ name: tie, mode: private, points: [[0, 0], [1, 1], [1, 0], [0, 1]] }'
    expect(load(zones(tie)).detect.zones).toHaveLength(1)
  })

  it('has a name of its own', () => {
    expect(() => load(zones(WINDOW, ROAD, GATE.replace('gate', 'window')))).toThrow(
      'door.yaml, line 5: detect.zones.2.name: wanted another name for every zone, zone 1 has this one already, got "window"',
    )
  })

  it('of an unknown mode is refused with the three there are', () => {
    expect(() => load(zones(WINDOW.replace('private', 'secret')))).toThrow(
      'wanted "watch" or "ignore" or "private", got "secret"',
    )
  })
})

describe('private zones', () => {
  const points = load(zones(WINDOW, ROAD, GATE)).detect.zones.map((zone) => zone.points)

  it('are nothing to decide about where there are none', () => {
    const plan = planPrivacy(load(zones(ROAD)), { isEncoded: true })
    expect(plan).toEqual({ plan: 'nothing', zones: [] })
    expect(areasToHide('door.mp4', plan)).toEqual([])
    expect(privateZonesRecorded(load(zones(ROAD)), {})).toEqual([])
  })

  it('are filled in before encoding wherever we encode, whatever was chosen', () => {
    for (const choice of ['refuse', 're-encode', 'record']) {
      const plan = planPrivacy(load(zones(WINDOW, ROAD, GATE), `privateZones=${choice}`), {
        isEncoded: false,
      })
      expect(plan.plan).toBe('burn-in')
      expect(areasToHide('door.mp4', plan)).toEqual([points[0], points[2]])
    }
  })

  it('in a stream that arrives encoded are not recorded before the owner has chosen', () => {
    const config = load(zones(WINDOW, ROAD, GATE))
    expect(() => areasToHide('door.mp4', planPrivacy(config, { isEncoded: true }))).toThrow(
      'door.mp4: its stream arrives already encoded, so private zones “window”, “gate” cannot be hidden in it: ' +
        'choose capture.privateZones=re-encode (it is encoded anew with them filled in, which costs processor time) ' +
        'or capture.privateZones=record (they are recorded, only not watched)',
    )
    expect(() => privateZonesRecorded(config, {})).toThrow('private zones “window”, “gate” cannot be hidden')
  })

  it('in such a stream are filled in where it is to be encoded anew', () => {
    const plan = planPrivacy(load(zones(GATE), 'privateZones=re-encode'), { isEncoded: true })
    expect(areasToHide('door.mp4', plan)).toEqual([points[2]])
  })

  it('are not recorded either when encoding anew was chosen and nobody did it', () => {
    expect(() => privateZonesRecorded(load(zones(GATE), 'privateZones=re-encode'), {})).toThrow(
      'this camera is not encoded anew, so private zone “gate” cannot be hidden in it',
    )
  })

  it('are named when they are recorded because the owner wants it so', () => {
    const config = load(zones(WINDOW, ROAD, GATE), 'privateZones=record')
    expect(areasToHide('door.mp4', planPrivacy(config, { isEncoded: true }))).toEqual([])
    expect(privateZonesRecorded(config, {})).toEqual(['window', 'gate'])
    expect(privateZonesRecorded(config, { hidesPrivate: true })).toEqual([])
  })
})
