import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openNodeDisk } from '../drivers/node-disk.ts'
import type { Disk } from '../ports/disk.ts'
import { acceptRecipients } from '../vault/index.ts'
import { makeSecret, parseIdentity, type OwnerIdentity } from './identity.ts'
import { addRecipient, enrolOwner, readRecipients, removeRecipient } from './recipients.ts'

let folder: string
let disk: Disk
let ada: OwnerIdentity
let bo: OwnerIdentity

const newIdentity = async (): Promise<OwnerIdentity> => parseIdentity('test', await makeSecret())

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-recipients-'))
  disk = await openNodeDisk(folder)
  ada = await newIdentity()
  bo = await newIdentity()
  await enrolOwner({ disk, identityText: ada.secret, name: 'Ada' })
})
afterEach(() => rm(folder, { recursive: true }))

const names = async (): Promise<readonly string[]> =>
  (await readRecipients(disk))?.list.recipients.map((each) => each.name) ?? []

describe('the recipient list', () => {
  it('begins with the owner, as version 1', async () => {
    expect((await readRecipients(disk))?.list).toMatchObject({
      version: 1,
      recipients: [{ key: ada.recipient, name: 'Ada' }],
      previous: null,
    })
    expect((await stat(join(folder, 'recipients.note'))).mode & 0o777).toBe(0o644)
  })

  it('is left alone when the same owner enrols again', async () => {
    const before = await readFile(join(folder, 'recipients.note'), 'utf8')
    expect(await enrolOwner({ disk, identityText: ada.secret, name: 'Ada again' })).toBe('already')
    expect(await readFile(join(folder, 'recipients.note'), 'utf8')).toBe(before)
  })

  it('does not let another owner take the doorbell over', async () => {
    await expect(enrolOwner({ disk, identityText: bo.secret, name: 'Bo' })).rejects.toMatchObject({
      kind: 'denied',
      message: 'this doorbell belongs to another owner (it seals to Ada), not to this key',
    })
    await expect(addRecipient(disk, bo, { key: bo.recipient, name: 'Bo' })).rejects.toMatchObject({
      kind: 'denied',
    })
  })

  it('grows by signed versions that a running device takes up', async () => {
    const before = await readRecipients(disk)
    const list = await addRecipient(disk, ada, { key: bo.recipient, name: 'Bo' })
    const after = await readRecipients(disk)
    expect(list.version).toBe(2)
    expect(await names()).toEqual(['Ada', 'Bo'])
    expect(before !== undefined && after !== undefined && acceptRecipients(before, after.note)?.list).toEqual(
      list,
    )
  })

  it('loses a recipient by key or by name, but never the last one', async () => {
    await addRecipient(disk, ada, { key: bo.recipient, name: 'Bo' })
    expect((await removeRecipient(disk, ada, 'Bo')).version).toBe(3)
    expect(await names()).toEqual(['Ada'])
    await expect(removeRecipient(disk, ada, ada.recipient)).rejects.toThrow('is the last recipient')
    await expect(removeRecipient(disk, ada, 'Cy')).rejects.toThrow('no recipient “Cy”; the list has Ada')
  })

  it('refuses the same key or name twice, wrong keys and wrong names', async () => {
    await expect(addRecipient(disk, ada, { key: ada.recipient, name: 'x' })).rejects.toThrow(
      'already, as “Ada”',
    )
    await expect(addRecipient(disk, ada, { key: bo.recipient, name: 'Ada' })).rejects.toThrow('another name')
    await expect(addRecipient(disk, ada, { key: bo.recipient.slice(1), name: 'Bo' })).rejects.toThrow(
      'wanted a recipient age1…',
    )
    await expect(addRecipient(disk, ada, { key: bo.recipient, name: '  ' })).rejects.toThrow(
      '1 to 60 letters',
    )
    expect(await names()).toEqual(['Ada'])
  })

  it('is refused when somebody edited it', async () => {
    const note = await readFile(join(folder, 'recipients.note'), 'utf8')
    await writeFile(join(folder, 'recipients.note'), note.replace(ada.recipient, bo.recipient))
    await expect(readRecipients(disk)).rejects.toMatchObject({ kind: 'corrupt' })
  })
})
