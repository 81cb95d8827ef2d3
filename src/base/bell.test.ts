import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Bell } from './bell.ts'

describe('a bell', () => {
  it('wakes who waits, each time', async () => {
    const bell = new Bell()
    const { signal } = new AbortController()
    for (let i = 0; i < 3; i++) {
      const waiting = bell.untilRung(signal)
      bell.ring()
      await waiting
    }
  })

  it('is not heard by who begins to wait later', async () => {
    const bell = new Bell()
    bell.ring()
    const stop = new AbortController()
    let isAwake = false
    const waiting = bell.untilRung(stop.signal).then(() => (isAwake = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(isAwake).toBe(false)
    stop.abort()
    await waiting
  })

  it('lets go who is told to stop, before and while they wait', async () => {
    const stop = new AbortController()
    const waiting = new Bell().untilRung(stop.signal)
    stop.abort()
    await waiting
    await new Bell().untilRung(stop.signal)
  })

  it('leaves nothing on the signal', async () => {
    const bell = new Bell()
    const { signal } = new AbortController()
    for (let i = 0; i < 100; i++) {
      const waiting = bell.untilRung(signal)
      bell.ring()
      await waiting
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
