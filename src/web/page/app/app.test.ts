import { describe, expect, it } from 'vitest'
import { parseRoute } from './route.ts'
import { ringAfter, type Ring } from './rings.ts'

describe('an address', () => {
  it('leads to a code, a visit, a press, a place, and otherwise to the door', () => {
    expect(parseRoute('#enrol=AbC-_9')).toEqual({ at: 'enrol', secret: 'AbC-_9' })
    expect(parseRoute('#join=x')).toEqual({ at: 'join', code: 'x' })
    expect(parseRoute('#/visit/0a1b')).toEqual({ at: 'visit', visit: '0a1b' })
    expect(parseRoute('#/ring/0a1b')).toEqual({ at: 'ring', press: '0a1b' })
    expect(parseRoute('#/settings')).toEqual({ at: 'settings' })
    for (const hash of ['', '#', '#/', '#/nowhere', '#enrol=', '#<script>'])
      expect(parseRoute(hash)).toEqual({ at: 'door' })
  })
})

describe('a ring', () => {
  const press = { type: 'press', press: 'p1', visit: 'v1', atUnixMs: 5, hasPicture: true } as const
  const ringing: Ring = { press: 'p1', atUnixMs: 5, isSilent: false, pictureRound: 1, isMine: false }

  it('begins with a press, and asks for its picture again when that is made', () => {
    expect(ringAfter(undefined, press)).toEqual(ringing)
    expect(ringAfter(ringing, { type: 'press-picture', press: 'p1' })).toEqual({
      ...ringing,
      pictureRound: 2,
    })
    expect(ringAfter(ringing, { type: 'press-picture', press: 'p0' })).toBe(ringing)
  })

  it('goes on when the device tells of it again', () => {
    const answered = { ...ringing, pictureRound: 2 }
    expect(ringAfter(answered, press)).toBe(answered)
  })

  it('is silent in quiet hours', () => {
    expect(ringAfter(undefined, { ...press, silent: true })).toEqual({ ...ringing, isSilent: true })
  })

  it('is over when somebody else answers, and stays for whoever has answered here', () => {
    const over = { type: 'press-over', press: 'p1', how: 'answered', by: 'Jan' } as const
    expect(ringAfter(ringing, over)).toEqual({ ...ringing, over: { how: 'answered', by: 'Jan' } })
    const mine = { ...ringing, isMine: true }
    expect(ringAfter(mine, over)).toBe(mine)
    expect(ringAfter(ringing, { ...over, press: 'p0' })).toBe(ringing)
  })

  it('does not take the door away from whoever talks there', () => {
    const mine = { ...ringing, isMine: true }
    expect(ringAfter(mine, { ...press, press: 'p2' })).toBe(mine)
  })
})
