/**
 * How fast virtual time goes, in virtual seconds for one second of processor time:
 *
 *   scripts/bench sim
 *
 * Every row is played once to warm up, then three times; the middle one is printed. Numbers never make it fail.
 */
import path from 'node:path'
import { readFile } from 'node:fs/promises'
import { openHousehold } from '../sim/checkers/index.ts'
import { loadFilm } from '../sim/devices/film-show.ts'
import { exploreSeed } from '../sim/explore/explore.ts'
import { readStory } from '../sim/story/read.ts'
import { playStory } from '../sim/world/play.ts'
import type { Scene } from '../sim/world/world.ts'
import { ffmpegStills, probeVideo } from '../src/drivers/ffmpeg/index.ts'
import { ROOT } from './checks/tools.ts'

const ROUNDS = 3
const SEEDS = 100
const WANTED = 1000

type Row = {
  readonly name: string
  /** Milliseconds of virtual time that were played. */
  readonly play: () => Promise<number>
  readonly limit: string
}

const household = await openHousehold()

const storyOf = async (name: string): Promise<ReturnType<typeof readStory>> => {
  const file = path.join(ROOT, 'sim/stories', `${name}.yaml`)
  return readStory({ name: file, text: await readFile(file, 'utf8') })
}

async function storyRow(name: string, scene: Scene, limit: string): Promise<Row> {
  const story = await storyOf(name)
  return { name, limit, play: async () => (await playStory(story, { household, scene })).endMs }
}

const drawn: Scene = { kind: 'drawn' }
const walkUp = await probeVideo(path.join(ROOT, 'test-fixtures/walk-up.mp4'), {})
const film = await loadFilm({ name: 'walk-up', facts: walkUp })

const rows: readonly Row[] = [
  await storyRow('quiet-days', drawn, 'idle: one packet each ten seconds and the retention each minute'),
  await storyRow('week-without-store', drawn, 'retries of the store, and the idle time between them'),
  {
    name: `${SEEDS} random stories`,
    limit: 'signatures and key exchange of clips and starts, sealing, and opening it all again to check it',
    play: async () => {
      let virtualMs = 0
      for (let seed = 1; seed <= SEEDS; seed++) virtualMs += (await exploreSeed(seed, household)).virtualMs
      return virtualMs
    },
  },
  await storyRow(
    'walk-up',
    { kind: 'film', film, stills: ffmpegStills },
    'the motion detector on five pictures a second; the 360p video was decoded beforehand',
  ),
]

console.log(
  `virtual seconds for one second of processor time, Node ${process.version}; without video wanted ≥ ${WANTED}\n`,
)
for (const row of rows) {
  await row.play()
  const speeds: number[] = []
  for (let round = 0; round < ROUNDS; round++) speeds.push(await speedOf(row))
  const middle = speeds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
  console.log(
    `${row.name.padEnd(22)} ${Math.round(middle).toLocaleString('en').padStart(10)} ×   limited by ${row.limit}`,
  )
}

async function speedOf({ play }: Row): Promise<number> {
  const before = process.cpuUsage()
  const virtualMs = await play()
  const { user, system } = process.cpuUsage(before)
  return (virtualMs * 1000) / (user + system)
}
