import { unixMs } from '../../src/base/time.ts'
import { describeAudioContract } from '../../src/ports/audio.contract.ts'
import { createSimAudio } from './sim-audio.ts'
import { SimClock } from './sim-clock.ts'

describeAudioContract('the simulated board', async () => {
  const clock = new SimClock({ bootWall: unixMs(1_767_225_600_000) })
  const audio = createSimAudio(clock)
  return {
    audio,
    deaf: createSimAudio(clock, { has: false }),
    async drive(work) {
      let isDone = false
      const done = work.finally(() => (isDone = true))
      done.catch(() => {}) // Whoever drives hears of it.
      while (!isDone) await clock.advance(20)
      return done
    },
    async heard(what) {
      const { signal } = new AbortController()
      while ((what === 'chime' ? audio.played : audio.spoken).length === 0) await audio.untilHeard(signal)
    },
    async [Symbol.asyncDispose]() {},
  }
})
