import { unixMs } from '../../src/base/time.ts'
import { SimClock } from './sim-clock.ts'

/** A clock that goes on by itself, for tests that only wait. */
export function createMovingClock(): AsyncDisposable & { readonly clock: SimClock } {
  const clock = new SimClock({ bootWall: unixMs(0) })
  let isOver = false
  const move = async (): Promise<void> => {
    while (!isOver) await clock.advance(1000)
  }
  const moving = move()
  return {
    clock,
    async [Symbol.asyncDispose]() {
      isOver = true
      await moving
    },
  }
}
