import { sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, hex, utf8 } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import { unixMs } from '../base/time.ts'
import { sha256, signRecipients, type NoteSigner } from '../formats/index.ts'
import { acceptRecipients, RECIPIENTS_FILE } from '../vault/index.ts'
import type { Credential, EnrolBody, KeyProof } from '../web/index.ts'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { makeOwner, newRecipient } from '../formats/owner.fixture.ts'
import {
  createMembers,
  ENROL_FILE,
  type Admission,
  type Caller,
  type Entered,
  type Members,
} from './index.ts'

const BOOT = unixMs(1_800_000_000_000)
const DAY_MS = 24 * 3600_000
const credential: Credential = { kind: 'passphrase', passphrase: 'a passphrase of some length' }
const caller: Caller = { peer: '192.168.1.20', origin: 'https://door.local:8443', device: 'Firefox on Linux' }
const device = { name: 'Door', keyName: 'k', publicKey: 'p', version: '1', simulated: false }

let [disk, records, clock] = [createMemoryDisk(), new MemoryRecords(), new SimClock({ bootWall: BOOT })]
let owner = makeOwner()
let members: Members
/** The device starts anew with what it has. */
const start = (): Members =>
  createMembers({
    clock,
    disk,
    records: records.open(),
    device: () => device,
    vault: { acceptRecipients, RECIPIENTS_FILE },
  })
beforeEach(() => {
  ;[disk, records, clock] = [createMemoryDisk(), new MemoryRecords(), new SimClock({ bootWall: BOOT })]
  owner = makeOwner()
  members = start()
})

const admitted = <T>(admission: Admission<T>): T => {
  if (!admission.admitted) throw new Error(`refused: ${admission.why}`)
  return admission.it
}
const secretOf = async (): Promise<string> => (await members.enrolment()) ?? 'none'
const enrolBody = async (more: Partial<EnrolBody> = {}): Promise<EnrolBody> => ({
  secret: await secretOf(),
  name: 'Ada',
  recipient: owner.recipient,
  recipients: owner.note,
  credential,
  ...more,
})
const enrol = async (): Promise<Entered> => admitted(await members.enrol(await enrolBody(), caller))
const proofBy = async (signer: NoteSigner): Promise<KeyProof> => {
  const { id, challenge } = await members.challenge(caller, undefined)
  const signature = sign(null, utf8(`lintel-login/1\n${challenge}\n`), signer.secret).toString('base64url')
  return { challengeId: id, publicKey: Buffer.from(signer.publicKey).toString('base64'), signature }
}
const passphraseOf = (name: string) => ({
  kind: 'passphrase' as const,
  name,
  passphrase: credential.passphrase,
})
const kindOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (isFault(error) ? error.kind : error),
  )

describe('the code of a new device', () => {
  it('stays the same until it is used, also over a restart, in a file only the device reads', async () => {
    const secret = await secretOf()
    expect(Buffer.from(secret, 'base64url').length * 8).toBeGreaterThanOrEqual(128)
    members = start()
    expect(await secretOf()).toBe(secret)
    expect(fromUtf8(await disk.read(ENROL_FILE)).trim()).toBe(secret)
  })

  it('lets the first owner in, once, and binds the device to their list', async () => {
    const events: string[] = []
    members.subscribe(({ type }) => events.push(type))
    const body = await enrolBody()
    const { who } = admitted(await members.enrol(body, caller))
    expect(who).toMatchObject({ name: 'Ada', role: 'owner', recipient: owner.recipient })
    expect(fromUtf8(await disk.read(RECIPIENTS_FILE))).toBe(owner.note)
    expect(events).toEqual(['owner-known', 'members'])
    expect(await members.enrolment()).toBeUndefined()
    expect((await members.enrol(body, caller)).admitted).toBe(false)
    members = start()
    expect(await members.enrolment()).toBeUndefined()
    expect(await kindOf(disk.read(ENROL_FILE))).toBe('missing')
  })

  it('lets in one of two who use it at once', async () => {
    const body = await enrolBody()
    const both = await Promise.all([members.enrol(body, caller), members.enrol(body, caller)])
    expect(both.map(({ admitted }) => admitted).sort()).toEqual([false, true])
  })

  it('is good no more when the power goes before its file is removed', async () => {
    const body = await enrolBody()
    await enrol()
    await disk.replace(ENROL_FILE, utf8(`${body.secret}\n`))
    members = start()
    expect(await members.enrolment()).toBeUndefined()
    expect((await members.enrol(body, caller)).admitted).toBe(false)
  })

  it('may be used again when the power went after the list, before the member was written', async () => {
    await disk.replace(RECIPIENTS_FILE, utf8(owner.note))
    expect((await enrol()).who.role).toBe('owner')
  })

  it('does not take the device from an owner whose list it has worked with', async () => {
    await disk.replace(RECIPIENTS_FILE, utf8(owner.note))
    await records.open().write([{ put: 'device', key: 'recipients', row: { owner: 'x' } }])
    expect(await kindOf(members.enrol(await enrolBody(), caller))).toBe('denied')
    owner = makeOwner()
    expect(await kindOf(members.enrol(await enrolBody(), caller))).toBe('denied')
  })

  it.each([
    ['a list without the recipient', async () => enrolBody({ recipient: newRecipient() })],
    [
      'no list and no proof',
      async () => {
        const { recipients: _, ...body } = await enrolBody()
        return body
      },
    ],
    ['a list that was changed', async () => enrolBody({ recipients: owner.note.replace('Ada', 'Eve') })],
    ['a list that is no list', async () => enrolBody({ recipients: 'nonsense' })],
    [
      'a short passphrase',
      async () => enrolBody({ credential: { kind: 'passphrase', passphrase: 'elevenchars' } }),
    ],
    [
      'a passkey of nobody',
      async () => enrolBody({ credential: { kind: 'passkey', challengeId: 'x', response: {} } }),
    ],
    ['no name', async () => enrolBody({ name: '  ' })],
  ])('refuses %s, and stays good', async (_, make) => {
    expect(await kindOf(members.enrol(await make(), caller))).toBe('invalid')
    expect(records.rows('member')).toEqual([])
    expect(await kindOf(disk.read(RECIPIENTS_FILE))).toBe('missing')
    expect((await enrol()).who.name).toBe('Ada')
  })

  it('on a device whose owner is known wants their signature, and keeps who they were', async () => {
    const first = await enrol()
    const secret = await members.reopenEnrolment()
    const { hasOwner } = admitted(await members.checkEnrolment(secret, caller))
    expect(hasOwner).toBe(true)
    const { recipients: _, ...body } = await enrolBody({ secret })
    const strangers = await proofBy(makeOwner().signer)
    expect((await members.enrol({ ...body, proof: strangers }, caller)).admitted).toBe(false)
    const proof = await proofBy(owner.signer)
    const again = admitted(await members.enrol({ ...body, proof }, caller))
    expect(again.who.member).toBe(first.who.member)
    expect(records.rows('member')).toHaveLength(1)
  })

  it('has no other way in: nothing but the code, the terminal and the recessed button begins an enrolment', async () => {
    await enrol()
    const ways = Object.keys(members).filter((name) => /enrol|reset/i.test(name))
    expect(ways.sort()).toEqual(['checkEnrolment', 'enrol', 'enrolment', 'reopenEnrolment'])
    const { readdir, readFile } = await import('node:fs/promises')
    const root = new URL('../', import.meta.url)
    const callers: string[] = []
    for (const name of await readdir(root, { recursive: true }))
      if (
        /^(?!members\/)[^.]*[.]ts$/.test(name) &&
        (await readFile(new URL(name, root), 'utf8')).includes('reopenEnrolment(')
      )
        callers.push(name)
    // Only somebody at the terminal, and household.ts for the recessed button (lines.test.ts: the outdoor one is never taken for it).
    expect(callers.filter((name) => !name.startsWith('commands/'))).toEqual(['household.ts'])
    const household = await readFile(new URL('household.ts', root), 'utf8')
    expect(household.match(/\bonReset\(\)/g)).toHaveLength(1)
    expect(household).toContain("if (happening.kind === 'reset') onReset()")
  })
})

describe('the owner’s key', () => {
  it('signs its owner in, with each challenge once', async () => {
    const { who } = await enrol()
    const proof = await proofBy(owner.signer)
    expect(admitted(await members.login({ kind: 'key', ...proof }, caller)).who.member).toBe(who.member)
    expect((await members.login({ kind: 'key', ...proof }, caller)).admitted).toBe(false)
  })

  it.each([
    ['another key', async () => proofBy(makeOwner().signer)],
    [
      'the name of the owner’s key over the signature of another',
      async () => ({
        ...(await proofBy(makeOwner().signer)),
        publicKey: Buffer.from(owner.signer.publicKey).toString('base64'),
      }),
    ],
    [
      'a challenge that was never given out',
      async () => ({ ...(await proofBy(owner.signer)), challengeId: 'zzzzzz.AAAAAAAAAAAAAAAAAAAAAA' }),
    ],
  ])('refuses %s', async (_, make) => {
    await enrol()
    expect((await members.login({ kind: 'key', ...(await make()) }, caller)).admitted).toBe(false)
  })

  it('refuses a challenge that is older than five minutes', async () => {
    await enrol()
    const proof = await proofBy(owner.signer)
    await clock.advance(5 * 60_000 + 1)
    expect((await members.login({ kind: 'key', ...proof }, caller)).admitted).toBe(false)
  })

  it('gets in while strangers guess', async () => {
    await enrol()
    for (let n = 0; n < 1000; n++)
      await members.login({ kind: 'key', ...(await proofBy(makeOwner().signer)) }, caller)
    expect((await members.login({ kind: 'key', ...(await proofBy(owner.signer)) }, caller)).admitted).toBe(
      true,
    )
  })
})

describe('an invitation', () => {
  it('lets one in, with the role it names, within a day', async () => {
    await enrol()
    const { code } = await members.invite({ name: 'Bob', role: 'household' })
    const recipient = newRecipient()
    const { who } = admitted(await members.join({ code, recipient, credential }, caller))
    expect(who).toMatchObject({ name: 'Bob', role: 'household', recipient })
    expect((await members.join({ code, recipient, credential }, caller)).admitted).toBe(false)
    const late = await members.invite({ name: 'Cy', role: 'household' })
    await clock.advance(DAY_MS)
    expect((await members.join({ code: late.code, recipient, credential }, caller)).admitted).toBe(false)
  })

  it('that was taken back lets nobody in', async () => {
    await enrol()
    const { code, id } = await members.invite({ name: 'Bob', role: 'household' })
    expect(await members.cancelInvite(id)).toEqual({ name: 'Bob' })
    expect(await members.cancelInvite(id)).toBeUndefined()
    expect((await members.join({ code, recipient: newRecipient(), credential }, caller)).admitted).toBe(false)
  })

  it('of a guest needs an end, and lets in only from its beginning to its end', async () => {
    await enrol()
    const now = clock.wall().at
    expect(await kindOf(members.invite({ name: 'Gil', role: 'guest' }))).toBe('invalid')
    expect(await kindOf(members.invite({ name: 'Gil', role: 'guest', untilUnixMs: now - 1 }))).toBe('invalid')
    const time = { fromUnixMs: now + 1000, untilUnixMs: now + 5000 }
    const { code } = await members.invite({ name: 'Gil', role: 'guest', ...time })
    const { token, who } = admitted(await members.join({ code, credential }, caller))
    expect(who.recipient).toBeUndefined()
    expect(await members.signedIn(token)).toBeUndefined()
    expect((await members.login(passphraseOf('Gil'), caller)).admitted).toBe(false)
    await clock.advance(1000)
    expect((await members.signedIn(token))?.role).toBe('guest')
    await clock.advance(4000)
    expect(await members.signedIn(token)).toBeUndefined()
  })

  it('is only for names nobody has', async () => {
    await enrol()
    expect(await kindOf(members.invite({ name: ' ADA ', role: 'household' }))).toBe('invalid')
  })
})

describe('a session', () => {
  it('lasts 90 days from its last use', async () => {
    const { token } = await enrol()
    await clock.advance(89 * DAY_MS)
    expect(await members.signedIn(token)).toBeDefined()
    await clock.advance(89 * DAY_MS)
    expect(await members.signedIn(token)).toBeDefined()
    await clock.advance(90 * DAY_MS)
    expect(await members.signedIn(token)).toBeUndefined()
    expect(records.rows('session')).toEqual([])
  })

  it('ends when it is left, and when its member is removed', async () => {
    const { who } = await enrol()
    const { code } = await members.invite({ name: 'Bob', role: 'household' })
    const bob = admitted(await members.join({ code, recipient: newRecipient(), credential }, caller))
    const again = admitted(await members.login(passphraseOf('bob'), caller))
    await members.logout(again.who)
    expect(await members.signedIn(again.token)).toBeUndefined()
    expect(await members.removeMember(bob.who.member)).toEqual({ removed: 'Bob' })
    expect(await members.signedIn(bob.token)).toBeUndefined()
    expect(await members.removeMember(bob.who.member)).toEqual({ refused: 'missing' })
    expect(await members.removeMember(who.member)).toEqual({ refused: 'last-owner' })
  })

  it('is the seventeenth of its member: the longest unused goes', async () => {
    const first = await enrol()
    for (let n = 0; n < 16; n++) {
      await clock.advance(1000)
      await members.login({ kind: 'key', ...(await proofBy(owner.signer)) }, caller)
    }
    expect(records.rows('session')).toHaveLength(16)
    expect(await members.signedIn(first.token)).toBeUndefined()
  })
})

it('keeps nothing in the index that would let anybody in', async () => {
  const secret = await secretOf()
  const { token, known } = await enrol()
  const { code } = await members.invite({ name: 'Bob', role: 'household' })
  const kept = JSON.stringify(
    ['member', 'session', 'invite', 'device'].map((table) => records.rows(table as 'member')),
  )
  for (const text of [
    secret,
    token,
    known,
    code,
    credential.kind === 'passphrase' ? credential.passphrase : '',
  ])
    expect(kept).not.toContain(text)
})

describe('the list of recipients', () => {
  const listOf = (signer: NoteSigner, version: number, previous: string): string =>
    signRecipients(
      {
        format: 'lintel-recipients/1',
        version,
        recipients: [
          { key: owner.recipient, name: 'Ada' },
          { key: newRecipient(), name: 'Bob' },
        ],
        owner: Buffer.from(signer.publicKey).toString('base64'),
        previous: hex(sha256(utf8(previous))),
      },
      signer,
    )

  it('is followed by a newer one that the same owner signed, and by no other', async () => {
    const { who } = await enrol()
    for (const note of [
      'nonsense',
      listOf(makeOwner().signer, 2, owner.note),
      listOf(owner.signer, 2, 'another past'),
    ])
      expect(await kindOf(members.putRecipients(note))).toBe('invalid')
    const next = listOf(owner.signer, 2, owner.note)
    await members.putRecipients(next)
    await members.putRecipients(next)
    expect(await kindOf(members.putRecipients(owner.note))).toBe('invalid')
    disk.powerCut()
    expect(fromUtf8(await disk.read(RECIPIENTS_FILE))).toBe(next)
    expect((await members.list(who)).recipients).toBe(next)
  })

  it('waits for the key of who has joined', async () => {
    const { who } = await enrol()
    const { code } = await members.invite({ name: 'Bob', role: 'household' })
    const bob = admitted(await members.join({ code, recipient: newRecipient(), credential }, caller))
    const { waiting, members: all } = await members.list(who)
    expect(waiting).toEqual([bob.who.member])
    expect(all.map(({ name, sessions }) => [name, sessions.map(({ isThis }) => isThis)]).sort()).toEqual([
      ['Ada', [true]],
      ['Bob', [false]],
    ])
  })
})

it('offers no passkeys at an address, which can have none', async () => {
  const at = (origin: string) => members.challenge({ ...caller, origin }, undefined)
  expect(await at('https://192.168.1.9:8443')).toMatchObject({ create: null, get: null })
  expect(await at('https://[fd00::1]:8443')).toMatchObject({ create: null, get: null })
  const { challenge, create } = await at('https://door.local:8443')
  expect(create).toMatchObject({ challenge, rp: { id: 'door.local' }, attestation: 'none' })
})
