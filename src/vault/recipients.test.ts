import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import {
  formatRecipient,
  makePair,
  ownerSigner,
  sha256,
  signRecipients,
  type NoteSigner,
} from '../formats/index.ts'
import type { Records } from '../ports/records.ts'
import { openRecipients, RECIPIENTS_FILE, type Recipients } from './index.ts'

const owner = ownerSigner(new Uint8Array(32).fill(1))
const stranger = ownerSigner(new Uint8Array(32).fill(2))
const ANNA = formatRecipient(makePair().publicKey)
const BEN = formatRecipient(makePair().publicKey)
const hashOf = (note: string): string => hex(sha256(utf8(note)))

type ListOptions = { readonly keys?: readonly string[]; readonly by?: NoteSigner; readonly after?: string }

function listNote(version: number, { keys = [ANNA], by = owner, after }: ListOptions = {}): string {
  const list = {
    format: 'lintel-recipients/1' as const,
    version,
    recipients: keys.map((key) => ({ key, name: 'phone' })),
    owner: Buffer.from(by.publicKey).toString('base64'),
    previous: after === undefined ? null : hashOf(after),
  }
  return signRecipients(list, by)
}

const FIRST = listNote(1)
const SECOND = listNote(2, { keys: [ANNA, BEN], after: FIRST })

describe('a device', () => {
  it('without a list says how to make one', async () => {
    await expect(new House().open()).rejects.toMatchObject({
      name: 'Fault',
      kind: 'missing',
      message: expect.stringContaining('`lintel owner init'),
    })
  })

  it('seals to those on its list', async () => {
    const house = new House()
    await house.give(SECOND)
    expect(await (await house.open()).current()).toEqual([ANNA, BEN])
  })

  it.each<[string, (note: string) => Uint8Array]>([
    ['somebody else on it', (note) => utf8(note.replace(ANNA, BEN))],
    ['no signature', (note) => utf8(note.slice(0, note.indexOf('\n\n') + 1))],
    ['nothing in it', () => new Uint8Array()],
    ['bytes that are no text', () => Uint8Array.of(0xff, 0xfe)],
  ])('does not start with a list that has %s', async (_what, change) => {
    const house = new House()
    await house.disk.replace(RECIPIENTS_FILE, change(FIRST))
    await expect(house.open()).rejects.toMatchObject({
      name: 'Fault',
      kind: 'corrupt',
      message: expect.stringContaining(RECIPIENTS_FILE),
    })
  })

  it('has a new list written down, once, before it counts', async () => {
    const house = new House()
    await house.give(FIRST)
    const recipients = await house.open()
    expect(recipients.unrecorded()).toEqual({
      entry: { type: 'recipients', version: 1, sha256: hashOf(FIRST) },
      pin: {
        put: 'device',
        key: 'recipients',
        row: { owner: Buffer.from(owner.publicKey).toString('base64'), version: 1, sha256: hashOf(FIRST) },
      },
    })
    await house.record(recipients)
    expect(recipients.unrecorded()).toBeUndefined()
    expect((await house.open()).unrecorded()).toBeUndefined()
  })

  it('asks again for a list to be written down until it was', async () => {
    const house = new House()
    await house.give(FIRST)
    const recipients = await house.open()
    expect(recipients.unrecorded()).toEqual(recipients.unrecorded())
    expect((await house.open()).unrecorded()).toMatchObject({ entry: { version: 1 } })
  })
})

describe('a device that has worked with a list', () => {
  const housed = async (...notes: readonly string[]): Promise<{ house: House; recipients: Recipients }> => {
    const house = new House()
    for (const note of notes) {
      await house.give(note)
      await house.record(await house.open())
    }
    return { house, recipients: await house.open() }
  }

  it('takes up a newer one of the same owner while it runs, and has that written down too', async () => {
    const { house, recipients } = await housed(FIRST)
    await house.give(SECOND)
    expect(await recipients.current()).toEqual([ANNA, BEN])
    expect(recipients.unrecorded()).toMatchObject({ entry: { version: 2, sha256: hashOf(SECOND) } })
    await house.record(recipients)
    expect(recipients.unrecorded()).toBeUndefined()
  })

  it('takes up a newer one when it starts', async () => {
    const { house } = await housed(FIRST)
    await house.give(SECOND)
    const recipients = await house.open()
    expect(await recipients.current()).toEqual([ANNA, BEN])
    expect(recipients.unrecorded()).toMatchObject({ entry: { version: 2 } })
  })

  it('takes up one that is several versions newer', async () => {
    const { house, recipients } = await housed(FIRST)
    await house.give(listNote(5, { keys: [BEN], after: 'a list that we have not seen' }))
    expect(await recipients.current()).toEqual([BEN])
  })

  it.each<[string, string]>([
    ['an older one', FIRST],
    ['another one of the same version', listNote(2, { keys: [BEN], after: FIRST })],
    ['a stranger’s', listNote(3, { keys: [BEN], by: stranger, after: SECOND })],
    ['the next one of another history', listNote(3, { keys: [BEN], after: FIRST })],
    ['the next one of no history', listNote(3, { keys: [BEN] })],
    ['one that was changed', listNote(3, { keys: [ANNA], after: SECOND }).replace(ANNA, BEN)],
    ['rubbish', 'rubbish'],
  ])('goes on with what it knows when somebody puts %s in its place', async (_what, note) => {
    const { house, recipients } = await housed(FIRST, SECOND)
    await house.give(note)
    expect(await recipients.current()).toEqual([ANNA, BEN])
    expect(recipients.unrecorded()).toBeUndefined()
  })

  it('goes on with what it knows when the list is gone, is no text, or cannot be read', async () => {
    const { house, recipients } = await housed(SECOND)
    await house.disk.remove(RECIPIENTS_FILE)
    expect(await recipients.current()).toEqual([ANNA, BEN])
    await house.disk.replace(RECIPIENTS_FILE, Uint8Array.of(0xff))
    expect(await recipients.current()).toEqual([ANNA, BEN])
    house.disk.refuse(new Fault('denied', 'not yours'))
    expect(await recipients.current()).toEqual([ANNA, BEN])
  })

  it.each<[string, string, RegExp]>([
    ['an older one', FIRST, /version 1, but this device has already worked with version 2/],
    [
      'another one of the same version',
      listNote(2, { keys: [BEN], after: FIRST }),
      /version 2, but this device has already worked with version 2/,
    ],
    ['a stranger’s', listNote(3, { keys: [BEN], by: stranger }), /signed by another owner/],
    [
      'the next one of another history',
      listNote(3, { keys: [BEN], after: FIRST }),
      /version 3 does not follow the version 2/,
    ],
  ])('does not start with %s', async (_what, note, words) => {
    const { house } = await housed(FIRST, SECOND)
    await house.give(note)
    await expect(house.open()).rejects.toMatchObject({
      name: 'Fault',
      kind: 'denied',
      message: expect.stringMatching(words),
    })
  })

  it.each(['text', 7, {}, { owner: 'x', version: '1', sha256: 'y' }])(
    'does not start when what it remembers is %j',
    async (row) => {
      const { house } = await housed(FIRST)
      await house.records.write([{ put: 'device', key: 'recipients', row }])
      await expect(house.open()).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' })
    },
  )
})

class House {
  readonly disk = createMemoryDisk()
  readonly records: Records = new MemoryRecords().open()

  /** What the owner's command does with a new list. */
  give(note: string): Promise<void> {
    return this.disk.replace(RECIPIENTS_FILE, utf8(note))
  }

  open(): Promise<Recipients> {
    return openRecipients(this)
  }

  /** What the doorbell does before it seals. */
  async record(recipients: Recipients): Promise<void> {
    await recipients.current()
    const unrecorded = recipients.unrecorded()
    if (unrecorded === undefined) return
    await this.records.write([unrecorded.pin])
    recipients.recorded()
  }
}
