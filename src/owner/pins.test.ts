import { describe, expect, it } from 'vitest'
import { acceptPin, comparePins, formatPins, noPins, parsePins, type SeenLedger } from './pins.ts'

const AA = { name: 'lintel/aa', key: 'YWE=' }
const BB = { name: 'lintel/bb', key: 'YmI=' }
const ROOTS = ['r0', 'r1', 'r2', 'r3', 'r4']
const seen = (size: number, changes: Partial<SeenLedger> = {}): SeenLedger => ({
  place: '/srv/door',
  device: AA,
  checkpoint: { size, root: ROOTS[size] ?? '' },
  rootAt: (n) => (n <= size ? ROOTS[n] : undefined),
  ...changes,
})
const pinnedAt = (size: number) => comparePins(noPins, seen(size)).next

describe('the owner’s memory of a device', () => {
  it('believes the first sight and follows a ledger that grows', () => {
    const first = comparePins(noPins, seen(2))
    expect(first.surprise).toBeUndefined()
    const second = comparePins(first.next, seen(4))
    expect(second.surprise).toBeUndefined()
    expect(second.next.places['/srv/door']).toEqual({
      device: AA,
      checkpoint: { size: 4, root: 'r4' },
    })
  })

  it('tells of a changed device key and goes on telling', () => {
    const again = comparePins(pinnedAt(2), seen(4, { device: BB }))
    expect(again.surprise).toBe('/srv/door: the device key changed: it was lintel/aa, now it is lintel/bb')
    expect(again.next).toEqual(pinnedAt(2))
  })

  it('tells of a ledger that is shorter, gone or rewritten', () => {
    expect(comparePins(pinnedAt(3), seen(2)).surprise).toContain(
      'rolled back: it had 3 entries, now it has 2',
    )
    const { checkpoint: _, ...without } = seen(3)
    expect(comparePins(pinnedAt(3), without).surprise).toContain('the ledger is gone')
    const rewritten = seen(4, { rootAt: () => 'other' })
    expect(comparePins(pinnedAt(3), rewritten).surprise).toContain(
      'its first 3 entries are not what they were',
    )
  })

  it('keeps places apart: a cloud may lag behind the doorbell', () => {
    expect(comparePins(pinnedAt(3), seen(2, { place: 'https://cloud/door' })).surprise).toBeUndefined()
  })

  it('takes what is there once the owner accepts it', () => {
    const accepted = acceptPin(pinnedAt(3), seen(1, { device: BB }))
    expect(comparePins(accepted, seen(1, { device: BB })).surprise).toBeUndefined()
  })

  it('survives being written down, and says when it was damaged', () => {
    expect(parsePins('x', formatPins(pinnedAt(3)))).toEqual(pinnedAt(3))
    expect(() => parsePins('pins', 'nonsense')).toThrow('pins: not JSON')
    expect(() => parsePins('pins', '{"format":"other"}')).toThrow('wanted {"format":"lintel-pins/1"')
    expect(() => parsePins('pins', '{"format":"lintel-pins/1","places":{"a":{}}}')).toThrow(
      'a: wanted a device',
    )
  })
})
