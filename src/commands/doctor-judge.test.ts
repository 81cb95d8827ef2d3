import { describe, expect, it } from 'vitest'
import {
  describeChecks,
  isHealthy,
  judgeAge,
  judgeBoard,
  judgeBroker,
  judgeClock,
  judgeCodecs,
  judgeConfig,
  judgeFolder,
  judgeNode,
  judgeOwner,
  judgePrivateZones,
  judgeRecogniser,
  judgeSpace,
  judgeStore,
  judgeTool,
} from './doctor-judge.ts'

const NOON = Date.UTC(2026, 5, 1, 12)
const folder = { path: '/srv/lintel', state: 'there', writable: true, mode: 0o700, user: 'pi' } as const
const space = { freeBytes: 20e9, ofBytes: 32e9, clipBytes: 0, bytesMax: 8e9, reserveBytes: 5e8 }

describe('the doctor on programs', () => {
  it('accepts Node 24 and newer, and says how to get it otherwise', () => {
    expect(judgeNode('v24.21.0').outcome).toBe('ok')
    expect(judgeNode('v26.0.1').outcome).toBe('ok')
    expect(judgeNode('v20.19.2')).toMatchObject({ outcome: 'fail', saw: 'v20.19.2, wanted 24 or newer' })
  })

  it('names the version of a tool, or the command that installs it', () => {
    expect(judgeTool('ffmpeg', 'ffmpeg version 5.1.6-0+deb12u1 Copyright').saw).toBe('5.1.6-0+deb12u1')
    expect(judgeTool('ffprobe', undefined)).toMatchObject({
      outcome: 'fail',
      todo: 'sudo apt install ffmpeg',
    })
  })

  it('names every codec that is missing', () => {
    const checked = judgeCodecs({ encoders: new Set(['png']), decoders: new Set(['h264']) })
    expect(checked).toMatchObject({
      outcome: 'fail',
      saw: 'this ffmpeg lacks decoder hevc and encoder libx264',
    })
    const whole = { encoders: new Set(['libx264']), decoders: new Set(['h264', 'hevc']) }
    expect(judgeCodecs(whole).outcome).toBe('ok')
    expect(judgeCodecs(undefined).outcome).toBe('skip')
  })

  it('does not insist on age', () => {
    expect(judgeAge(undefined).outcome).toBe('skip')
    expect(judgeAge('1.1.1\n').saw).toBe('1.1.1')
  })
})

describe('the doctor on the data folder', () => {
  it('is content with a folder of one’s own', () => {
    expect(judgeFolder(folder)).toMatchObject({ outcome: 'ok', saw: '/srv/lintel, pi can write in it' })
  })

  it('gives the command that makes a folder writable, quoted', () => {
    const checked = judgeFolder({ ...folder, path: '/srv/my door', writable: false })
    expect(checked).toMatchObject({ outcome: 'fail', todo: "sudo chown -R pi '/srv/my door'" })
  })

  it('tells a missing folder that can be made from one that cannot', () => {
    expect(judgeFolder({ ...folder, state: 'absent' }).outcome).toBe('ok')
    expect(judgeFolder({ ...folder, state: 'absent', writable: false }).todo).toBe(
      'sudo install -d -m 700 -o pi /srv/lintel',
    )
  })

  it('fails when others can read the device’s key, warns when they can write in the folder', () => {
    expect(judgeFolder({ ...folder, keyMode: 0o644 })).toMatchObject({
      outcome: 'fail',
      todo: 'chmod 600 /srv/lintel/device.key',
    })
    expect(judgeFolder({ ...folder, mode: 0o777 })).toMatchObject({
      outcome: 'warn',
      todo: 'chmod 700 /srv/lintel',
    })
  })

  it('warns of a folder in memory and refuses a file', () => {
    expect(judgeFolder({ ...folder, inMemory: true }).outcome).toBe('warn')
    expect(judgeFolder({ ...folder, state: 'not-a-folder' }).outcome).toBe('fail')
  })
})

describe('the doctor on disk space', () => {
  it('counts recordings already there as room that retention has', () => {
    expect(judgeSpace({ ...space, freeBytes: 2e9, clipBytes: 7e9 }).outcome).toBe('ok')
  })

  it('says what retention can be when there is not enough', () => {
    expect(judgeSpace({ ...space, freeBytes: 3e9 })).toMatchObject({
      outcome: 'warn',
      todo: 'free some space, or say so in the configuration: retention.bytesMax: 2500000000',
    })
  })

  it('fails when nothing at all can be recorded', () => {
    expect(judgeSpace({ ...space, freeBytes: 4e8 }).outcome).toBe('fail')
  })
})

describe('the doctor on the clock', () => {
  it('believes network time', () => {
    expect(judgeClock({ nowUnixMs: NOON, synchronised: true }).saw).toBe(
      '2026-06-01 12:00 UTC, set by network time',
    )
  })

  it('fails on 1970, warns of a clock that went back or is not set', () => {
    expect(judgeClock({ nowUnixMs: 0, synchronised: true }).outcome).toBe('fail')
    expect(judgeClock({ nowUnixMs: NOON, newestUnixMs: NOON + 3600_000 }).outcome).toBe('warn')
    expect(judgeClock({ nowUnixMs: NOON, synchronised: false }).outcome).toBe('warn')
  })

  it('does not complain where nobody can tell', () => {
    expect(judgeClock({ nowUnixMs: NOON }).outcome).toBe('ok')
  })
})

describe('the doctor on configuration, owner and services', () => {
  it('repeats what the configuration’s reader says', () => {
    expect(
      judgeConfig({ name: 'door.yaml', wrong: 'door.yaml, line 3: there is no setting “clp”' }).saw,
    ).toBe('door.yaml, line 3: there is no setting “clp”')
    expect(judgeConfig({ name: undefined }).outcome).toBe('ok')
  })

  it('fails without an enrolled owner and names whom recordings are sealed to', () => {
    expect(judgeOwner({ state: 'none' }, '/srv/lintel')).toMatchObject({ outcome: 'fail' })
    expect(judgeOwner({ state: 'none' }, '/srv/lintel').todo).toContain('--data /srv/lintel')
    expect(judgeOwner({ state: 'enrolled', version: 2, names: ['Ada', 'Bo'] }, '/srv/lintel').saw).toBe(
      'recordings are sealed to Ada, Bo (list version 2)',
    )
    expect(judgeOwner({ state: 'broken', why: 'bad signature' }, '/srv/lintel').outcome).toBe('fail')
    expect(judgeOwner(undefined, undefined).outcome).toBe('skip')
  })

  it('tells wrong credentials from a store that is not there', () => {
    const failed = { state: 'failed', where: 'https://s3.example', why: 'no' } as const
    expect(judgeStore({ ...failed, kind: 'denied' }).todo).toContain('credentialsFile')
    expect(judgeStore({ ...failed, kind: 'missing' }).todo).toContain('bucket')
    expect(judgeStore({ ...failed, kind: 'unavailable' }).todo).toContain('endpoint')
    expect(judgeStore({ state: 'reached', where: 'x', tookMs: 12 }).outcome).toBe('ok')
    expect(judgeStore({ state: 'unset' }).outcome).toBe('skip')
  })

  it('tells a refused account from a broker that is not there', () => {
    const failed = { state: 'failed', where: 'mqtt://broker', why: 'no' } as const
    expect(judgeBroker({ ...failed, kind: 'denied' }).todo).toContain('passwordFile')
    expect(judgeBroker({ ...failed, kind: 'unavailable' }).todo).toContain('mosquitto')
    expect(judgeBroker({ state: 'unset' }).outcome).toBe('skip')
  })

  it('says what becomes of private zones, and warns of those that are recorded', () => {
    expect(judgePrivateZones([], 'record')).toMatchObject({ outcome: 'skip' })
    expect(judgePrivateZones(['window'], 'refuse')).toMatchObject({
      outcome: 'ok',
      saw: expect.stringContaining('does not start'),
    })
    expect(judgePrivateZones(['window'], 're-encode')).toMatchObject({ outcome: 'ok' })
    expect(judgePrivateZones(['window', 'path'], 'record')).toMatchObject({
      outcome: 'warn',
      saw: expect.stringContaining('window, path'),
      todo: expect.stringContaining('re-encode'),
    })
  })

  it('says with what people are recognised, what that costs, and what is missing where they are not', () => {
    expect(judgeRecogniser(undefined)).toMatchObject({ outcome: 'skip' })
    expect(judgeRecogniser({ state: 'ready', engine: 'onnxruntime' })).toMatchObject({ outcome: 'ok' })
    expect(judgeRecogniser({ state: 'ready', engine: 'tfjs-wasm' })).toMatchObject({ outcome: 'warn' })
    expect(judgeRecogniser({ state: 'missing', why: 'there is no model' })).toMatchObject({
      outcome: 'warn',
      saw: expect.stringContaining('there is no model'),
    })
  })

  it('looks for GPIO and a camera only on a board', () => {
    const board = {
      model: 'Raspberry Pi 5',
      gpioChips: ['gpiochip0'],
      gpioReadable: true,
      cameras: ['imx708'],
    }
    expect(judgeBoard({ ...board, model: undefined }).outcome).toBe('skip')
    expect(judgeBoard(board).saw).toBe('Raspberry Pi 5: GPIO gpiochip0, camera imx708')
    expect(judgeBoard({ ...board, cameras: [] }).outcome).toBe('warn')
    expect(judgeBoard({ ...board, gpioReadable: false }).todo).toBe('sudo usermod -aG gpio,video $USER')
  })
})

describe('the doctor’s verdict', () => {
  it('is healthy unless something failed, and ends with one sentence', () => {
    const fine = judgeNode('v24.0.0')
    const bad = judgeTool('ffmpeg', undefined)
    expect(isHealthy([fine, judgeAge(undefined)])).toBe(true)
    expect(isHealthy([fine, bad])).toBe(false)
    expect(describeChecks([fine])).toBe(' ok   Node           v24.0.0\n\nReady.\n')
    expect(describeChecks([fine, bad])).toMatch(/→ sudo apt install ffmpeg\n\nNot ready: ffmpeg\.\n$/)
  })
})
