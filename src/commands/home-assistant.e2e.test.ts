import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mosquittoPath, openMosquitto, type Mosquitto } from '../drivers/mqtt/brokers.fixture.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import { faultsOfDiscovery } from '../home-assistant.fixture.ts'

const LINTEL = fileURLToPath(new URL('../../scripts/lintel', import.meta.url))

/** A whole doorbell, a real broker, and somebody who behaves as Home Assistant does. */
describe.skipIf(mosquittoPath === undefined)('Home Assistant at a real broker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-home-'))
  const path = (name: string): string => join(folder, name)
  let mosquitto: Mosquitto & AsyncDisposable
  let home: MqttClient
  let doorbell: ChildProcess
  const heard = new Map<string, string[]>()
  const topics = (ending: string): readonly string[] =>
    [...heard].flatMap(([topic, payloads]) => (topic.endsWith(ending) ? payloads : []))
  const sensitivities = (): readonly unknown[] =>
    topics('/settings').map((payload) => (JSON.parse(payload) as { sensitivity?: number }).sensitivity)

  beforeAll(async () => {
    mosquitto = await openMosquitto(folder)
    home = await mqtt.connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`, { protocolVersion: 5 })
    home.on('message', (topic, payload) => {
      heard.set(topic, [...(heard.get(topic) ?? []), payload.toString()])
    })
    await home.subscribeAsync(['lintel/#', 'homeassistant/#'], { qos: 1 })
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=10:d=1,tpad=stop_mode=clone:stop_duration=9']
    spawnSync('ffmpeg', ['-v', 'error', '-y', ...picture, '-c:v', 'libx264', '-g', '20', path('still.mp4')])
    expect(lintel('owner', 'init', '--owner', path('owner.txt')).status).toBe(0)
    doorbell = spawn(
      LINTEL,
      [
        ...['sim', path('still.mp4'), '--serve', '--port', '0', '--data', path('door')],
        ...['--owner', path('owner.txt'), '--cloud', 'none', '--set', broker()],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
  })
  afterAll(async () => {
    doorbell?.kill('SIGKILL')
    await home?.endAsync(true)
    await mosquitto?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const broker = (): string => `mqtt.url=mqtt://127.0.0.1:${mosquitto.port}`
  const lintel = (...args: readonly string[]) => spawnSync(LINTEL, args, { encoding: 'utf8' })
  const order = (...words: readonly string[]) =>
    new Promise<{ readonly code: number | null; readonly text: string }>((resolve) => {
      const where = ['--data', path('door'), '--owner', path('owner.txt'), '--set', broker()]
      const child = spawn(LINTEL, ['owner', 'send', ...words, ...where])
      let text = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
      child.on('close', (code) => resolve({ code, text }))
    })

  it('finds the doorbell, sets what is harmless, and the owner orders the rest; all of it stands in Activity', async () => {
    await expect.poll(() => topics('/config').length).toBe(1)
    const [topic = ''] = [...heard.keys()].filter((each) => each.endsWith('/config'))
    const [config = ''] = topics('/config')
    expect(faultsOfDiscovery(topic, config)).toEqual([])
    const { cmps } = JSON.parse(config) as { cmps: Record<string, Record<string, string>> }
    expect(cmps['sensitivity']?.['command_topic']).toMatch(/\/set\/sensitivity$/)
    await expect.poll(sensitivities).toEqual([0.5])

    await home.publishAsync(cmps['sensitivity']?.['command_topic'] ?? '', '0.7', { qos: 1 })
    await expect.poll(sensitivities).toEqual([0.5, 0.7])
    await home.publishAsync(cmps['sensitivity']?.['command_topic'] ?? '', '0', { qos: 1 })
    await expect.poll(sensitivities).toEqual([0.5, 0.7, 0.7])

    expect(await order('set', 'detect.sensitivity=0.2', 'visit.notify=[]')).toEqual({
      code: 0,
      text: 'detect.sensitivity, visit.notify: changed, as soon as nobody is at the door.\n',
    })
    await expect.poll(() => sensitivities().at(-1)).toBe(0.2)
    const refused = await order('set', 'web.port=1')
    expect(refused).toMatchObject({
      code: 2,
      text: expect.stringMatching(/web\.port: how this page is reached/),
    })
    expect(readFileSync(path('door/settings.yaml'), 'utf8')).toBe(
      'detect.sensitivity: 0.2\nvisit.notify: []\n',
    )

    await expect.poll(() => topics('/availability').at(-1)).toBe('online')
    const ended = once(doorbell, 'close')
    doorbell.kill('SIGINT')
    await ended
    expect(topics('/availability').at(-1)).toBe('offline')
    await using index = await openSqliteRecords(path('door/index.sqlite'))
    const rows = await index.list('activity')
    expect(rows.map(({ row }) => row)).toMatchObject([
      { member: 'mqtt', what: 'changed-settings', detail: 'detect.sensitivity' },
      { member: 'mqtt', what: 'changed-settings', detail: 'detect.sensitivity, visit.notify' },
    ])
  })
})
