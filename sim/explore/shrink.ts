import { storyProblem } from '../story/check.ts'
import type { Moment, Story } from '../story/story.ts'

/** Stories are tried at most so often, each of them a run of its own. */
const TRIES_MAX = 400

/**
 * The smallest story found that still fails: without this trouble, without those moments, shorter, with defaults for settings.
 * Delta debugging (Zeller and Hildebrandt, “Simplifying and Isolating Failure-Inducing Input”, 2002) over the timeline, then one by one.
 */
export async function shrinkStory(
  story: Story,
  fails: (smaller: Story) => Promise<boolean>,
  onTry: (tries: number) => void = () => {},
): Promise<Story> {
  let best = story
  let tries = 0
  const attempt = async (smaller: Story): Promise<boolean> => {
    if (JSON.stringify(smaller) === JSON.stringify(best)) return false
    // What could not be read back would be of no use to anybody.
    if (tries >= TRIES_MAX || storyProblem(smaller) !== undefined) return false
    onTry(++tries)
    if (!(await fails(smaller))) return false
    best = smaller
    return true
  }
  for (let before: Story | undefined; before !== best && tries < TRIES_MAX;) {
    before = best
    await fewerTroubles(() => best, attempt)
    await fewerMoments(() => best, attempt)
    await fewerSettings(() => best, attempt)
    await shorter(() => best, attempt)
  }
  return best
}

type Attempt = (smaller: Story) => Promise<boolean>

async function fewerTroubles(best: () => Story, attempt: Attempt): Promise<void> {
  for (const name of best().troubles)
    await attempt({ ...best(), troubles: best().troubles.filter((each) => each !== name) })
}

async function fewerSettings(best: () => Story, attempt: Attempt): Promise<void> {
  for (const setting of best().settings)
    await attempt({ ...best(), settings: best().settings.filter((each) => each !== setting) })
}

/** Leaves out halves, quarters … single moments. */
async function fewerMoments(best: () => Story, attempt: Attempt): Promise<void> {
  for (
    let size = Math.ceil(best().timeline.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best().timeline.length;) {
      const { timeline } = best()
      const rest = [...timeline.slice(0, at), ...timeline.slice(at + size)]
      if (!(await attempt({ ...best(), timeline: rest }))) at += size
    }
  }
}

/** Ends sooner, and begins sooner: idle time before the first moment goes. */
async function shorter(best: () => Story, attempt: Attempt): Promise<void> {
  const last = best().timeline.at(-1)?.atMs ?? 0
  await attempt({ ...best(), untilMs: last + 1000 })
  const first = best().timeline[0]?.atMs ?? 0
  if (first > 10_000) await attempt(shifted(best(), first - 10_000))
  const { timeline } = best()
  for (let index = 1; index < timeline.length; index++) {
    const gapMs = (timeline[index]?.atMs ?? 0) - (timeline[index - 1]?.atMs ?? 0)
    if (gapMs > 30_000) await attempt(shifted(best(), gapMs - 20_000, index))
  }
}

function shifted(story: Story, ms: number, from = 0): Story {
  const timeline = story.timeline.map((moment, index): Moment =>
    index < from ? moment : { ...moment, atMs: moment.atMs - ms },
  )
  return {
    ...story,
    timeline,
    untilMs: story.untilMs === undefined ? undefined : Math.max(0, story.untilMs - ms),
  }
}
