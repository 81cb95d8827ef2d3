import { createPrivateKey, X509Certificate } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { silentLog } from '../../base/log.ts'
import { unixMs } from '../../base/time.ts'
import { createMemoryDisk } from '../../../sim/devices/memory-disk.ts'
import { openCertificate } from './certificates.ts'
import { ask } from './client.fixture.ts'
import { createHttpServer } from './server.ts'

const NOW = unixMs(Date.now())
const DAY_MS = 24 * 3600_000
const NAMES = ['door.local', 'localhost', '192.168.1.9', '127.0.0.1']

describe('the device’s certificate', () => {
  let disk = createMemoryDisk()
  beforeEach(() => {
    disk = createMemoryDisk()
  })
  const open = (names: readonly string[] = NAMES, now = NOW) => openCertificate({ disk, names, now })
  const daysOf = (pem: string): number => {
    const { validFromDate, validToDate } = new X509Certificate(pem)
    return (validToDate.getTime() - validFromDate.getTime()) / DAY_MS
  }

  it('is for its names, under a root of ten years, for at most 397 days', async () => {
    const { cert, key, root } = await open()
    const leaf = new X509Certificate(cert)
    expect(leaf.verify(new X509Certificate(root).publicKey)).toBe(true)
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true)
    for (const name of ['door.local', 'localhost']) expect(leaf.checkHost(name)).toBe(name)
    expect(leaf.checkHost('evil.example')).toBeUndefined()
    expect(leaf.checkIP('192.168.1.9')).toBe('192.168.1.9')
    expect(daysOf(cert)).toBeLessThanOrEqual(397)
    expect(daysOf(root)).toBeGreaterThan(3650)
    expect(new X509Certificate(root).ca).toBe(true)
  })

  it('stays the same over restarts, until it ends soon', async () => {
    const first = await open()
    expect(await open()).toEqual(first)
    const late = unixMs(first.renewAtUnixMs + 1)
    const next = await open(NAMES, late)
    expect(next.root).toBe(first.root)
    expect(next.cert).not.toBe(first.cert)
    expect(new X509Certificate(next.cert).validToDate.getTime()).toBeGreaterThan(late + 300 * DAY_MS)
  })

  it('is made anew under the same root for another address, under another root for another name', async () => {
    const first = await open()
    const moved = await open(['door.local', 'localhost', '192.168.1.77'])
    expect(moved.root).toBe(first.root)
    expect(new X509Certificate(moved.cert).checkIP('192.168.1.77')).toBe('192.168.1.77')
    expect((await open(['other.local'])).root).not.toBe(first.root)
  })

  it('is made anew where its files are damaged or do not belong together', async () => {
    await open()
    const other = fromUtf8(await disk.read('tls/device.key'))
    await disk.replace('tls/root.key', utf8(other))
    const { cert, root } = await open()
    expect(new X509Certificate(cert).verify(new X509Certificate(root).publicKey)).toBe(true)
    await disk.replace('tls/device.crt', utf8('nonsense'))
    expect((await open()).root).toBe(root)
  })

  it('is what a browser that has the root installed believes, over HTTP/1.1', async () => {
    const { cert, key, root } = await open()
    const takers = {
      onRequest: async () => ({ status: 200, body: 'well' }),
      onUpgrade: async () => ({ status: 404 }),
    }
    await using listening = await createHttpServer({ log: silentLog }).listen(takers, {
      host: '127.0.0.1',
      port: 0,
      tls: { cert, key },
    })
    expect(listening.isSecure).toBe(true)
    expect((await ask(listening.port, { target: '/', ca: root })).status).toBe(200)
    const stranger = await openCertificate({ disk: createMemoryDisk(), names: NAMES, now: NOW })
    await expect(ask(listening.port, { target: '/', ca: stranger.root })).rejects.toThrow()
  })

  it('and key that do not belong together are refused', async () => {
    const { cert } = await open()
    const { key } = await openCertificate({ disk: createMemoryDisk(), names: NAMES, now: NOW })
    const takers = { onRequest: async () => ({ status: 200 }), onUpgrade: async () => ({ status: 404 }) }
    const listen = createHttpServer({ log: silentLog }).listen(takers, {
      host: '127.0.0.1',
      port: 0,
      tls: { cert, key },
    })
    await expect(listen).rejects.toMatchObject({ kind: 'invalid' })
  })
})
