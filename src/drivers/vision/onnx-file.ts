/**
 * Reads what we need of an ONNX model: the nodes in the order they are computed, and the constants. The file is a protocol buffer;
 * field numbers are those of `onnx.proto3` (ONNX 1.12, `ModelProto`), the wire format that of
 * https://protobuf.dev/programming-guides/encoding.
 */
import { Fault } from '../../base/fault.ts'

/** A constant. Half floats are given as floats, which hold them exactly. */
export type Constant = {
  readonly dims: readonly number[]
  readonly values: Float32Array | BigInt64Array
}

export type Attribute = number | string | readonly number[]

export type OnnxNode = {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

export type OnnxModel = {
  readonly nodes: readonly OnnxNode[]
  readonly constants: ReadonlyMap<string, Constant>
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** One field of a message; `end` is where the next one begins. */
export type Field =
  | { readonly tag: number; readonly wire: 0; readonly value: bigint }
  | { readonly tag: number; readonly wire: 1 | 2 | 5; readonly bytes: Uint8Array }

const [VARINT, FIXED_64, LENGTH, FIXED_32] = [0, 1, 2, 5] as const
const TYPE = { float: 1, int64: 7, half: 10 }

/** Throws `Fault('corrupt')` for what is no ONNX model, or has a constant of a kind that we do not know. */
export function readOnnx(file: Uint8Array): OnnxModel {
  const graph = messageAt(fieldsOf(file), 7)
  if (graph === undefined) throw new Fault('corrupt', 'model: wanted an ONNX model, found no graph in it')
  const fields = [...fieldsOf(graph)]
  const constants = new Map(messages(fields, 5).map((tensor) => readConstant(tensor)))
  const names = (tag: number): readonly string[] =>
    messages(fields, tag).map((value) => textAt(fieldsOf(value), 1))
  return {
    nodes: messages(fields, 1).map(readNode),
    constants,
    inputs: names(11).filter((name) => !constants.has(name)),
    outputs: names(12),
  }
}

/** The fields of one message, in order. */
export function* fieldsOf(message: Uint8Array): Generator<Field, void> {
  const cursor = { at: 0 }
  while (cursor.at < message.length) {
    const key = Number(varint(message, cursor))
    const [tag, wire] = [key >>> 3, key & 7]
    if (wire === VARINT) yield { tag, wire, value: varint(message, cursor) }
    else if (wire === FIXED_64) yield { tag, wire, bytes: take(message, cursor, 8) }
    else if (wire === FIXED_32) yield { tag, wire, bytes: take(message, cursor, 4) }
    else if (wire === LENGTH)
      yield { tag, wire, bytes: take(message, cursor, Number(varint(message, cursor))) }
    else throw new Fault('corrupt', `model: wanted a protocol buffer, got wire type ${wire}`)
  }
}

function varint(message: Uint8Array, cursor: { at: number }): bigint {
  let value = 0n
  for (let shift = 0n; shift < 64n; shift += 7n) {
    const byte = message[cursor.at++]
    if (byte === undefined) break
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new Fault('corrupt', `model: cut short, or no protocol buffer, at byte ${cursor.at}`)
}

function take(message: Uint8Array, cursor: { at: number }, length: number): Uint8Array {
  const bytes = message.subarray(cursor.at, cursor.at + length)
  if (bytes.length < length)
    throw new Fault('corrupt', `model: cut short: wanted ${length} bytes, found ${bytes.length}`)
  cursor.at += length
  return bytes
}

const messages = (fields: readonly Field[], tag: number): readonly Uint8Array[] =>
  fields.flatMap((field) => (field.tag === tag && field.wire === LENGTH ? [field.bytes] : []))

const messageAt = (fields: Iterable<Field>, tag: number): Uint8Array | undefined =>
  messages([...fields], tag)[0]

const textAt = (fields: Iterable<Field>, tag: number): string =>
  Buffer.from(messageAt(fields, tag) ?? []).toString('utf8')

/** Packed or one by one: both are allowed. */
const wholeNumbers = (fields: readonly Field[], tag: number): readonly number[] =>
  fields.flatMap((field) => {
    if (field.tag !== tag) return []
    if (field.wire === 0) return [Number(BigInt.asIntN(64, field.value))]
    const numbers: number[] = []
    for (const cursor = { at: 0 }; cursor.at < field.bytes.length;)
      numbers.push(Number(BigInt.asIntN(64, varint(field.bytes, cursor))))
    return numbers
  })

function readNode(message: Uint8Array): OnnxNode {
  const fields = [...fieldsOf(message)]
  const names = (tag: number): readonly string[] =>
    messages(fields, tag).map((bytes) => Buffer.from(bytes).toString('utf8'))
  return {
    op: textAt(fields, 4),
    inputs: names(1),
    outputs: names(2),
    attributes: new Map(messages(fields, 5).map(readAttribute)),
  }
}

/** `AttributeProto`: 2 a float, 3 a whole number, 4 a text, 8 a list of whole numbers. */
function readAttribute(message: Uint8Array): readonly [string, Attribute] {
  const fields = [...fieldsOf(message)]
  const name = textAt(fields, 1)
  for (const field of fields) {
    if (field.tag === 2 && field.wire === FIXED_32) return [name, viewOf(field.bytes).getFloat32(0, true)]
    if (field.tag === 3 && field.wire === 0) return [name, Number(BigInt.asIntN(64, field.value))]
    if (field.tag === 4 && field.wire === LENGTH) return [name, Buffer.from(field.bytes).toString('utf8')]
  }
  return [name, wholeNumbers(fields, 8)]
}

/** `TensorProto`: 1 the dimensions, 2 the type, 8 the name, 9 the values as little-endian bytes. */
function readConstant(message: Uint8Array): readonly [string, Constant] {
  const fields = [...fieldsOf(message)]
  const [name, dims, [type]] = [textAt(fields, 8), wholeNumbers(fields, 1), wholeNumbers(fields, 2)]
  const raw = Uint8Array.from(messageAt(fields, 9) ?? []).buffer // A copy, as typed arrays must begin at their own multiples.
  const count = dims.reduce((product, dim) => product * dim, 1)
  const values = valuesOf(name, type, raw)
  if (values.length !== count)
    throw new Fault('corrupt', `model: ${name}: wanted ${count} values, found ${values.length}`)
  return [name, { dims, values }]
}

function valuesOf(name: string, type: number | undefined, raw: ArrayBuffer): Constant['values'] {
  if (type === TYPE.float) return new Float32Array(raw)
  if (type === TYPE.half) return Float32Array.from(new Uint16Array(raw), floatOfHalf)
  if (type === TYPE.int64) return new BigInt64Array(raw)
  throw new Fault('corrupt', `model: ${name}: wanted floats, half floats or int64, got type ${type}`)
}

/** IEEE 754, 3.4: one sign, five exponent and ten fraction bits. */
export function floatOfHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const [exponent, fraction] = [(half >> 10) & 0x1f, half & 0x3ff]
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
