import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../base/bytes.ts'
import { formatRecipient, hasHeader, makePair, openAge, type X25519Pair } from '../formats/index.ts'
import { beginClipSeal } from './index.ts'

const recipientOf = ({ publicKey }: X25519Pair): string => formatRecipient(publicKey)

describe('the seal of a clip', () => {
  const [anna, ben, stranger] = [makePair(), makePair(), makePair()]

  it('is opened by everybody on the list and by nobody else', async () => {
    const clip = await beginClipSeal([recipientOf(anna), recipientOf(ben)])
    const sealed = clip.seal(utf8('the porch'))
    expect(openAge(sealed, [anna])).toEqual(utf8('the porch'))
    expect(openAge(sealed, [ben])).toEqual(utf8('the porch'))
    expect(() => openAge(sealed, [stranger])).toThrow(expect.objectContaining({ name: 'Fault' }))
  })

  it('is the same in front of every object of a clip, and everything behind it differs', async () => {
    const clip = await beginClipSeal([recipientOf(anna)])
    const [one, two] = [clip.seal(utf8('same')), clip.seal(utf8('same'))]
    expect(equalBytes(one.subarray(0, clip.header.length), clip.header)).toBe(true)
    expect(equalBytes(two.subarray(0, clip.header.length), clip.header)).toBe(true)
    expect(equalBytes(one, two)).toBe(false)
    expect(hasHeader(one, clip.header)).toBe(true)
  })

  it('is another for every clip', async () => {
    const one = await beginClipSeal([recipientOf(anna)])
    const two = await beginClipSeal([recipientOf(anna)])
    expect(equalBytes(one.header, two.header)).toBe(false)
    expect(hasHeader(one.seal(utf8('x')), two.header)).toBe(false)
  })

  it('closes over nothing and over much', async () => {
    const clip = await beginClipSeal([recipientOf(anna)])
    const much = Uint8Array.from({ length: 200_000 }, (_, n) => n % 251)
    expect(openAge(clip.seal(new Uint8Array()), [anna])).toHaveLength(0)
    expect(Buffer.compare(openAge(clip.seal(much), [anna]), much)).toBe(0)
  })

  it('shows nothing of what is in it', async () => {
    const clip = await beginClipSeal([recipientOf(anna)])
    const sealed = Buffer.from(clip.seal(utf8('front door, 7 o’clock')))
    for (const word of ['front', 'door', 'clock']) expect(sealed.includes(word)).toBe(false)
  })

  it.each([[[]], [['age1short']], [['somebody']]])('is not begun for %j', async (recipients) => {
    await expect(beginClipSeal(recipients)).rejects.toMatchObject({ name: 'Fault' })
  })
})
