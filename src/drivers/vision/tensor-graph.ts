/**
 * Computes an ONNX graph with TensorFlow.js, for the operations that our model is made of.
 *
 * ONNX has pictures as (1, channels, rows, columns), TensorFlow.js as (1, rows, columns, channels): here, whatever has four
 * dimensions is held in the order of TensorFlow.js, everything else as ONNX means it.
 */
import type * as tfjs from '@tensorflow/tfjs-core'
import { Fault } from '../../base/fault.ts'
import type { Constant, OnnxModel, OnnxNode } from './onnx-file.ts'

export type TensorLibrary = typeof tfjs
type Tensor = tfjs.Tensor

export interface TensorGraph {
  /** One input, in ONNX's order; gives all outputs, in ONNX's order. */
  run(input: Float32Array, shape: readonly number[]): Promise<readonly Float32Array[]>
}

type Bench = {
  readonly tf: TensorLibrary
  readonly model: OnnxModel
  /** Constants of pictures and kernels, in our order. */
  readonly kept: Map<string, Tensor>
}

/** Throws `Fault('corrupt')` for a graph with an operation that we do not know. */
export function createTensorGraph(tf: TensorLibrary, model: OnnxModel): TensorGraph {
  const bench: Bench = { tf, model, kept: new Map() }
  for (const node of model.nodes) if (!(node.op in OPERATIONS)) throw unknownOperation(node)
  return {
    async run(input, shape) {
      const outputs = tf.tidy(() => compute(bench, input, shape))
      try {
        return await Promise.all(outputs.map(async (tensor) => floatsOf(await tensor.data())))
      } finally {
        for (const tensor of outputs) tensor.dispose()
      }
    },
  }
}

const unknownOperation = ({ op }: OnnxNode): Fault =>
  new Fault('corrupt', `model: wanted one of ${Object.keys(OPERATIONS).join(', ')}, got ${op}`)

function floatsOf(values: unknown): Float32Array {
  if (values instanceof Float32Array) return values
  throw new Fault('corrupt', 'model: wanted floats')
}

function compute(bench: Bench, input: Float32Array, shape: readonly number[]): Tensor[] {
  const { tf, model } = bench
  const [name = ''] = model.inputs
  const values = new Map([[name, tf.transpose(tf.tensor(input, [...shape]), CHANNELS_LAST)]])
  for (const node of model.nodes) {
    const operation = OPERATIONS[node.op]
    if (operation === undefined) throw unknownOperation(node)
    const results = operation({ ...bench, node, at: (n) => valueOf(bench, values, node, n) })
    node.outputs.forEach((output, index) => {
      const result = results[index]
      if (result !== undefined) values.set(output, result)
    })
  }
  return model.outputs.map((output) => {
    const tensor = values.get(output)
    if (tensor === undefined) throw new Fault('corrupt', `model: nothing computes ${output}`)
    return tf.keep(tensor.rank === 4 ? tf.transpose(tensor, CHANNELS_FIRST) : tensor)
  })
}

const CHANNELS_LAST = [0, 2, 3, 1]
const CHANNELS_FIRST = [0, 3, 1, 2]
/** Where dimension n of ONNX is with us. */
const AXIS = [0, 3, 1, 2] as const

type Step = Bench & { readonly node: OnnxNode; readonly at: (index: number) => Tensor }

function valueOf(
  { tf, model, kept }: Bench,
  values: ReadonlyMap<string, Tensor>,
  node: OnnxNode,
  index: number,
): Tensor {
  const name = node.inputs[index] ?? ''
  const tensor = values.get(name) ?? kept.get(name)
  if (tensor !== undefined) return tensor
  const constant = model.constants.get(name)
  if (constant === undefined)
    throw new Fault('corrupt', `model: ${node.op} wants ${name}, which nothing gives`)
  const made = tf.keep(tf.tensor(Float32Array.from(constant.values, Number), [...constant.dims]))
  kept.set(name, made)
  return made
}

/** Whole numbers that are constants: sizes, paddings. */
function numbersAt({ model, node }: Step, index: number): readonly number[] {
  const constant: Constant | undefined = model.constants.get(node.inputs[index] ?? '')
  if (constant === undefined)
    throw new Fault('corrupt', `model: ${node.op}: wanted a constant as input ${index}`)
  return Array.from(constant.values, Number)
}

function listOf({ node }: Step, name: string, fallback: readonly number[]): readonly number[] {
  const value = node.attributes.get(name)
  return Array.isArray(value) ? value : fallback
}

function numberOf({ node }: Step, name: string): number {
  const value = node.attributes.get(name)
  if (typeof value === 'number') return value
  throw new Fault('corrupt', `model: ${node.op}: wanted a number for ${name}`)
}

const pair = ([first = 1, second = 1]: readonly number[]): [number, number] => [first, second]

/** `strictly`: tfjs wants to know statically how many dimensions there are; the model says so. */
const picture = (tensor: Tensor): tfjs.Tensor4D => {
  if (tensor.rank === 4) return tensor as tfjs.Tensor4D
  throw new Fault('corrupt', `model: wanted four dimensions, got ${tensor.rank}`)
}

const OPERATIONS: Readonly<Record<string, (step: Step) => readonly Tensor[]>> = {
  Cast: (step) => [step.at(0)],
  Identity: (step) => [step.at(0)],
  Sigmoid: (step) => [step.tf.sigmoid(step.at(0))],
  Add: (step) => [step.tf.add(step.at(0), step.at(1))],
  LeakyRelu: (step) => [step.tf.leakyRelu(step.at(0), numberOf(step, 'alpha'))],
  Conv: (step) => [convolve(step)],
  MaxPool: (step) => [
    step.tf.maxPool(
      picture(step.at(0)),
      pair(listOf(step, 'kernel_shape', [])),
      pair(listOf(step, 'strides', [])),
      'valid',
    ),
  ],
  Pad: (step) => [pad(step)],
  Concat: (step) => [
    step.tf.concat(
      step.node.inputs.map((_, index) => step.at(index)),
      axisOf(step, step.at(0)),
    ),
  ],
  Split: (step) => step.tf.split(step.at(0), [...numbersAt(step, 1)], axisOf(step, step.at(0))),
  Resize: (step) => {
    const [, , rows = 1, cols = 1] = numbersAt(step, 3)
    return [step.tf.image.resizeBilinear(picture(step.at(0)), [rows, cols], false, true)]
  },
  Reshape: (step) => {
    const tensor = step.at(0)
    const plain = tensor.rank === 4 ? step.tf.transpose(tensor, CHANNELS_FIRST) : tensor
    return [step.tf.reshape(plain, [...numbersAt(step, 1)])]
  },
  Transpose: (step) => [step.tf.transpose(step.at(0), [...listOf(step, 'perm', [])])],
}

const axisOf = (step: Step, tensor: Tensor): number => {
  const axis = numberOf(step, 'axis')
  return tensor.rank === 4 ? (AXIS[axis] ?? 0) : axis
}

function convolve(step: Step): Tensor {
  const { tf, node, kept } = step
  const name = `${node.inputs[1] ?? ''} as a kernel`
  const kernel = kept.get(name) ?? tf.keep(tf.transpose(step.at(1), [2, 3, 1, 0]))
  kept.set(name, kernel)
  const sum = tf.conv2d(picture(step.at(0)), picture(kernel), pair(listOf(step, 'strides', [1, 1])), 'valid')
  return node.inputs.length > 2 ? tf.add(sum, step.at(2)) : sum
}

/** Pads are all beginnings, then all ends. */
function pad(step: Step): Tensor {
  const pads = numbersAt(step, 1)
  const isWithValue = (step.node.inputs[2] ?? '') !== ''
  const [value = 0] = isWithValue ? numbersAt(step, 2) : []
  const ofAxis = (axis: number): [number, number] => [pads[axis] ?? 0, pads[axis + 4] ?? 0]
  // The least float there is does as well as minus infinity, and every backend can pad with it.
  const padding = value === -Infinity ? -3.4e38 : value
  return step.tf.pad(picture(step.at(0)), [ofAxis(0), ofAxis(2), ofAxis(3), ofAxis(1)], padding)
}
