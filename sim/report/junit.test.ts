import { describe, expect, it } from 'vitest'
import { junitXml } from './index.ts'
import { hostileOutcome, strangerAtNight } from './outcome.fixture.ts'
import { elementsOf, parseXml, type XmlElement } from './well-formed.fixture.ts'

const read = (...outcomes: readonly ReturnType<typeof strangerAtNight>[]): XmlElement =>
  parseXml(
    junitXml(outcomes.map(({ outcome }) => ({ file: 'sim/stories/night.yaml', outcome, durationS: 1.25 }))),
  )

const named = (root: XmlElement, name: string): readonly XmlElement[] =>
  [...elementsOf(root)].filter((element) => element.name === name)

describe('JUnit XML', () => {
  it('has a suite for each story, and a case for the checkers and for each expectation', () => {
    const root = read(strangerAtNight(), strangerAtNight())
    expect(root.attributes).toEqual({
      name: 'lintel sim',
      tests: '8',
      failures: '2',
      errors: '0',
      skipped: '0',
      time: '2.500',
    })
    const [suite] = named(root, 'testsuite')
    expect(suite?.attributes).toMatchObject({
      tests: '4',
      failures: '1',
      time: '1.250',
      file: 'sim/stories/night.yaml',
    })
    expect(named(suite ?? root, 'testcase').map(({ attributes }) => attributes)).toEqual([
      testcase('every checker holds', '1.250'),
      testcase('line 14: press 1: notified within 1s of network up', '0.000'),
      testcase('line 15: clip 1: from at most 0.5s, uploaded within 4m of network up', '0.000'),
      testcase('line 16: presses: 1', '0.000'),
    ])
  })

  it('says why a case failed, and keeps what the terminal would show', () => {
    const root = read(strangerAtNight())
    const [failure, ...others] = named(root, 'failure')
    expect(others).toEqual([])
    expect(failure?.attributes.message).toBe(
      '61.0 s wanted notified by 61.0 s (1 s after network up), was notified at 63.2 s',
    )
    expect(named(root, 'system-out')[0]?.text).toMatch(/^FAILED {2}stranger at night/)
    expect(named(root, 'property').map(({ attributes }) => attributes)).toContainEqual({
      name: 'seed',
      value: '7',
    })
  })

  it('tells all that the checkers complained of in one case', () => {
    const { story, outcome } = strangerAtNight()
    const violations = Array.from({ length: 60 }, (_, index) => ({
      checker: 'part-survives',
      atMs: index * 1000,
      message: `part ${index} is gone`,
    }))
    const [failure] = named(read({ story, outcome: { ...outcome, violations } }), 'failure')
    expect(failure?.attributes.message).toBe('0.0 s part-survives: part 0 is gone')
    expect(failure?.text.trim().split('\n')).toHaveLength(51)
    expect(failure?.text).toContain('… and 10 more')
  })

  it('is well-formed whatever the stories say', () => {
    const root = read(hostileOutcome())
    expect(new Set([...elementsOf(root)].map(({ name }) => name))).toEqual(
      new Set(['testsuites', 'testsuite', 'properties', 'property', 'testcase', 'failure', 'system-out']),
    )
    expect(named(root, 'testsuite')[0]?.attributes.name).toContain('<img src=x onerror=alert(1)>"\'&amp;]]>')
  })

  it('is well-formed when there are no stories', () => {
    expect(read().attributes).toMatchObject({ tests: '0', failures: '0' })
  })
})

const testcase = (name: string, time: string) => ({
  name,
  classname: 'sim.stories.night',
  file: 'sim/stories/night.yaml',
  time,
})
