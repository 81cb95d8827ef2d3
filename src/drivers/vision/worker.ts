/** The child process that computes: whatever the native library does to it, the doorbell goes on. Speaks with `vision.ts` only. */
import { messageOf } from '../../base/fault.ts'
import { ENGINES, loadEngine, type EngineName } from './engines.ts'
import { normalise, readOutputs, type RawSight } from './nanodet.ts'

export type Question = { readonly id: number; readonly rgb: Uint8Array }
export type Answer =
  | { readonly kind: 'ready'; readonly engine: EngineName }
  | { readonly kind: 'not-ready'; readonly problem: string }
  | { readonly kind: 'seen'; readonly id: number; readonly sights: readonly RawSight[] }
  | { readonly kind: 'failed'; readonly id: number; readonly problem: string }

const tell = (answer: Answer): void => void process.send?.(answer)

const [, , wanted, modelFile] = process.argv
process.once('disconnect', () => process.exit(0)) // Whoever asked is gone.
try {
  const name = ENGINES.find((each) => each === wanted)
  if (name === undefined || modelFile === undefined)
    throw new Error(`wanted an engine and a model, got ${wanted}`)
  const engine = await loadEngine(name, modelFile)
  process.on('message', (question: Question) => {
    engine
      .run(normalise(question.rgb))
      .then((outputs) => tell({ kind: 'seen', id: question.id, sights: readOutputs(outputs) }))
      .catch((error: unknown) => tell({ kind: 'failed', id: question.id, problem: messageOf(error) }))
  })
  tell({ kind: 'ready', engine: name })
} catch (error) {
  tell({ kind: 'not-ready', problem: messageOf(error) })
  process.exitCode = 1
  process.disconnect()
}
