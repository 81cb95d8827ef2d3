/**
 * The motion detector on weather nobody has tuned it to: generated scenes with seeds, sizes and rates of one's choice,
 * straight from the renderer, without an encoder between.
 *
 *   scripts/node scripts/score-motion-unseen.ts [SCENE…] [--seeds 1,2] [--sizes 320x180] [--rates 5] [--seconds 600]
 *
 * Without names: every scene. Prints a line a run and the sums.
 */
import { parseArgs } from 'node:util'
import { sceneNames, sceneOf } from '../sim/scenes/index.ts'
import { labelsOf } from './fixtures-make.ts'
import { mean, quantile, scoreMotion, totalScore, type Score, type Span } from './score-motion-rules.ts'
import { watchScene } from './score-motion-watch.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1' },
    sizes: { type: 'string', default: '320x180' },
    rates: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '600' },
  },
})

const scores: Score[] = []
for (const name of positionals.length > 0 ? positionals : sceneNames) {
  const seconds = Math.min(Number(values.seconds), sceneOf(name).seconds)
  for (const size of values.sizes.split(',')) {
    const [width = 320, height = 180] = size.split('x').map(Number)
    for (const fps of values.rates.split(',').map(Number)) {
      for (const seed of values.seeds.split(',').map(Number))
        scores.push(play(name, { width, height, fps, seconds, seed }))
    }
  }
}
console.log(line('all', totalScore(scores)))

type Run = {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly seconds: number
  readonly seed: number
}

function play(name: string, run: Run): Score {
  const { events, msPerFrame } = watchScene(name, run)
  const score = scoreMotion(labelsOf({ name, ...run }), events)
  const spans = events.map(([from, to]: Span) => `${from.toFixed(1)}–${to.toFixed(1)}`).join(' ')
  const what = `${name} ${run.width}×${run.height}@${run.fps} #${run.seed}`
  console.log(`${line(what, score)}  ${msPerFrame.toFixed(2)} ms  ${spans}`)
  return score
}

function line(
  what: string,
  { found, wanted, latenciesS, falseEvents, falseS, quietS, eventsPerVisit }: Score,
): string {
  const late = `late ${quantile(latenciesS, 0.5).toFixed(2)}/${quantile(latenciesS, 0.9).toFixed(2)} s`
  const wrong = `false ${falseEvents}, ${falseS.toFixed(1)} of ${quietS.toFixed(0)} s`
  return `${what.padEnd(34)} ${found}/${wanted}  ${late}  ${wrong}  ${mean(eventsPerVisit).toFixed(2)} a visit`
}
