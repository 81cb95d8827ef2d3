import type { GpioKernel } from './kernel.ts'
import { BYTES, CALLS, FLAG } from './uapi.ts'

/**
 * A kernel's GPIO in memory, at the level of its calls and bytes: what `struct gpio_v2_line_request` asks for is what happens. Written against the
 * kernel header and gpiolib-cdev.c, not against our own encoding, so that both can be wrong only together with the header.
 */
export class SoftKernel implements GpioKernel {
  readonly chips: SoftChip[] = []
  readonly #fds = new Map<number, SoftChip | SoftRequest>()
  #nextFd = 1000
  nowNs = 5_000_000_000n
  /** Refuses to open chips, as for a user outside the group. */
  isDenied = false

  addChip(name: string, label: string, lines: readonly string[]): SoftChip {
    const chip = {
      name,
      label,
      lines: lines.map((line) => ({ name: line, consumer: '', level: false, used: false })),
    }
    this.chips.push(chip)
    return chip
  }

  get openFds(): number {
    return this.#fds.size
  }

  chipPaths = (): readonly string[] => this.chips.map(({ name }) => `/dev/${name}`)

  open(path: string): number {
    if (this.isDenied) throw coded('EACCES')
    const chip = this.chips.find(({ name }) => path === `/dev/${name}`)
    if (chip === undefined) throw coded('ENOENT')
    return this.#give(chip)
  }

  close(fd: number): void {
    const thing = this.#fds.get(fd)
    if (thing === undefined) throw coded('EBADF')
    this.#fds.delete(fd)
    if ('requested' in thing)
      for (const line of thing.requested) Object.assign(line, { used: false, consumer: '' })
  }

  ioctl(fd: number, call: number, bytes: Uint8Array): void {
    const thing = this.#fds.get(fd)
    if (thing === undefined) throw coded('EBADF')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if ('requested' in thing) return valueCall(thing, call, view)
    if (call === CALLS.chipInfo) return writeChip(thing, bytes, view)
    if (call === CALLS.lineInfo) return writeLine(thing, bytes, view)
    if (call === CALLS.requestLines) return view.setInt32(588, this.#request(thing, bytes, view), true)
    throw coded('EINVAL')
  }

  read(fd: number, bytes: Uint8Array): number {
    const request = this.#requestOf(fd)
    const events = request.events.splice(0, Math.floor(bytes.length / BYTES.event))
    events.forEach((event, index) => bytes.set(event, index * BYTES.event))
    return events.length * BYTES.event
  }

  whenReadable(fd: number, take: () => void): { close(): void } {
    const request = this.#requestOf(fd)
    const wake = (): void => {
      if (request.wake === wake && request.events.length > 0) take()
    }
    request.wake = wake
    queueMicrotask(wake)
    return {
      close() {
        delete request.wake
      },
    }
  }

  /** Moves the wire: `level` is what stands on it, whatever counts as active. */
  move(chip: SoftChip, offset: number, level: boolean): void {
    const line = chip.lines[offset]
    if (line === undefined || line.level === level) return
    line.level = level
    for (const thing of this.#fds.values()) if ('requested' in thing) this.#record(thing, line, level)
  }

  /** A pulse that is over before the kernel reads the level: only its second edge is told, with the level after it. */
  glitch(chip: SoftChip, offset: number): void {
    const line = chip.lines[offset]
    for (const thing of this.#fds.values())
      if ('requested' in thing && line !== undefined) this.#record(thing, line, line.level)
  }

  #record(request: SoftRequest, line: SoftLine, level: boolean): void {
    const index = request.requested.indexOf(line)
    if (index < 0 || (flagsAt(request, index) & (FLAG.risingEdge | FLAG.fallingEdge)) === 0n) return
    const active = level !== ((flagsAt(request, index) & FLAG.activeLow) !== 0n)
    const event = new Uint8Array(BYTES.event)
    const view = new DataView(event.buffer)
    request.counts[index] = (request.counts[index] ?? 0) + 1
    view.setBigUint64(0, this.nowNs, true)
    view.setUint32(8, active ? 1 : 2, true)
    view.setUint32(12, request.chip.lines.indexOf(line), true)
    view.setUint32(16, (request.total += 1), true)
    view.setUint32(20, request.counts[index] ?? 0, true)
    request.events.push(event)
    if (request.events.length > request.bufferEvents) request.events.shift() // gpiolib drops the oldest.
    const { wake } = request
    if (wake !== undefined) queueMicrotask(wake)
  }

  #request(chip: SoftChip, bytes: Uint8Array, view: DataView): number {
    const count = view.getUint32(560, true)
    const requested = Array.from({ length: count }, (_, index) => chip.lines[view.getUint32(index * 4, true)])
    const lines = requested.flatMap((line) => (line === undefined ? [] : [line]))
    if (lines.length !== count || count === 0) throw coded('EINVAL')
    if (lines.some(({ used }) => used)) throw coded('EBUSY')
    const consumer = new TextDecoder().decode(bytes.subarray(256, 288)).split('\0')[0] ?? ''
    for (const line of lines) Object.assign(line, { used: true, consumer })
    return this.#give({
      chip,
      requested: lines,
      flags: view.getBigUint64(288, true),
      overrides: attributesIn(view).filter(({ id }) => id === 1),
      debounces: attributesIn(view).filter(({ id }) => id === 3),
      events: [],
      counts: [],
      total: 0,
      bufferEvents: view.getUint32(564, true),
    })
  }

  requestOf(chip: SoftChip, offset: number): SoftRequest | undefined {
    const line = chip.lines[offset]
    return [...this.#fds.values()].find(
      (thing): thing is SoftRequest =>
        'requested' in thing && line !== undefined && thing.requested.includes(line),
    )
  }

  /** A real descriptor's number, so that none is given twice. */
  #give(thing: SoftChip | SoftRequest): number {
    const fd = this.#nextFd++
    this.#fds.set(fd, thing)
    return fd
  }

  #requestOf(fd: number): SoftRequest {
    const thing = this.#fds.get(fd)
    if (thing === undefined || !('requested' in thing)) throw coded('EBADF')
    return thing
  }
}

type SoftLine = { name: string; consumer: string; level: boolean; used: boolean }
export type SoftChip = { readonly name: string; readonly label: string; readonly lines: SoftLine[] }
type SoftAttribute = { readonly id: number; readonly value: bigint; readonly mask: bigint }
export type SoftRequest = {
  readonly chip: SoftChip
  readonly requested: readonly SoftLine[]
  readonly flags: bigint
  readonly overrides: readonly SoftAttribute[]
  readonly debounces: readonly SoftAttribute[]
  readonly events: Uint8Array[]
  readonly counts: number[]
  readonly bufferEvents: number
  total: number
  wake?: () => void
}

const coded = (code: string): Error => Object.assign(new Error(code), { code })

const attributesIn = (view: DataView): readonly SoftAttribute[] =>
  Array.from({ length: view.getUint32(296, true) }, (_, index) => {
    const at = 320 + index * 24
    return {
      id: view.getUint32(at, true),
      value: view.getBigUint64(at + 8, true),
      mask: view.getBigUint64(at + 16, true),
    }
  })

export const flagsAt = ({ flags, overrides }: SoftRequest, index: number): bigint =>
  overrides.find(({ mask }) => (mask & (1n << BigInt(index))) !== 0n)?.value ?? flags

function writeChip({ name, label, lines }: SoftChip, bytes: Uint8Array, view: DataView): void {
  bytes.set(new TextEncoder().encode(name), 0)
  bytes.set(new TextEncoder().encode(label), 32)
  view.setUint32(64, lines.length, true)
}

function writeLine({ lines }: SoftChip, bytes: Uint8Array, view: DataView): void {
  const line = lines[view.getUint32(64, true)]
  if (line === undefined) throw coded('EINVAL')
  bytes.set(new TextEncoder().encode(line.name), 0)
  bytes.set(new TextEncoder().encode(line.consumer), 32)
  view.setBigUint64(72, line.used ? FLAG.used : 0n, true)
}

function valueCall(request: SoftRequest, call: number, view: DataView): void {
  const [bits, mask] = [view.getBigUint64(0, true), view.getBigUint64(8, true)]
  let read = 0n
  request.requested.forEach((line, index) => {
    const bit = 1n << BigInt(index)
    if ((mask & bit) === 0n) return
    const isLow = (flagsAt(request, index) & FLAG.activeLow) !== 0n
    if (call === CALLS.setValues) line.level = ((bits & bit) !== 0n) !== isLow
    if (line.level !== isLow) read |= bit
  })
  if (call === CALLS.getValues) view.setBigUint64(0, read, true)
}
