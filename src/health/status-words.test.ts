import { describe, expect, it } from 'vitest'
import type { StatusRow } from '../web/index.ts'
import { describeStatus, type StatusFacts } from './index.ts'

const WELL: StatusFacts = {
  version: '1.2.3',
  alarms: [],
  cameraSilentMs: 0,
  disk: { bytes: 20e9, ofBytes: 30e9, reserveBytes: 512e6 },
  kept: { clips: 3, bytes: 12e6, bytesMax: 8e9 },
  uploads: 0,
  messages: 0,
  unsealed: 0,
  celsius: 45,
  isUnderVoltage: false,
  isThrottled: undefined,
  diskWorn: undefined,
  clockTrusted: true,
  decoding: { trusted: true, why: '', movements: 4, missed: 0, decodedShare: 0.1, savedS: 90 },
  recognising: { state: 'asleep' },
  hasStore: true,
  broker: 'connected',
  quiet: { is: 'loud' },
  sound: { microphone: { state: 'there', name: 'mic' }, speaker: { state: 'there', name: 'horn' } },
  viewers: [],
}
const rowOf = (key: StatusRow['key'], change: Partial<StatusFacts>): StatusRow | undefined =>
  describeStatus({ ...WELL, ...change }).rows.find((row) => row.key === key)

describe('the status', () => {
  it('says of everything that it is well, when it is', () => {
    const { rows } = describeStatus(WELL)
    expect(rows.map(({ state }) => state)).toEqual(rows.map(() => 'well'))
    expect(rowOf('disk', {})?.says).toBe('3 clips in 12 MB of 8.0 GB; 20.0 GB of the disk are free.')
    expect(rowOf('decoding', {})?.says).toMatch(/90 % of the pictures did not have to be decoded/)
  })

  it.each<[StatusRow['key'], Partial<StatusFacts>, StatusRow['state'], RegExp]>([
    ['camera', { cameraSilentMs: undefined }, 'bad', /not sent a picture since/],
    ['camera', { cameraSilentMs: 90_000 }, 'bad', /nothing for 90 seconds/],
    ['camera', { cameraSilentMs: 600_000 }, 'bad', /nothing for 10 minutes/],
    ['disk', { alarms: ['storage-failed'] }, 'bad', /failed while writing/],
    ['disk', { unsealed: 1 }, 'bad', /The disk is full/],
    ['disk', { disk: { bytes: 1e6, ofBytes: 30e9, reserveBytes: 512e6 } }, 'bad', /The disk is full/],
    ['disk', { disk: undefined }, 'warn', /cannot be told/],
    ['uploads', { hasStore: false }, 'off', /no store is set/],
    ['uploads', { uploads: 1 }, 'well', /1 object on the way/],
    ['uploads', { uploads: 7, alarms: ['uploads-stuck'] }, 'bad', /7 objects have been waiting/],
    ['messages', { messages: 2 }, 'warn', /2 messages waiting/],
    ['messages', { broker: 'none' }, 'off', /Nobody is told/],
    ['broker', { broker: 'away' }, 'bad', /cannot be reached/],
    ['detector', { recognising: { state: 'off' } }, 'off', /switched off/],
    ['clock', { clockTrusted: false }, 'warn', /Nobody has told the doorbell the time/],
    ['temperature', { celsius: undefined }, 'off', /does not tell/],
    ['temperature', { celsius: 75 }, 'warn', /Warm: 75 °C/],
    ['temperature', { celsius: 85, alarms: ['hot'] }, 'bad', /Too hot: 85 °C/],
    ['temperature', { isUnderVoltage: true }, 'bad', /power supply is too weak/],
    [
      'live',
      { viewers: [{ transport: 'webrtc' }, { transport: 'webrtc' }] },
      'well',
      /2 viewers.*\(webrtc\)/,
    ],
    [
      'sound',
      {
        sound: {
          microphone: { state: 'missing', why: 'There is no microphone.' },
          speaker: { state: 'there', name: 'horn' },
        },
      },
      'off',
      /^There is no microphone\.$/,
    ],
    ['quiet', { quiet: { is: 'never' } }, 'off', /always rings/],
    ['quiet', { quiet: { is: 'unknown' } }, 'warn', /does not know the time: it rings/],
    [
      'quiet',
      { quiet: { is: 'quiet', until: '07:00', silent: ['chime', 'push'] } },
      'well',
      /until 07:00\. Silent: the chime, notices of presses\./,
    ],
    ['quiet', { quiet: { is: 'quiet', until: undefined, silent: [] } }, 'well', /hours\. Silent: nothing\./],
  ])('of the %s, with %o, is %s', (key, change, state, says) => {
    expect(rowOf(key, change)).toMatchObject({ state, says: expect.stringMatching(says) })
  })

  it('says what to do about everything that does not work', () => {
    const broken: Partial<StatusFacts> = {
      ...{ cameraSilentMs: undefined, alarms: ['storage-failed', 'uploads-stuck', 'hot'], broker: 'away' },
      clockTrusted: false,
    }
    const { rows } = describeStatus({ ...WELL, ...broken })
    for (const { key, state, todo } of rows)
      if (state === 'bad') expect([key, typeof todo]).toEqual([key, 'string'])
  })
})
