/** What computes the model: native where it can be had, WebAssembly otherwise. Each is loaded only in the child process. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../base/fault.ts'
import { SIDE } from './nanodet.ts'
import { readOnnx } from './onnx-file.ts'
import { createTensorGraph, type TensorLibrary } from './tensor-graph.ts'

/** In the order in which they are tried: the first is five times as fast as the last. */
export const ENGINES = ['onnxruntime', 'tfjs-node', 'tfjs-wasm'] as const
export type EngineName = (typeof ENGINES)[number]

export const MODEL_FILE = fileURLToPath(new URL('person-nanodet-g-416.onnx', import.meta.url))

export interface Engine {
  /** `planes`: 3 × 416 × 416 numbers. Gives the six outputs in the model's order. */
  run(planes: Float32Array): Promise<readonly Float32Array[]>
}

/** Throws whatever the library throws when it is not installed, or this machine cannot run it. */
export async function loadEngine(name: EngineName, modelFile: string): Promise<Engine> {
  switch (name) {
    case 'onnxruntime':
      return loadOnnxRuntime(modelFile)
    case 'tfjs-node':
      return loadTensorFlow(await loadTensorFlowNode(), modelFile)
    case 'tfjs-wasm':
      return loadTensorFlow(await loadTensorFlowWasm(), modelFile)
  }
}

const OUTPUTS = 6

async function loadOnnxRuntime(modelFile: string): Promise<Engine> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  // One thread: the doorbell has other things to do.
  const session = await InferenceSession.create(modelFile, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  })
  const [input] = session.inputNames
  if (input === undefined || session.outputNames.length !== OUTPUTS)
    throw new Fault('corrupt', `model: wanted one input and six outputs, got ${session.outputNames.length}`)
  return {
    async run(planes) {
      const results = await session.run({ [input]: new Tensor('float32', planes, [1, 3, SIDE, SIDE]) })
      return session.outputNames.map((name) => {
        const values = results[name]?.data
        if (!(values instanceof Float32Array))
          throw new Fault('corrupt', `model: wanted floats at ${name}, got ${typeof values}`)
        return values
      })
    },
  }
}

async function loadTensorFlow(library: TensorLibrary, modelFile: string): Promise<Engine> {
  const graph = createTensorGraph(library, readOnnx(await readFile(modelFile)))
  return { run: (planes) => graph.run(planes, [1, 3, SIDE, SIDE]) }
}

/** No dependency of ours, as its installation downloads from elsewhere; used by those who have it. */
async function loadTensorFlowNode(): Promise<TensorLibrary> {
  const name: string = '@tensorflow/tfjs-node'
  // Its interface is that of tfjs-core, which it exports whole.
  const { default: library } = (await import(name)) as { default: TensorLibrary }
  return library
}

async function loadTensorFlowWasm(): Promise<TensorLibrary> {
  const library = await import('@tensorflow/tfjs-core')
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')
  setWasmPaths(`${path.dirname(main)}${path.sep}`)
  if (!(await library.setBackend('wasm')))
    throw new Fault('unavailable', 'tfjs-wasm: this machine has no WebAssembly')
  await library.ready()
  return library
}
