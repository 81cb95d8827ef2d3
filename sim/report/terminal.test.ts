import { describe, expect, it } from 'vitest'
import { describeOutcome, describeOutcomes, hasPassed } from './index.ts'
import { hostileOutcome, longWeek, strangerAtNight } from './outcome.fixture.ts'

describe('an outcome in the terminal', () => {
  it('tells the verdict, then what happened, then what failed: when, and in which line of the story', () => {
    const { outcome } = strangerAtNight()
    expect(describeOutcome(outcome).split('\n')).toEqual([
      `FAILED  stranger at night, the network goes, the power goes  (seed 7, 96.4 s, 2 starts, trace ${outcome.hash.slice(0, 12)})`,
      '  visit 1  3.2 s to 9.0 s: motion, pir, press',
      '  visit 2  32.9 s to 46.0 s: motion',
      '  press 1  6.5 s, chimed 6.508 s (8 ms later), notified 63.2 s (56.7 s later)',
      '  clip 1  0.2 s to 8.2 s, 4 parts, 412.3 kB, NOT complete, ended recovered, uploaded 74.9 s (66.7 s later)',
      '  clip 2  30.4 s to 46.0 s, 8 parts, 801.2 kB, complete, ended quiet, uploaded 92.3 s (46.3 s later)',
      '  ✗ 61.0 s  line 14  press 1: notified within 1s of network up',
      '      wanted notified by 61.0 s (1 s after network up), was notified at 63.2 s',
    ])
  })

  it('tells of a checker beside the expectations, in order of time', () => {
    const { outcome } = strangerAtNight()
    const violations = [
      { checker: 'clip-playable', atMs: 8200, message: 'clip c-4f10 ends in the middle of a part' },
    ]
    const lines = describeOutcome({ ...outcome, violations }).split('\n')
    expect(lines.filter((line) => line.includes('✗'))).toEqual([
      '  ✗ 8.2 s  checker  clip-playable',
      '  ✗ 61.0 s  line 14  press 1: notified within 1s of network up',
    ])
  })

  it('tells of a long story no more than a person reads', () => {
    const text = describeOutcome(longWeek(100_000).outcome)
    expect(text.split('\n').length).toBeLessThan(80)
    expect(text).toMatch(/… and 1647 more of these/)
  })

  it('lets no text of a story steer the terminal', () => {
    const { outcome } = hostileOutcome()
    const text =
      describeOutcome(outcome) + describeOutcomes([{ file: 'a\u001b[2J.yaml', outcome, durationS: 1 }])
    expect(text).not.toMatch(/[\0-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  })
})

describe('many outcomes in the terminal', () => {
  it('are a line each, with the reason of those that failed, and one line about all', () => {
    const { outcome } = strangerAtNight()
    const passed = {
      ...outcome,
      verdicts: outcome.verdicts.map((verdict) => ({ ...verdict, holds: true, atMs: undefined, why: '' })),
    }
    expect(hasPassed(passed)).toBe(true)
    const text = describeOutcomes([
      { file: 'a.yaml', outcome, durationS: 0.5 },
      { file: 'b.yaml', outcome: passed, durationS: 0.75 },
    ])
    expect(text.split('\n')).toEqual([
      'FAILED  a.yaml  (0.5 s)',
      '        61.0 s  press 1: wanted notified by 61.0 s (1 s after network up), was notified at 63.2 s',
      'passed  b.yaml  (0.8 s)',
      '2 stories: 1 passed, 1 failed; 3.2 min of virtual time in 1.3 s',
    ])
  })
})
