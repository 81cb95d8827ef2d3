import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { unixMs } from '../base/time.ts'
import { loadConfig } from '../config/index.ts'
import { webOptionsOf } from './web-place.ts'

const folder = mkdtempSync(join(tmpdir(), 'lintel-web-place-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const disk = createMemoryDisk()
const placeOf = (...sets: readonly string[]) =>
  webOptionsOf(loadConfig({ sets }), { disk, now: { at: unixMs(1_800_000_000_000), trusted: true } })

describe('where the page is reached', () => {
  it('is plain HTTP on this machine, under each of its own names', async () => {
    const place = await placeOf('web.names=[doorbell.test]')
    expect(place.listen).toEqual({ host: '127.0.0.1', port: 8460 })
    expect(place.names).toEqual(['doorbell.test', 'localhost', '127.0.0.1', '[::1]'])
    expect(place.rootCertificate).toBeUndefined()
  })

  it.each(['0.0.0.0', '192.168.1.5', 'doorbell.test'])(
    'is HTTPS at %s, with a certificate of its own under a root that can be installed',
    async (host) => {
      const { listen, names, rootCertificate } = await placeOf(`web.host=${host}`)
      expect(listen.tls?.cert).toContain('BEGIN CERTIFICATE')
      expect(listen.tls?.key).toContain('PRIVATE KEY')
      expect(rootCertificate).toBeDefined()
      if (host !== '0.0.0.0') expect(names).toEqual([host])
    },
  )

  it('is HTTPS with the certificate that was given, also on this machine', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    writeFileSync(cert, 'the certificate')
    writeFileSync(key, 'the key')
    const { listen, rootCertificate } = await placeOf(`web.certFile=${cert}`, `web.keyFile=${key}`)
    expect(listen.tls).toEqual({ cert: 'the certificate', key: 'the key' })
    expect(rootCertificate).toBeUndefined()
  })

  it('cannot be with half of a certificate, or one that is not there', async () => {
    await expect(placeOf('web.certFile=cert.pem')).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/certFile and keyFile together/),
    })
    const nowhere = join(folder, 'nowhere.pem')
    await expect(placeOf(`web.certFile=${nowhere}`, `web.keyFile=${nowhere}`)).rejects.toMatchObject({
      message: expect.stringContaining(nowhere),
    })
  })
})
