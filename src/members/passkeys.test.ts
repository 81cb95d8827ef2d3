import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { unixMs } from '../base/time.ts'
import { makeOwner } from '../formats/owner.fixture.ts'
import { acceptRecipients, RECIPIENTS_FILE } from '../vault/index.ts'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createMembers, type Caller, type Members } from './index.ts'

const ORIGIN = 'https://door.local:8443'
const caller: Caller = { peer: '192.168.1.20', origin: ORIGIN, device: 'Safari on iPhone' }
const device = { name: 'Door', keyName: 'k', publicKey: 'p', version: '1', simulated: false }
const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest()
const text = (letters: string): Buffer =>
  Buffer.concat([Buffer.of(0x60 | letters.length), Buffer.from(letters)])

/** An authenticator as a phone has one, of bytes as WebAuthn Level 3 has them: ES256, no attestation. */
class Authenticator {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #id = randomBytes(16)
  counter = 0
  fmt = 'none'

  create(challenge: string, origin = ORIGIN): unknown {
    const client = this.#clientData('webauthn.create', challenge, origin)
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const cose = Buffer.concat([
      Buffer.of(0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32),
      Buffer.from(x, 'base64url'),
      Buffer.of(0x22, 0x58, 32),
      Buffer.from(y, 'base64url'),
    ])
    const about = Buffer.concat([Buffer.alloc(16), Buffer.of(0, this.#id.length), this.#id, cose])
    const auth = Buffer.concat([this.#authData(0x45), about])
    const attestation = Buffer.concat([
      Buffer.of(0xa3),
      text('fmt'),
      text(this.fmt),
      text('attStmt'),
      Buffer.of(0xa0),
      text('authData'),
      Buffer.of(0x58, auth.length),
      auth,
    ])
    return this.#response({
      clientDataJSON: client.toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    })
  }

  get(challenge: string, origin = ORIGIN): unknown {
    const client = this.#clientData('webauthn.get', challenge, origin)
    const auth = this.#authData(0x05)
    return this.#response({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: auth.toString('base64url'),
      signature: sign('sha256', Buffer.concat([auth, sha256(client)]), this.#keys.privateKey).toString(
        'base64url',
      ),
    })
  }

  #response(response: object): unknown {
    const id = this.#id.toString('base64url')
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response }
  }

  #clientData(type: string, challenge: string, origin: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }

  #authData(flags: number): Buffer {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(++this.counter)
    return Buffer.concat([sha256('door.local'), Buffer.of(flags), counter])
  }
}

describe('a passkey', () => {
  let members: Members
  let clock: SimClock
  let phone: Authenticator
  beforeEach(async () => {
    clock = new SimClock({ bootWall: unixMs(1_800_000_000_000) })
    phone = new Authenticator()
    const vault = { acceptRecipients, RECIPIENTS_FILE } as const
    const records = new MemoryRecords().open()
    members = createMembers({ clock, disk: createMemoryDisk(), records, device: () => device, vault })
  })
  const enrol = async (make: (challenge: string) => unknown) => {
    const { recipient, note } = makeOwner()
    const { id, challenge } = await members.challenge(caller, undefined)
    const secret = (await members.enrolment()) ?? ''
    const credential = { kind: 'passkey' as const, challengeId: id, response: make(challenge) }
    return members.enrol({ secret, name: 'Ada', recipient, recipients: note, credential }, caller)
  }
  const login = async (make: (challenge: string) => unknown) => {
    const { id, challenge } = await members.challenge(caller, undefined)
    return (await members.login({ kind: 'passkey', challengeId: id, response: make(challenge) }, caller))
      .admitted
  }

  it('enrols, signs in, and is counted', async () => {
    expect(await enrol((challenge) => phone.create(challenge))).toMatchObject({
      it: { who: { passkeys: 1 } },
    })
    expect(await login((challenge) => phone.get(challenge))).toBe(true)
    expect(await login((challenge) => phone.get(challenge))).toBe(true)
  })

  it('is not believed for another site, another challenge, from another phone or from a copy', async () => {
    await enrol((challenge) => phone.create(challenge))
    await login((challenge) => phone.get(challenge))
    expect(await login((challenge) => phone.get(challenge, 'https://evil.example'))).toBe(false)
    expect(await login(() => phone.get('AAAA'))).toBe(false)
    expect(await login((challenge) => new Authenticator().get(challenge))).toBe(false)
    expect(await login(() => ({ id: 'x' }))).toBe(false)
    phone.counter = 0
    expect(await login((challenge) => phone.get(challenge))).toBe(false)
  })

  it('answers each challenge once, within five minutes', async () => {
    await enrol((challenge) => phone.create(challenge))
    const { id, challenge } = await members.challenge(caller, undefined)
    const body = { kind: 'passkey' as const, challengeId: id, response: phone.get(challenge) }
    expect((await members.login(body, caller)).admitted).toBe(true)
    expect((await members.login({ ...body, response: phone.get(challenge) }, caller)).admitted).toBe(false)
    const late = await members.challenge(caller, undefined)
    await clock.advance(5 * 60_000 + 1)
    const answer = { kind: 'passkey' as const, challengeId: late.id, response: phone.get(late.challenge) }
    expect((await members.login(answer, caller)).admitted).toBe(false)
  })

  it('is not registered from another site, nor with an attestation nobody asked for', async () => {
    await expect(enrol((challenge) => phone.create(challenge, 'https://evil.example'))).rejects.toMatchObject(
      {
        kind: 'invalid',
      },
    )
    phone.fmt = 'tpm'
    await expect(enrol((challenge) => phone.create(challenge))).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('is added by who is signed in already', async () => {
    const entered = await enrol((challenge) => phone.create(challenge))
    if (!entered.admitted) throw new Error('refused')
    const tablet = new Authenticator()
    const { id, challenge, create } = await members.challenge(caller, entered.it.who)
    expect(create).toMatchObject({ user: { name: 'Ada' }, excludeCredentials: [{ type: 'public-key' }] })
    await members.addPasskey(entered.it.who, { challengeId: id, response: tablet.create(challenge) }, caller)
    expect(await login((asked) => tablet.get(asked))).toBe(true)
    expect(await login((asked) => phone.get(asked))).toBe(true)
  })
})
