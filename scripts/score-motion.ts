/** What the motion detector finds in videos, and how well; see the script `score-motion` beside this file. */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/base/fault.ts'
import { sceneNames, sceneOf } from '../sim/scenes/index.ts'
import { labelsOf } from './fixtures-make.ts'
import { openManifest, type Labels } from './fixtures-manifest.ts'
import { mean, quantile, scoreMotion, totalScore, type Score, type Span } from './score-motion-rules.ts'
import { watchScene, watchVideo, type Watched } from './score-motion-watch.ts'

const SCENE_S_MAX = 120

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, scenes: { type: 'boolean', default: false } },
})
if (positionals.length === 0 && !values.scenes) {
  console.error('score-motion: wanted at least one video, or --scenes')
  process.exit(2)
}

const found: Record<string, readonly Span[]> = {}
const scores: Score[] = []
const labelled = await knownLabels()
try {
  for (const file of positionals)
    tell(path.basename(file), await watchVideo(file), labelled.get(path.basename(file)))
  if (values.scenes) watchScenes()
} catch (error) {
  console.error(`score-motion: ${messageOf(error)}`)
  process.exitCode = 1
}
if (values.json) console.log(JSON.stringify(found))
else console.log(line('all', totalScore(scores)))

async function knownLabels(): Promise<ReadonlyMap<string, Labels>> {
  const { manifest } = await openManifest()
  return new Map(
    [...manifest.generated, ...manifest.fetched].flatMap(({ name, labels }) =>
      labels === undefined ? [] : [[name, labels]],
    ),
  )
}

function watchScenes(): void {
  for (const name of sceneNames) {
    const seconds = Math.min(SCENE_S_MAX, sceneOf(name).seconds)
    const labels = labelsOf({ name, width: 320, height: 180, fps: 5, seconds, seed: 1 })
    tell(name, watchScene(name, { seconds }), labels)
  }
}

function tell(name: string, watched: Watched, labels: Labels | undefined): void {
  found[name] = watched.events
  const score = labels === undefined ? undefined : scoreMotion(labels, watched.events)
  if (score !== undefined) scores.push(score)
  if (values.json) return
  const cost = `${watched.msPerFrame.toFixed(2)} ms a frame`
  const spans = watched.events.map(([from, to]) => `${from.toFixed(1)}–${to.toFixed(1)}`).join(' ')
  console.log(`${score === undefined ? name.padEnd(20) : line(name, score)}  ${cost}  ${spans}`)
}

function line(
  name: string,
  { found: hits, wanted, latenciesS, falseEvents, falseS, quietS, eventsPerVisit }: Score,
): string {
  const late = `late ${quantile(latenciesS, 0.5).toFixed(2)}/${quantile(latenciesS, 0.9).toFixed(2)} s`
  const wrong = `false ${falseEvents} events, ${falseS.toFixed(1)} of ${quietS.toFixed(1)} s`
  return `${name.padEnd(20)} found ${hits}/${wanted}  ${late}  ${wrong}  ${mean(eventsPerVisit).toFixed(2)} events a visit`
}
