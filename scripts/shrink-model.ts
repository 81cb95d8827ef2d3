/**
 * Makes the model that the doorbell ships: half floats for constants, and a Cast node behind each, which every runtime folds away
 * when it loads the model. Half the size, and not a bit lost when the weights were half floats once.
 *
 *   scripts/node scripts/shrink-model.ts person-nanodet-g-416.onnx src/drivers/vision/person-nanodet-g-416.onnx
 *
 * Field numbers are those of `onnx.proto3`: graph 7; in it node 1, initializer 5; tensor: dims 1, type 2, name 8, raw 9.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { concatBytes, utf8 } from '../src/base/bytes.ts'
import { fieldsOf, floatOfHalf, readOnnx, type Field } from '../src/drivers/vision/onnx-file.ts'

const [FLOAT, HALF] = [1n, 10n]
/** A constant of a few numbers is not worth a node. */
const BYTES_MIN = 256

function graphField(graph: Field): Uint8Array {
  if (graph.wire !== 2) throw new Error('the graph is no message')
  const fields = [...fieldsOf(graph.bytes)]
  const casts: Uint8Array[] = []
  const rest = fields.map((field) => {
    const name = field.tag === 5 && field.wire === 2 ? nameToHalve(field.bytes) : undefined
    if (name === undefined || field.wire !== 2) return bytesOf(field)
    casts.push(message(1, castNode(name)))
    return message(5, halved(field.bytes, name))
  })
  return message(7, concatBytes([...casts, ...rest]))
}

/** Undefined for what stays as it is: other types, small ones, and what half floats cannot hold. */
function nameToHalve(tensor: Uint8Array): string | undefined {
  const fields = [...fieldsOf(tensor)]
  const isFloat = fields.some((field) => field.tag === 2 && field.wire === 0 && field.value === FLOAT)
  const raw = rawOf(fields)
  if (!isFloat || raw === undefined || raw.length < BYTES_MIN) return undefined
  const isExact = floatsOf(raw).every((value) => floatOfHalf(halfOf(value)) === value)
  return isExact ? textOf(fields) : undefined
}

const rawOf = (fields: readonly Field[]): Uint8Array | undefined =>
  fields.flatMap((field) => (field.tag === 9 && field.wire === 2 ? [field.bytes] : []))[0]

const textOf = (fields: readonly Field[]): string =>
  fields.flatMap((field) =>
    field.tag === 8 && field.wire === 2 ? [Buffer.from(field.bytes).toString('utf8')] : [],
  )[0] ?? ''

const floatsOf = (raw: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(raw).buffer)

function halved(tensor: Uint8Array, name: string): Uint8Array {
  return concatBytes(
    [...fieldsOf(tensor)].map((field) => {
      if (field.tag === 2) return concatBytes([varint(2n << 3n), varint(HALF)])
      if (field.tag === 8) return message(8, utf8(`${name}/half`))
      if (field.tag !== 9 || field.wire !== 2) return bytesOf(field)
      return message(9, new Uint8Array(Uint16Array.from(floatsOf(field.bytes), halfOf).buffer))
    }),
  )
}

/** `NodeProto`: input 1, output 2, name 3, op 4, attribute 5 (name 1, whole number 3, type 20: 2 means whole number). */
const castNode = (name: string): Uint8Array =>
  concatBytes([
    message(1, utf8(`${name}/half`)),
    message(2, utf8(name)),
    message(3, utf8(`${name}/cast`)),
    message(4, utf8('Cast')),
    message(
      5,
      concatBytes([
        message(1, utf8('to')),
        concatBytes([varint(3n << 3n), varint(FLOAT)]),
        concatBytes([varint(20n << 3n), varint(2n)]),
      ]),
    ),
  ])

/** Nearest half float, ties to even; see IEEE 754, 4.3.1. */
function halfOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size === 0) return sign
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  const steps = size / 2 ** (exponent - 10)
  const whole = Math.floor(steps)
  const rest = steps - whole
  const rounded = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole
  if (rounded < 1024) return sign | rounded // Smaller than the smallest normal number.
  const [up, fraction] = rounded === 2048 ? [1, 0] : [0, rounded - 1024]
  return exponent + up > 15 ? sign | 0x7c00 : sign | ((exponent + up + 15) << 10) | fraction
}

function bytesOf(field: Field): Uint8Array {
  const key = varint((BigInt(field.tag) << 3n) | BigInt(field.wire))
  if (field.wire === 0) return concatBytes([key, varint(field.value)])
  if (field.wire === 2) return message(field.tag, field.bytes)
  return concatBytes([key, field.bytes])
}

const message = (tag: number, bytes: Uint8Array): Uint8Array =>
  concatBytes([varint((BigInt(tag) << 3n) | 2n), varint(BigInt(bytes.length)), bytes])

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 0x7fn) | 0x80)
  }
}

const [source, target] = process.argv.slice(2)
if (source === undefined || target === undefined) {
  console.error('shrink-model: wanted the model to read and the file to write')
  process.exit(2)
}
const model = await readFile(source)
const small = concatBytes(
  [...fieldsOf(model)].map((field) => (field.tag === 7 ? graphField(field) : bytesOf(field))),
)
readOnnx(small)
await writeFile(target, small)
console.log(`${target}: ${small.length} bytes, was ${model.length}`)
