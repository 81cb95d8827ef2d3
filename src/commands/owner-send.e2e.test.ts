import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { silentLog } from '../base/log.ts'
import { mosquittoPath, openMosquitto, type Mosquitto } from '../drivers/mqtt/brokers.fixture.ts'
import { openBroker } from '../drivers/mqtt/index.ts'
import { nodeClock } from '../drivers/node-clock.ts'
import { ownerSigner } from '../formats/index.ts'
import { createOrders } from '../orders/index.ts'
import { formatIdentity, secretFromBytes } from '../owner/index.ts'

const SEED = Uint8Array.from({ length: 32 }, (_, index) => index)
const DEVICE = 'lintel/0123456789abcdef'
const BASE = 'lintel/lintel-0123456789abcdef'
const CLIP = 'ab'.repeat(16)
const LINTEL = fileURLToPath(new URL('../../scripts/lintel', import.meta.url))

describe.skipIf(mosquittoPath === undefined)('lintel owner send', () => {
  let folder: string
  let mosquitto: Mosquitto & AsyncDisposable
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-send-'))
    await writeFile(
      join(folder, 'owner.txt'),
      await formatIdentity(secretFromBytes(SEED), '2026-01-01T00:00:00Z'),
      {
        mode: 0o600,
      },
    )
    mosquitto = await openMosquitto(folder)
  })
  afterAll(async () => {
    await mosquitto?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const send = (...words: readonly string[]) =>
    lintel('owner', 'send', ...words, '--owner', join(folder, 'owner.txt'), '--device', DEVICE)

  it.each([5, 4] as const)(
    'has an order carried out through a real broker, and prints the answer (MQTT %i)',
    async (version) => {
      await using house = new AsyncDisposableStack()
      const url = `mqtt://127.0.0.1:${mosquitto.port}`
      const will = { topic: `${BASE}/availability`, payload: 'offline', qos: 1, retain: true } as const
      const broker = house.use(
        await openBroker({ url, clientId: 'door', will, protocolVersion: version }, { log: silentLog }),
      )
      const done: string[] = []
      const stop = new AbortController()
      const listening = Promise.withResolvers<void>()
      const orders = createOrders(
        {
          records: new MemoryRecords().open(),
          log: silentLog,
          clock: { ...nodeClock, wall: () => ({ ...nodeClock.wall(), trusted: true }) },
          broker: {
            ...broker,
            listen: (filters, options) =>
              broker.listen(filters, { ...options, onListening: listening.resolve }),
          },
          owner: () => Buffer.from(ownerSigner(SEED).publicKey).toString('base64'),
          answer: (answer) =>
            broker.publish(
              { topic: `${BASE}/answer`, payload: JSON.stringify(answer), qos: 1, retain: false },
              stop,
            ),
          house: {
            shelf: () => ({
              hold: async (clip, held) => (done.push(`${held ? 'hold' : 'release'} ${clip}`), true),
              remove: async () => 'held',
            }),
          },
        },
        { topic: `${BASE}/order`, audience: DEVICE },
      )
      const running = orders.run(stop.signal)
      house.defer(async () => {
        stop.abort()
        await running
      })
      await listening.promise
      const protocol = `mqtt.protocol=${version === 5 ? '"5"' : '3.1.1'}`
      const sent = await send('hold', CLIP, '--set', `mqtt.url=${url}`, '--set', protocol)
      expect(sent).toEqual({ code: 0, out: `Clip ${CLIP} is held.\n`, said: '' })
      expect(done).toEqual([`hold ${CLIP}`])
      const refused = await send('delete', CLIP, '--set', `mqtt.url=${url}`, '--set', protocol)
      expect(refused).toMatchObject({
        code: 2,
        said: `lintel: the doorbell: clip ${CLIP} is held; release it first\n`,
      })
    },
  )

  it('says what was wanted', async () => {
    const url = `mqtt.url=mqtt://127.0.0.1:${mosquitto.port}`
    expect(await send('open', 'door', '--set', url)).toMatchObject({
      code: 2,
      said: expect.stringMatching(/wanted delete CLIP, hold CLIP.*got open door/),
    })
    expect(await send('restart')).toMatchObject({ code: 2, said: expect.stringMatching(/no broker is set/) })
    expect(await send('hold', 'nonsense', '--set', url)).toMatchObject({
      code: 2,
      said: expect.stringMatching(/wanted a clip id/),
    })
  })
})

function lintel(...args: readonly string[]): Promise<{ code: number | null; out: string; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(LINTEL, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, said] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('close', (code) => resolve({ code, out, said }))
  })
}
