import { describe, expect, it } from 'vitest'
import { monoMs, type MonoMs } from '../base/time.ts'
import type { LumaFrame } from '../ports/camera.ts'
import { Watch } from './watch.ts'

const frame = (atMs: number): LumaFrame => ({
  width: 2,
  height: 2,
  luma: new Uint8Array(4),
  at: monoMs(atMs),
})

/** Until everything that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A camera that can show its pictures again: `upTo` is the newest; `opened` says from where somebody looked. */
class Film {
  readonly opened: number[] = []
  upTo = 0
  isOver = false

  readonly look = async function* (this: Film, from: MonoMs): AsyncGenerator<LumaFrame, void> {
    this.opened.push(from)
    for (let at: number = from; !this.isOver || at <= this.upTo;) {
      if (at > this.upTo) await settled()
      else {
        yield frame(at)
        at += 100
      }
    }
  }.bind(this)
}

function setUp(film = new Film()) {
  const seen: number[] = []
  const stop = new AbortController()
  const watch = new Watch(film.look)
  const done = watch.run(async ({ at }) => void seen.push(at), stop.signal)
  return { film, watch, seen, done, stop: () => stop.abort() }
}

describe('a watch', () => {
  it('opens nothing as long as nobody wants to look', async () => {
    const { film, watch, done } = setUp()
    watch.want(undefined)
    await settled()
    watch.close()
    await done
    expect(film.opened).toEqual([])
  })

  it('shows pictures from where it was told on, also those of the past', async () => {
    const { film, watch, seen, done, stop } = setUp()
    film.upTo = 500
    watch.want(monoMs(300))
    while (seen.length < 3) await settled()
    stop()
    await settled()
    film.isOver = true
    await done
    expect(seen).toEqual([300, 400, 500])
    expect(film.opened).toEqual([300])
  })

  it('goes on with what it shows when it is told again from where', async () => {
    const { film, watch, seen, done } = setUp()
    film.upTo = 200
    watch.want(monoMs(0))
    while (seen.length < 3) await settled()
    watch.want(monoMs(100))
    film.upTo = 300
    film.isOver = true
    watch.close()
    await done
    expect(seen).toEqual([0, 100, 200, 300])
    expect(film.opened).toEqual([0])
  })

  it('stops when nobody wants to look any more, and begins anew when somebody does', async () => {
    const { film, watch, seen, done } = setUp()
    film.upTo = 200
    watch.want(monoMs(0))
    while (seen.length < 3) await settled()
    watch.want(undefined)
    film.upTo = 300 // The picture on which it notices.
    while (seen.length < 4) await settled()
    film.upTo = 5000
    for (let n = 0; n < 20; n++) await settled()
    expect(seen).toEqual([0, 100, 200, 300])
    watch.want(monoMs(4800))
    while (seen.length < 7) await settled()
    film.isOver = true
    watch.close()
    await done
    expect(film.opened).toEqual([0, 4800])
  })

  it('does not forget who wants to look while it closes what was looked at before', async () => {
    const film = new Film()
    film.upTo = 200
    film.isOver = true
    let closed = (): void => {}
    const slow = async function* (from: MonoMs): AsyncGenerator<LumaFrame, void> {
      try {
        yield* film.look(from)
      } finally {
        if (film.opened.length === 1) await new Promise<void>((resolve) => (closed = resolve))
      }
    }
    const watch = new Watch(slow)
    const seen: number[] = []
    const done = watch.run(async ({ at }) => {
      seen.push(at)
      if (film.opened.length === 1) watch.want(undefined)
    }, new AbortController().signal)
    watch.want(monoMs(0))
    while (seen.length < 1) await settled()
    await settled()
    watch.want(monoMs(100))
    closed()
    while (seen.length < 3) await settled()
    watch.close()
    await done
    expect([seen, film.opened]).toEqual([
      [0, 100, 200],
      [0, 100],
    ])
  })

  it('shows to its end what it has begun when the packets end', async () => {
    const { film, watch, seen, done } = setUp()
    film.upTo = 100
    film.isOver = true
    watch.want(monoMs(0))
    watch.close()
    await done
    expect(seen).toEqual([0, 100])
  })

  it('breaks when the one who takes the pictures does', async () => {
    const film = new Film()
    const watch = new Watch(film.look)
    watch.want(monoMs(0))
    const taking = watch.run(async () => {
      throw new TypeError('not a picture')
    }, new AbortController().signal)
    await expect(taking).rejects.toThrow('not a picture')
  })
})
