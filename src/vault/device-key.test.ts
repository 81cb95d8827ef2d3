import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openNote } from '../formats/index.ts'
import { openDeviceKey } from './index.ts'

const log = silentLog
const pemOf = (key: ReturnType<typeof generateKeyPairSync>['privateKey']): Uint8Array =>
  utf8(key.export({ format: 'pem', type: 'pkcs8' }).toString())

describe('the key of a device', () => {
  it('is made at the first start, and is the same ever after', async () => {
    const disk = createMemoryDisk()
    const first = await openDeviceKey({ disk, log })
    const again = await openDeviceKey({ disk, log })
    expect(first.name).toMatch(/^lintel\/[0-9a-f]{16}$/)
    expect(again.name).toBe(first.name)
    expect(again.publicKey).toEqual(first.publicKey)
  })

  it('is another for each device', async () => {
    const one = await openDeviceKey({ disk: createMemoryDisk(), log })
    const other = await openDeviceKey({ disk: createMemoryDisk(), log })
    expect(one.name).not.toBe(other.name)
  })

  it('survives a power cut right after it was made', async () => {
    const disk = createMemoryDisk()
    const { name } = await openDeviceKey({ disk, log })
    disk.powerCut()
    expect((await openDeviceKey({ disk, log })).name).toBe(name)
  })

  it('signs notes that anybody can check', async () => {
    const disk = createMemoryDisk()
    const key = await openDeviceKey({ disk, log })
    const again = await openDeviceKey({ disk, log })
    expect(openNote('note', again.signNote('words\n'), key)).toBe('words\n')
  })

  it('lies on the disk for the doorbell’s eyes only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lintel-key-'))
    try {
      await openDeviceKey({ disk: await openNodeDisk(folder), log })
      expect((await stat(join(folder, 'device.key'))).mode & 0o777).toBe(0o600)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is an Ed25519 key as other programs write them', async () => {
    const disk = createMemoryDisk()
    await disk.create('device.key', pemOf(generateKeyPairSync('ed25519').privateKey))
    const { name } = await openDeviceKey({ disk, log })
    expect((await openDeviceKey({ disk, log })).name).toBe(name)
    expect(fromUtf8(await disk.read('device.key'))).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['words', utf8('my key')],
    ['half a key', pemOf(generateKeyPairSync('ed25519').privateKey).subarray(0, 60)],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0)],
    ['a key for encryption', pemOf(generateKeyPairSync('x25519').privateKey)],
    ['a key of another kind', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
  ])('that is %s is refused with what to do, and stays as it is', async (_what, bytes) => {
    const disk = createMemoryDisk()
    await disk.create('device.key', bytes)
    await expect(openDeviceKey({ disk, log })).rejects.toMatchObject({
      name: 'Fault',
      kind: 'corrupt',
      message: expect.stringMatching(
        /^device\.key: wanted an Ed25519 .*move the file away to have a new one made$/,
      ),
    })
    expect(await disk.read('device.key')).toEqual(bytes)
  })

  it('is not made anew when the disk cannot be read', async () => {
    const disk = createMemoryDisk()
    const { name } = await openDeviceKey({ disk, log })
    disk.refuse(new Fault('denied', 'not yours'))
    await expect(openDeviceKey({ disk, log })).rejects.toMatchObject({ kind: 'denied' })
    disk.refuse(undefined)
    expect((await openDeviceKey({ disk, log })).name).toBe(name)
  })
})
