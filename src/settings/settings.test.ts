import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryDisk, type MemoryDisk } from '../../sim/devices/memory-disk.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import {
  describeConfig,
  keysSet,
  loadConfig,
  readChanges,
  SETTINGS_FILE,
  writeChanges,
  type Config,
} from '../config/index.ts'
import type { SettingsDesk } from '../web/index.ts'
import { createSettings, openChanges, type SettingsDeps } from './index.ts'

describe('settings', () => {
  let disk: MemoryDisk
  let applied: Config[]
  let answer: Fault | undefined
  let isWaiting: boolean
  beforeEach(() => {
    disk = createMemoryDisk()
    applied = []
    answer = undefined
    isWaiting = false
  })

  async function open(
    fileText = 'visit: { quietAfterMs: 3000 }\n',
    sets: readonly string[] = [],
  ): Promise<SettingsDesk> {
    const deps: SettingsDeps = {
      disk,
      file: SETTINGS_FILE,
      book: {
        keys: describeConfig(),
        read: readChanges,
        write: writeChanges,
        configWith: (changed) => loadConfig({ file: { name: 'door.yaml', text: fileText }, changed, sets }),
        fixed: new Set(keysSet(sets)),
      },
      apply: async (config) => {
        if (answer !== undefined) throw answer
        applied.push(config)
      },
      isWaiting: () => isWaiting,
      test: async () => ({ ok: true, message: '' }),
      kept: () => ({ clips: 8, bytes: 800, days: 4 }),
    }
    return createSettings(deps, await openChanges(deps))
  }

  const valueOf = async (desk: SettingsDesk, key: string): Promise<unknown> =>
    (await desk.read()).settings.find((row) => row.key === key)?.value
  const kept = async (): Promise<string> => fromUtf8(await disk.read(SETTINGS_FILE))

  it('tell each key with its value, whatever it comes from, and what clips take', async () => {
    const reply = await (await open(undefined, ['detect.sensitivity=0.9'])).read()
    const row = (key: string) => reply.settings.find((each) => each.key === key)
    expect(row('visit.quietAfterMs')).toMatchObject({
      value: 3000,
      fallback: 8000,
      wanted: '500 … 600000',
      live: true,
    })
    expect(row('detect.sensitivity')).toMatchObject({ value: 0.9, fallback: 0.5, isFixed: true })
    expect(['visit.quietAfterMs', 'web.port', 'mqtt.passwordFile'].map((key) => row(key)?.isFixed)).toEqual([
      false,
      true,
      true,
    ])
    expect(row('web.port')).toMatchObject({ value: 8460, live: false })
    expect(row('store.bucket')).toMatchObject({ value: null, fallback: null })
    expect(reply).toMatchObject({ averageVisitBytes: 100, visitsPerDay: 2 })
    expect(reply.settings.some(({ key }) => key.includes('[]'))).toBe(false)
  })

  it('that were changed win over the file, are kept, and are there after a restart', async () => {
    const desk = await open()
    await desk.change({ 'visit.quietAfterMs': 5000, 'detect.zones': [] })
    expect(await valueOf(desk, 'visit.quietAfterMs')).toBe(5000)
    expect(applied.map(({ visit }) => visit.quietAfterMs)).toEqual([5000])
    expect(await kept()).toBe('detect.zones: []\nvisit.quietAfterMs: 5000\n')
    expect(await valueOf(await open(), 'visit.quietAfterMs')).toBe(5000)
  })

  it('go back to what the file says when the change is taken back', async () => {
    const desk = await open()
    await desk.change({ 'visit.quietAfterMs': 5000 })
    await desk.change({ 'visit.quietAfterMs': null })
    expect(await valueOf(desk, 'visit.quietAfterMs')).toBe(3000)
    expect(await kept()).toBe('')
  })

  it.each([
    [{ 'visit.quietAfterMs': 5 }, /visit\.quietAfterMs: wanted at least 500, got 5/],
    [{ 'visit.quietAfterMS': 5000 }, /visit\.quietAfterMS: there is no such setting.*visit\.quietAfterMs/],
    [{ 'visit.record': ['person@nowhere'] }, /wanted the name of a zone/],
    [{ 'retention.daysMax': 'many' }, /retention\.daysMax: wanted number, got "many"/],
    [{ 'mqtt.passwordFile': '/etc/shadow' }, /mqtt\.passwordFile: names of files/],
    [{ actions: [{ on: ['press'], command: { run: ['/bin/sh'] } }] }, /actions: what the doorbell runs/],
    [{ 'sound.speaker': 'hw:1' }, /sound\.speaker: names of devices/],
    [{ 'web.port': 80 }, /web\.port: how this page is reached/],
    [{ 'device.name': 'Gate', 'detect.sensitivity': 2 }, /detect\.sensitivity: wanted at most 1, got 2/],
    [{ 'log.level': 'debug' }, /log\.level: fixed by --set/],
    [{ __proto__: null, constructor: 1 }, /there is no such setting/],
  ])('refuse %j whole', async (set, words) => {
    const desk = await open(undefined, ['log.level=warn'])
    await expect(desk.change(set)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(words),
    })
    expect(applied).toEqual([])
    await expect(disk.read(SETTINGS_FILE)).rejects.toMatchObject({ kind: 'missing' })
    expect(await valueOf(desk, 'device.name')).toBe('Front door')
  })

  it('with which the doorbell will not start are taken back', async () => {
    const desk = await open()
    await desk.change({ 'visit.quietAfterMs': 5000 })
    answer = new Fault('invalid', 'private zones')
    await expect(desk.change({ 'visit.quietAfterMs': 6000 })).rejects.toMatchObject({
      message: 'private zones',
    })
    expect(await valueOf(desk, 'visit.quietAfterMs')).toBe(5000)
    expect(await kept()).toBe('visit.quietAfterMs: 5000\n')
  })

  it('say that they wait while somebody is at the door', async () => {
    isWaiting = true
    const desk = await open()
    expect(await desk.change({ 'visit.quietAfterMs': 5000 })).toMatchObject({ waits: true })
  })

  it('that somebody spoilt with an editor are told with their line', async () => {
    await disk.replace(SETTINGS_FILE, utf8('visit.quietAfterMs: [\n'))
    await expect(open()).rejects.toMatchObject({ message: expect.stringMatching(/settings\.yaml, line/) })
  })
})
