import { expect, it } from 'vitest'
import { prometheusText } from './prometheus.ts'
import type { StatusFacts } from './status.ts'

const facts: StatusFacts = {
  version: '1.2.3',
  alarms: ['hot', 'line-stuck'],
  cameraSilentMs: 1500,
  disk: { bytes: 10, ofBytes: 20, reserveBytes: 1 },
  kept: { clips: 2, bytes: 3, bytesMax: 4 },
  storageProblem: undefined,
  uploads: 0,
  messages: 7,
  unsealed: 0,
  celsius: 51.5,
  isUnderVoltage: false,
  isThrottled: undefined,
  diskWorn: 0.3,
  clockTrusted: true,
  decoding: { trusted: true, why: 'x', decodedShare: 0.25, savedS: 1 },
  recognising: { state: 'off' },
  quiet: { isQuiet: false },
  hasStore: false,
  broker: 'connected',
  viewers: [],
} as unknown as StatusFacts // What the metrics do not ask for is left out.

it('says what is known, in base units, and leaves out what is not', () => {
  const text = prometheusText(facts)
  expect(text).toContain(
    '# HELP lintel_info Which version runs.\n# TYPE lintel_info gauge\nlintel_info{version="1.2.3"} 1\n',
  )
  expect(text).toContain('lintel_alarm{what="hot"} 1\nlintel_alarm{what="line-stuck"} 1\n')
  expect(text).toContain('\nlintel_camera_silent_seconds 1.5\n')
  expect(text).toContain('\nlintel_under_voltage 0\n')
  expect(text).toContain('\nlintel_messages_waiting 7\n')
  expect(text).not.toContain('lintel_throttled')
  expect(text).not.toContain('lintel_uploads_waiting')
})

it('is lines that Prometheus can read', () => {
  for (const line of prometheusText({ ...facts, version: 'a"b\\c\nd' }).split('\n'))
    expect(line).toMatch(
      /^(# (HELP|TYPE) lintel_\w+ .*|lintel_\w+(\{\w+="([^"\\\n]|\\["\\n])*"\})? -?[\d.e+-]+|)$/,
    )
})
