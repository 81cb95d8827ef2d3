import { describe, expect, it } from 'vitest'
import type { Story } from '../story/story.ts'
import { randomStory } from './random-story.ts'
import { shrinkStory } from './shrink.ts'
import { storyProblem } from '../story/check.ts'

describe('shrinking', () => {
  it('finds the one guilty moment among thirty, and brings it near the beginning', async () => {
    const timeline = Array.from({ length: 30 }, (_, n) => ({
      atMs: 60_000 * (n + 1),
      line: 0,
      do: 'temperature' as const,
      celsius: n === 17 ? 99 : 40,
    }))
    const story: Story = { ...randomStory(1), timeline, troubles: ['slow-disk', 'hot-summer'] }
    let tries = 0
    const smallest = await shrinkStory(story, async (smaller) => {
      tries++
      return smaller.timeline.some((moment) => moment.do === 'temperature' && moment.celsius === 99)
    })
    expect(smallest.timeline).toMatchObject([{ do: 'temperature', celsius: 99, atMs: 10_000 }])
    expect(smallest.troubles).toEqual([])
    expect(tries).toBeLessThan(100)
  })

  it('gives up after so many tries, with what it has', async () => {
    let tries = 0
    const story = randomStory(2)
    const same = await shrinkStory(story, async () => {
      tries++
      return false
    })
    expect(same).toEqual(story)
    expect(tries).toBeLessThanOrEqual(400)
  })
})

describe('random stories', () => {
  it('could all happen, and are the same for the same seed', () => {
    for (let seed = 0; seed < 300; seed++) {
      expect(storyProblem(randomStory(seed))).toBeUndefined()
      expect(randomStory(seed)).toEqual(randomStory(seed))
    }
  })
})
