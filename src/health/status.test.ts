import { describe, expect, it } from 'vitest'
import type { CameraPath } from '../ports/camera.ts'
import { describeStatus, type StatusFacts } from './index.ts'

const decoding = {
  trusted: false,
  why: 'it has only begun to send',
  movements: 0,
  missed: 0,
  decodedShare: 1,
  savedS: 0,
}
const NO_SOUND = { state: 'missing', why: 'there is none' } as const
const facts: StatusFacts = {
  ...{
    version: '1.0.0',
    alarms: [],
    cameraSilentMs: 0,
    disk: undefined,
    uploads: 0,
    messages: 0,
    unsealed: 0,
  },
  ...{
    kept: { clips: 0, bytes: 0, bytesMax: 1e9 },
    celsius: undefined,
    isUnderVoltage: undefined,
    isThrottled: undefined,
    diskWorn: undefined,
    clockTrusted: true,
  },
  ...{
    decoding,
    recognising: { state: 'off' },
    hasStore: false,
    broker: 'none',
    viewers: [],
    quiet: { is: 'never' },
    sound: { microphone: NO_SOUND, speaker: NO_SOUND },
  },
}
const sayings = (camera?: CameraPath): readonly (string | undefined)[] => {
  const { rows } = describeStatus(camera === undefined ? facts : { ...facts, camera })
  return ['camera', 'decoding'].map((key) => rows.find((row) => row.key === key)?.says)
}

describe('the status of the camera', () => {
  it('says which camera it is, and which path its pictures take, and why', () => {
    expect(sayings()).toEqual([
      'The camera sends pictures.',
      'Every picture is looked at: it has only begun to send.',
    ])
    expect(
      sayings({ source: 'camera /dev/video0: H.264 1280×720', detection: 'raw', why: 'x264 encodes' }),
    ).toEqual([
      'The camera sends pictures (camera /dev/video0: H.264 1280×720).',
      'The camera gives small pictures beside its video: x264 encodes.',
    ])
    expect(
      sayings({
        source: 'RTSP camera cam',
        detection: 'decoded',
        why: 'camera.rtsp.detectUrl is not set',
      })[1],
    ).toBe(
      'Every picture is looked at: it has only begun to send. Pictures are decoded from what is recorded: camera.rtsp.detectUrl is not set.',
    )
  })

  it('does not call it a fault when there is to be none', () => {
    expect(sayings({ source: 'no camera', detection: 'none', why: 'camera.kind is none' })).toEqual([
      'No camera is set: the button rings without pictures.',
      'There are no pictures to look at.',
    ])
  })
})

describe('the status of board and disk', () => {
  const says = (more: Partial<StatusFacts>, key: string) =>
    describeStatus({ ...facts, ...more }).rows.find((row) => row.key === key)

  it('says that the board slows itself down, and what to do', () => {
    expect(says({ celsius: 66, isThrottled: true }, 'temperature')).toMatchObject({
      state: 'warn',
      says: 'It slows itself down: 66 °C.',
    })
  })

  it('says that a disk is worn before it fails', () => {
    const disk = { bytes: 5e9, ofBytes: 8e9, reserveBytes: 1e9 }
    expect(says({ disk, diskWorn: 0.3 }, 'disk')).toMatchObject({ state: 'well' })
    expect(says({ disk, diskWorn: 0.9 }, 'disk')).toMatchObject({
      state: 'warn',
      todo: 'Replace it before it fails.',
    })
  })
})
