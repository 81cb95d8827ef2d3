import { Fault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { BoundedQueue } from '../../base/queue.ts'
import { monoMs, type MonoMs } from '../../base/time.ts'
import type { Edge, Gpio, InputLine, OutputLine } from '../../ports/gpio.ts'
import { errnoOf, faultOfErrno } from '../errno.ts'
import { findLine, type Chip, type FoundLine, type WantedLine } from './chips.ts'
import { EdgeBook } from './edge-book.ts'
import { linuxKernel, type GpioKernel } from './kernel.ts'
import { monoOfKernel } from './kernel-time.ts'
import { lineInfo, listChips, openChip } from './list-chips.ts'
import {
  bitsOfValues,
  BYTES,
  CALLS,
  decodeEvents,
  encodeLineRequest,
  encodeValues,
  fdOfRequest,
  type Bias,
  type LineInfo,
  type LineRequest,
} from './uapi.ts'

export type LineConfig = WantedLine & {
  readonly activeLow: boolean
  readonly bias: Bias
  /** By the kernel, before we see anything; 0: not at all. Of what it swallows no trace is left. */
  readonly debounceUs: number
}

export type GpioLines = { readonly [line in InputLine | OutputLine]?: LineConfig | undefined }

export type GpioDeps = {
  readonly log: Log
  readonly kernel?: GpioKernel
  /** On whose scale edges are told; left out: `performance.now()`, as the machine's clock. */
  readonly monoOf?: (ns: bigint) => MonoMs
}

/** The kernel keeps so many edges until we read them; it allows no more. When full it drops the oldest, which is noticed. */
const KERNEL_EDGES_MAX = 1024
/** We keep as many until they are taken; more are dropped, said, and the level is read again. */
const EDGES_MAX = 1024
const CONSUMER = 'lintel'
const OUTPUTS: readonly string[] = ['chime', 'led', 'infrared'] satisfies readonly OutputLine[]

const isOutput = (line: InputLine | OutputLine): line is OutputLine => OUTPUTS.includes(line)

type WantedLines = readonly {
  readonly line: InputLine | OutputLine
  readonly config: LineConfig
  readonly found: FoundLine
}[]

/**
 * Opens the lines. Throws `Fault`: `missing` (no such chip or line), `denied` (not in the group gpio), `unavailable` (somebody else
 * has a line), `invalid` (two names for one line). Disposal leaves outputs inactive and gives the lines back.
 */
export function openGpio(
  lines: GpioLines,
  { log, kernel = linuxKernel, monoOf = monoOfKernel() }: GpioDeps,
): Gpio & Disposable {
  const wanted = resolveLines(lines, kernel)
  const opened: Opened[] = []
  const closeAll = (): void => {
    for (const each of opened.splice(0)) each.close()
  }
  try {
    for (const group of groupsOf(wanted)) opened.push(openGroup(group, { log, kernel, monoOf }))
  } catch (error) {
    closeAll()
    throw error
  }
  const edges = new EdgeStream(opened, log)
  return {
    edges: ({ signal }) => edges.until(signal),
    async set(line, active) {
      for (const group of opened) group.set(line, active)
    },
    [Symbol.dispose]() {
      edges.end()
      closeAll()
    },
  }
}

function resolveLines(lines: GpioLines, kernel: GpioKernel): WantedLines {
  const entries = Object.entries(lines) as [InputLine | OutputLine, LineConfig | undefined][] // Their keys are these.
  const asked = entries.flatMap(([line, config]) => (config === undefined ? [] : [{ line, config }]))
  if (asked.length === 0) return []
  const chips = listChips(kernel)
  const wanted = asked.map(({ line, config }) => ({
    line,
    config,
    found: findLine(chips, config, `gpio.${line}`),
  }))
  for (const [index, { line, found }] of wanted.entries()) {
    const twin = wanted
      .slice(0, index)
      .find((other) => other.found.chip === found.chip && other.found.offset === found.offset)
    if (twin !== undefined)
      throw new Fault(
        'invalid',
        `gpio.${line}: line ${found.offset} of ${found.chip.label} is gpio.${twin.line} already`,
      )
  }
  return wanted
}

/** Inputs of one chip in one request, so that the kernel keeps their edges in order; outputs in another. */
function groupsOf(wanted: WantedLines): readonly WantedLines[] {
  const groups = new Map<string, WantedLines[number][]>()
  for (const each of wanted) {
    const key = `${each.found.chip.path} ${isOutput(each.line)}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups.values()]
}

type Opened = {
  readonly set: (line: InputLine | OutputLine, active: boolean) => void
  /** Tells how the inputs are, then every edge; undefined for outputs. */
  readonly watch: ((tell: (edge: Edge) => boolean) => void) | undefined
  /** Nothing is told from now on. */
  readonly unwatch: () => void
  readonly close: () => void
}

type GroupDeps = { readonly log: Log; readonly kernel: GpioKernel; readonly monoOf: (ns: bigint) => MonoMs }

function openGroup(group: WantedLines, deps: GroupDeps): Opened {
  const [first] = group
  if (first === undefined) throw new Fault('bug', 'a group of lines has at least one')
  const fd = requestLines(group, deps.kernel, first.found.chip)
  return isOutput(first.line) ? outputs(group, fd, deps) : inputs(group, fd, deps)
}

function requestLines(group: WantedLines, kernel: GpioKernel, { path, label }: Chip): number {
  const request: LineRequest = {
    direction: group.some(({ line }) => isOutput(line)) ? 'output' : 'input',
    consumer: CONSUMER,
    edgesMax: KERNEL_EDGES_MAX,
    lines: group.map(({ found, config }) => ({
      offset: found.offset,
      isActiveLow: config.activeLow,
      bias: config.bias,
      debounceUs: config.debounceUs,
    })),
  }
  const chip = openChip(kernel, path)
  try {
    const bytes = encodeLineRequest(request)
    kernel.ioctl(chip, CALLS.requestLines, bytes)
    return fdOfRequest(bytes)
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw faultOfErrno(error, `${namesOf(group)}: lines of ${label}`)
    throw new Fault(
      'unavailable',
      busyMessage(group, (offset) => lineInfo(kernel, chip, offset), label),
      {
        cause: error,
      },
    )
  } finally {
    kernel.close(chip)
  }
}

const namesOf = (group: WantedLines): string => group.map(({ line }) => `gpio.${line}`).join(', ')

/** The kernel says that some line is taken, not which one. */
function busyMessage(group: WantedLines, infoOf: (offset: number) => LineInfo, label: string): string {
  const taken = group.flatMap(({ line, found }) => {
    const { isUsed, consumer } = infoOf(found.offset)
    const who = consumer === '' ? 'somebody who left no name' : `“${consumer}”`
    return isUsed ? [`gpio.${line}: line ${found.offset} of ${label} is in use by ${who}`] : []
  })
  const said =
    taken.length > 0 ? taken.join('; ') : `${namesOf(group)}: lines of ${label} were in use a moment ago`
  return `${said}. Another program, or an overlay in config.txt, has it`
}

function outputs(group: WantedLines, fd: number, { kernel, log }: GroupDeps): Opened {
  const set = (index: number, active: boolean): void => {
    const bit = 1n << BigInt(index)
    kernel.ioctl(fd, CALLS.setValues, encodeValues({ bits: active ? bit : 0n, mask: bit }))
  }
  return {
    watch: undefined,
    unwatch() {},
    set(wanted, active) {
      const index = group.findIndex(({ line }) => line === wanted)
      if (index < 0) return
      try {
        set(index, active)
      } catch (error) {
        throw faultOfErrno(error, `gpio.${wanted}: set it ${active ? 'active' : 'inactive'}`)
      }
    },
    close() {
      for (const [index, { line }] of group.entries()) {
        try {
          set(index, false)
        } catch (error) {
          log.warn('gpio.not_released', { line, problem: messageOf(error) })
        }
      }
      kernel.close(fd)
    },
  }
}

function inputs(group: WantedLines, fd: number, { kernel, log, monoOf }: GroupDeps): Opened {
  const book = new EdgeBook(
    new Map(group.flatMap(({ line, found }) => (isOutput(line) ? [] : [[found.offset, line]]))),
    monoOf,
  )
  const levels = (): readonly { readonly line: InputLine; readonly active: boolean }[] => {
    const bytes = encodeValues({ bits: 0n, mask: (1n << BigInt(group.length)) - 1n })
    kernel.ioctl(fd, CALLS.getValues, bytes)
    const bits = bitsOfValues(bytes)
    return group.flatMap(({ line }, index) =>
      isOutput(line) ? [] : [{ line, active: (bits & (1n << BigInt(index))) !== 0n }],
    )
  }
  const now = (): MonoMs => monoOf(process.hrtime.bigint())
  // Now, before anybody looks: what happens from here on waits in the kernel.
  const atOpening = levels().flatMap(({ line, active }) => book.begin(line, active, now()))
  const buffer = new Uint8Array(BYTES.event * 64)
  let watching: { close(): void } | undefined
  return {
    set() {},
    watch(tell) {
      const tellAll = (edges: readonly Edge[]): number => edges.filter((edge) => !tell(edge)).length
      tellAll(atOpening)
      watching = kernel.whenReadable(fd, () => {
        try {
          const { lost, edges } = readAll(kernel, { fd, buffer, book })
          const dropped = lost + tellAll(edges)
          if (dropped === 0) return
          log.warn('gpio.edges_lost', { edges: dropped, lines: namesOf(group) })
          tellAll(levels().flatMap(({ line, active }) => book.correct(line, active, now())))
        } catch (error) {
          // A chip that is gone (a USB expander) would call back without end.
          watching?.close()
          log.error('gpio.deaf', { lines: namesOf(group), problem: messageOf(error) })
        }
      })
    },
    unwatch: () => watching?.close(),
    close() {
      watching?.close()
      kernel.close(fd)
    },
  }
}

type Reading = { readonly fd: number; readonly buffer: Uint8Array; readonly book: EdgeBook }

function readAll(
  kernel: GpioKernel,
  { fd, buffer, book }: Reading,
): { readonly lost: number; readonly edges: readonly Edge[] } {
  const edges: Edge[] = []
  let lost = 0
  for (let bytes = kernel.read(fd, buffer); bytes > 0; bytes = kernel.read(fd, buffer)) {
    const taken = book.take(decodeEvents(buffer.subarray(0, bytes)))
    edges.push(...taken.edges)
    lost += taken.lost
  }
  return { lost, edges }
}

/** The edges of all chips, with times that never go back. */
class EdgeStream {
  readonly #queue = new BoundedQueue<Edge>(EDGES_MAX)
  readonly #opened: readonly Opened[]
  readonly #log: Log
  #lastAt = monoMs(0)
  #isWatching = false

  constructor(opened: readonly Opened[], log: Log) {
    this.#opened = opened
    this.#log = log
  }

  until(signal: AbortSignal): AsyncIterable<Edge> {
    if (this.#isWatching) throw new Fault('bug', 'the edges of these lines are taken already')
    this.#isWatching = true
    signal.addEventListener('abort', () => this.end(), { once: true })
    if (signal.aborted) this.end()
    else for (const { watch } of this.#opened) watch?.((edge) => this.#tell(edge))
    return this.#queue
  }

  end(): void {
    for (const { unwatch } of this.#opened) unwatch()
    this.#queue.end()
  }

  #tell(edge: Edge): boolean {
    this.#lastAt = edge.at > this.#lastAt ? edge.at : this.#lastAt
    this.#log.debug('gpio.edge', { line: edge.line, active: edge.active, at: this.#lastAt })
    return this.#queue.push({ ...edge, at: this.#lastAt })
  }
}
