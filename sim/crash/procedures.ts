import type { Moment, Story } from '../story/story.ts'

/** One of the things a doorbell does to its disk, and between which moments it does it. */
export type Procedure = {
  readonly name: string
  readonly story: Story
  readonly fromMs: number
  readonly toMs: number
}

const SETTINGS = ['clip.partMs=500', 'visit.quietAfterMs=2000']

function procedure(
  name: string,
  window: { readonly fromMs: number; readonly toMs: number },
  timeline: readonly Moment[],
  settings: readonly string[] = [],
): Procedure {
  return {
    name,
    ...window,
    story: {
      title: name,
      seed: 1,
      board: 'sim',
      camera: { kind: 'drawn' },
      timeline,
      troubles: [],
      expect: [],
      settings: [...SETTINGS, ...settings],
      untilMs: window.toMs,
    },
  }
}

const visitor = (atMs: number, forMs: number): Moment => ({ atMs, line: 0, do: 'visitor', forMs })
const press = (atMs: number): Moment => ({ atMs, line: 0, do: 'press', holdMs: 150, bounceMs: 0 })
const power = (atMs: number, state: 'cut' | 'on'): Moment => ({ atMs, line: 0, do: 'power', state })
const store = (atMs: number, state: 'down' | 'up'): Moment => ({ atMs, line: 0, do: 'store', state })

const HOUR_MS = 3_600_000

/** Those of `src/clips/DESIGN.md`, and what goes on around them. */
export const PROCEDURES: readonly Procedure[] = [
  procedure('press', { fromMs: 19_990, toMs: 20_700 }, [press(20_000)]),
  procedure('two presses without a network', { fromMs: 19_990, toMs: 21_000 }, [
    { atMs: 15_000, line: 0, do: 'network', state: 'down' },
    press(20_000),
    press(20_400),
  ]),
  procedure('part', { fromMs: 20_700, toMs: 24_500 }, [visitor(20_000, 8000)]),
  procedure('part, while the store is away', { fromMs: 20_700, toMs: 24_500 }, [
    store(5000, 'down'),
    visitor(20_000, 8000),
  ]),
  procedure('clip end', { fromMs: 23_500, toMs: 30_000 }, [visitor(20_000, 4000)]),
  procedure('upload', { fromMs: 44_900, toMs: 75_000 }, [
    store(5000, 'down'),
    visitor(20_000, 3000),
    store(45_000, 'up'),
  ]),
  procedure(
    'delete',
    { fromMs: HOUR_MS - 70_000, toMs: HOUR_MS + 70_000 },
    [visitor(20_000, 3000), visitor(60_000, 2000)],
    ['retention.daysMax=0.01'],
  ),
  procedure('delete by the owner', { fromMs: 59_990, toMs: 75_000 }, [
    visitor(20_000, 3000),
    { atMs: 60_000, line: 0, do: 'owner', what: 'delete' },
  ]),
  procedure('full disk', { fromMs: 21_900, toMs: 34_000 }, [
    visitor(20_000, 6000),
    { atMs: 22_000, line: 0, do: 'disk', state: 'full' },
    press(23_000),
    { atMs: 25_000, line: 0, do: 'disk', state: 'roomy' },
  ]),
  procedure('recipient change', { fromMs: 39_000, toMs: 44_000 }, [
    visitor(15_000, 2000),
    { atMs: 38_000, line: 0, do: 'recipients', what: 'add' },
    visitor(40_000, 2500),
  ]),
  procedure('restart', { fromMs: 24_000, toMs: 34_000 }, [
    store(5000, 'down'),
    visitor(15_000, 20_000),
    press(20_000),
    power(23_000, 'cut'),
    power(24_000, 'on'),
  ]),
  procedure('orderly stop and start', { fromMs: 22_900, toMs: 28_000 }, [
    visitor(20_000, 20_000),
    { atMs: 23_000, line: 0, do: 'doorbell', what: 'restart' },
  ]),
  procedure('index rebuilt', { fromMs: 40_000, toMs: 50_000 }, [
    visitor(15_000, 4000),
    visitor(33_000, 20_000),
    power(38_000, 'cut'),
    { atMs: 38_500, line: 0, do: 'index', state: 'gone' },
    power(40_000, 'on'),
  ]),
]
