/**
 * The bytes of the kernel's GPIO character device, uAPI v2: what goes into its calls and what comes out of them. Pure.
 * Layouts and numbers are those of include/uapi/linux/gpio.h; they are the same on all processors, in the machine's byte order,
 * which is little-endian on every board we know.
 */

/** _IOR(0xB4, 0x01, struct gpiochip_info) and so on: direction, size, 0xB4, number. */
export const CALLS = {
  chipInfo: 0x8044b401,
  lineInfo: 0xc100b405,
  requestLines: 0xc250b407,
  getValues: 0xc010b40e,
  setValues: 0xc010b40f,
} as const

/** enum gpio_v2_line_flag. */
export const FLAG = {
  used: 1n << 0n,
  activeLow: 1n << 1n,
  input: 1n << 2n,
  output: 1n << 3n,
  risingEdge: 1n << 4n,
  fallingEdge: 1n << 5n,
  pullUp: 1n << 8n,
  pullDown: 1n << 9n,
  noBias: 1n << 10n,
} as const

export const BYTES = { chipInfo: 68, lineInfo: 256, lineRequest: 592, values: 16, event: 48 } as const

const NAME_BYTES = 32
const ATTRIBUTES_MAX = 10
const FLAGS_ATTRIBUTE = 1
const DEBOUNCE_ATTRIBUTE = 3
/** Where things stand in `struct gpio_v2_line_request`. */
const REQUEST = {
  consumer: 256,
  flags: 288,
  attributeCount: 296,
  attributes: 320,
  lineCount: 560,
  buffer: 564,
  fd: 588,
}
const ATTRIBUTE_BYTES = 24

export type ChipInfo = { readonly name: string; readonly label: string; readonly lines: number }

/** `name` and `consumer` are empty where there is none. */
export type LineInfo = {
  readonly name: string
  readonly consumer: string
  readonly isUsed: boolean
  readonly isOutput: boolean
}

export type Bias = 'pull-up' | 'pull-down' | 'none' | 'as-is'

/** One line of a request. */
export type LineSetting = {
  readonly offset: number
  readonly isActiveLow: boolean
  readonly bias: Bias
  /** By the kernel, in microseconds; 0: not at all. */
  readonly debounceUs: number
}

export type LineRequest = {
  readonly direction: 'input' | 'output'
  readonly consumer: string
  readonly lines: readonly LineSetting[]
  /** So many edges the kernel keeps until they are read. */
  readonly edgesMax: number
}

/** An edge as the kernel tells it; `lineNumber` counts the edges of that line from 1. */
export type LineEvent = {
  readonly atNs: bigint
  readonly active: boolean
  readonly offset: number
  readonly lineNumber: number
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A name ends at the first zero. */
function nameAt(bytes: Uint8Array, from: number): string {
  const name = bytes.subarray(from, from + NAME_BYTES)
  const end = name.indexOf(0)
  return new TextDecoder().decode(end < 0 ? name : name.subarray(0, end))
}

export function decodeChipInfo(bytes: Uint8Array): ChipInfo {
  return { name: nameAt(bytes, 0), label: nameAt(bytes, 32), lines: viewOf(bytes).getUint32(64, true) }
}

/** What the kernel is asked: the line's number stands in it. */
export function encodeLineInfoQuestion(offset: number): Uint8Array {
  const bytes = new Uint8Array(BYTES.lineInfo)
  viewOf(bytes).setUint32(64, offset, true)
  return bytes
}

export function decodeLineInfo(bytes: Uint8Array): LineInfo {
  const flags = viewOf(bytes).getBigUint64(72, true)
  return {
    name: nameAt(bytes, 0),
    consumer: nameAt(bytes, 32),
    isUsed: (flags & FLAG.used) !== 0n,
    isOutput: (flags & FLAG.output) !== 0n,
  }
}

/** Each line has its flags as an attribute of its own, unless they are those of the first line. Outputs begin inactive. */
export function encodeLineRequest({ direction, consumer, lines, edgesMax }: LineRequest): Uint8Array {
  const bytes = new Uint8Array(BYTES.lineRequest)
  const view = viewOf(bytes)
  lines.forEach(({ offset }, index) => view.setUint32(index * 4, offset, true))
  bytes.set(new TextEncoder().encode(consumer).subarray(0, NAME_BYTES - 1), REQUEST.consumer)
  const base = flagsOf(lines[0], direction)
  view.setBigUint64(REQUEST.flags, base, true)
  const attributes = attributesOf(lines, { direction, base })
  attributes.slice(0, ATTRIBUTES_MAX).forEach(({ id, value, mask }, index) => {
    const at = REQUEST.attributes + index * ATTRIBUTE_BYTES
    view.setUint32(at, id, true)
    view.setBigUint64(at + 8, value, true)
    view.setBigUint64(at + 16, mask, true)
  })
  view.setUint32(REQUEST.attributeCount, attributes.length, true)
  view.setUint32(REQUEST.lineCount, lines.length, true)
  view.setUint32(REQUEST.buffer, direction === 'input' ? edgesMax : 0, true)
  return bytes
}

type Attribute = { readonly id: number; readonly value: bigint; readonly mask: bigint }

/** Equal values share one attribute; ten of them are all there is room for. */
function attributesOf(
  lines: readonly LineSetting[],
  { direction, base }: { readonly direction: LineRequest['direction']; readonly base: bigint },
): readonly Attribute[] {
  const masks = new Map<string, Attribute>()
  const add = (id: number, value: bigint, index: number): void => {
    const key = `${id}:${value}`
    masks.set(key, { id, value, mask: (masks.get(key)?.mask ?? 0n) | (1n << BigInt(index)) })
  }
  lines.forEach((line, index) => {
    const flags = flagsOf(line, direction)
    if (flags !== base) add(FLAGS_ATTRIBUTE, flags, index)
    if (direction === 'input' && line.debounceUs > 0) add(DEBOUNCE_ATTRIBUTE, BigInt(line.debounceUs), index)
  })
  return [...masks.values()]
}

const BIAS: Readonly<Record<Bias, bigint>> = {
  'pull-up': FLAG.pullUp,
  'pull-down': FLAG.pullDown,
  none: FLAG.noBias,
  'as-is': 0n,
}

function flagsOf(line: LineSetting | undefined, direction: LineRequest['direction']): bigint {
  if (line === undefined) return 0n
  const way = direction === 'output' ? FLAG.output : FLAG.input | FLAG.risingEdge | FLAG.fallingEdge
  return way | BIAS[line.bias] | (line.isActiveLow ? FLAG.activeLow : 0n)
}

/** The kernel writes the file descriptor of the lines into the request. */
export const fdOfRequest = (bytes: Uint8Array): number => viewOf(bytes).getInt32(REQUEST.fd, true)

/** Of the lines in `mask`, by their place in the request; `bits` says which are active. */
export function encodeValues({ bits, mask }: { readonly bits: bigint; readonly mask: bigint }): Uint8Array {
  const bytes = new Uint8Array(BYTES.values)
  viewOf(bytes).setBigUint64(0, bits, true)
  viewOf(bytes).setBigUint64(8, mask, true)
  return bytes
}

export const bitsOfValues = (bytes: Uint8Array): bigint => viewOf(bytes).getBigUint64(0, true)

const RISING = 1

/** As many whole events as `bytes` holds. Rising means: became active, whatever its level. */
export function decodeEvents(bytes: Uint8Array): readonly LineEvent[] {
  const view = viewOf(bytes)
  return Array.from({ length: Math.floor(bytes.length / BYTES.event) }, (_, index) => {
    const at = index * BYTES.event
    return {
      atNs: view.getBigUint64(at, true),
      active: view.getUint32(at + 8, true) === RISING,
      offset: view.getUint32(at + 12, true),
      lineNumber: view.getUint32(at + 20, true),
    }
  })
}
