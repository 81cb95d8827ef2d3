/** Real power cuts and real errors of a disk; see the script `power-cut` beside this file. */
import { parseArgs } from 'node:util'
import { messageOf } from '../src/base/fault.ts'
import { runCuts } from './power-cuts/cuts.ts'
import { takeDownAll, tryMachine } from './power-cuts/image.ts'
import { killAll, Recorder } from './power-cuts/recorder.ts'
import { runRefusals } from './power-cuts/refusals.ts'
import { Tally } from './power-cuts/tally.ts'
import { tryTracer } from './power-cuts/tracer.ts'

/** Disks side by side. */
const LANES = 2
const USAGE = 'scripts/power-cut [--cuts N] [--seed S], or scripts/power-cut errors [--errors N] [--seed S]'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    cuts: { type: 'string', default: '300' },
    errors: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
})

/** On every way out, Ctrl-C among them, nothing stays mounted and nobody goes on writing. */
process.on('exit', () => {
  killAll()
  takeDownAll()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

async function cutPower(seed: number, cuts: number): Promise<Tally> {
  const tally = new Tally()
  const half = Math.ceil(cuts / LANES)
  const numbers = Array.from({ length: cuts }, (_, n) => n)
  await allOrNone(
    Array.from({ length: LANES }, (_, lane) =>
      runCuts(seed, numbers.slice(lane * half, (lane + 1) * half), tally),
    ),
  )
  console.log(tally.sayCuts())
  return tally
}

async function refuseCalls(seed: number, errors: number): Promise<Tally> {
  const tally = new Tally()
  const samples = Math.ceil(errors / LANES)
  await allOrNone(
    Array.from({ length: LANES }, (_, first) => runRefusals(seed, { first, lanes: LANES, samples }, tally)),
  )
  console.log(tally.sayRefusals())
  return tally
}

/** When one fails, the others still clean up after themselves. */
async function allOrNone(lanes: readonly Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

function countOf(text: string, name: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`--${name}: wanted a whole number, got ${text}`)
}

async function main(): Promise<void> {
  const seed = countOf(values.seed, 'seed')
  const isErrors = positionals[0] === 'errors'
  if (positionals.length > (isErrors ? 1 : 0)) throw new Error(`wanted ${USAGE}`)
  await tryMachine()
  if (isErrors) await tryTracer()
  await Recorder.warmUp()
  const { hasFailed } = isErrors
    ? await refuseCalls(seed, countOf(values.errors, 'errors'))
    : await cutPower(seed, countOf(values.cuts, 'cuts'))
  if (!hasFailed) return
  console.error(`power-cut: something acknowledged was lost; seed ${seed}`)
  process.exitCode = 1
}

await main().catch((error: unknown) => {
  console.error(`power-cut: ${messageOf(error)}`)
  process.exitCode = 1
})
