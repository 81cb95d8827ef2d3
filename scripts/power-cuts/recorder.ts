/** The recording process, seen from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { configDefaults, type Config } from '../../src/config/index.ts'
import { parseReport, TELL_FD, type Life, type Order, type Report } from './wire.ts'

const WRITER = path.join(import.meta.dirname, 'writer.ts')
/** It lives for less than a second: more memory is cheaper than collecting garbage. */
const NODE = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=32',
  '--min-semi-space-size=16',
]
const LAST_WORDS_MAX = 2000
/** A process that says nothing for so long has hung. */
const SILENCE_MS_MAX = 20_000

/** Much happens in little time: parts of three packets, visits that end soon, clips that are cut into two, room for few. */
const config: Config = {
  ...configDefaults(),
  capture: { ...configDefaults().capture, prerollMs: 100, prerollBytesMax: 1024 * 1024 },
  lines: { ...configDefaults().lines, pressHoldMs: 5, releaseMs: 10 },
  visit: { ...configDefaults().visit, quietAfterMs: 80 },
  clip: { partMs: 60, msMax: 300 },
  retention: { bytesMax: 120_000, daysMax: 30, reserveBytes: 0 },
}

const running = new Set<Recorder>()

/** For the end of the process, when nothing can wait any more. */
export function killAll(): void {
  for (const recorder of running) recorder.kill()
}

export type Listener = (report: Report) => void

type Awaited = {
  readonly kinds: readonly Report['tell'][]
  readonly resolve: (report: Report | undefined) => void
}

export class Recorder {
  /** Called for each report, in order. */
  onReport: Listener = () => {}
  readonly #child: ChildProcess
  readonly #closed: Promise<void>
  #lastWords = ''
  #isKilled = false
  #isClosed = false
  #awaited: Awaited | undefined

  /** Begins to load the runtime at once. `tracer`: a command that runs the process, and leaves it its own id. */
  constructor(tracer: readonly string[] = []) {
    const [program, ...args] = [...tracer, ...NODE, WRITER]
    this.#child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe', 'pipe'] })
    running.add(this)
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = `${this.#lastWords}${chunk.toString()}`.slice(-LAST_WORDS_MAX)
    })
    this.#child.stdin?.on('error', () => {}) // It was killed; its answers are of no use any more.
    this.#closed = this.#listen()
  }

  /** One that ends by itself leaves its compiled code for all others; those that are killed cannot. */
  static async warmUp(): Promise<void> {
    const first = new Recorder()
    first.#child.stdin?.end()
    await first.ended()
  }

  /** What it wrote on stderr last. */
  get lastWords(): string {
    return this.#lastWords
  }

  send(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`)
  }

  live(life: Omit<Life, 'do' | 'config'>): void {
    this.send({ do: 'live', config, ...life })
  }

  /** The next report that is one of `kinds`; undefined when the process ends before. One question at a time. */
  async until(...kinds: readonly Report['tell'][]): Promise<Report | undefined> {
    const enough = new AbortController()
    const awaited = new Promise<Report | undefined>((resolve) => (this.#awaited = { kinds, resolve }))
    if (this.#isClosed) return undefined
    const silence = sleepFor(SILENCE_MS_MAX, 'silent' as const, { signal: enough.signal }).catch(
      () => undefined,
    )
    const report = await Promise.race([awaited, silence])
    enough.abort()
    this.#awaited = undefined
    if (report === 'silent')
      throw new Error(`the recording process waits for ever; its last words: ${this.#lastWords}`)
    return report
  }

  /** Stops all its threads. One that is in the middle of a system call finishes that first. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP')
    while (!this.#isFrozen()) await sleepFor(1)
  }

  get isKilled(): boolean {
    return this.#isKilled
  }

  kill(): void {
    this.#isKilled = true
    this.#child.kill('SIGKILL')
  }

  /** When it has ended and everything it said was heard. */
  async ended(): Promise<void> {
    await this.#closed
  }

  #isFrozen(): boolean {
    try {
      const folder = `/proc/${this.#child.pid}/task`
      return readdirSync(folder).every((thread) => isStopped(`${folder}/${thread}/stat`))
    } catch {
      return true // It has ended.
    }
  }

  async #listen(): Promise<void> {
    // Descriptor 3 was asked for as a pipe, and the process only writes to it.
    const lines = createInterface({ input: this.#child.stdio[TELL_FD] as Readable })
    lines.on('line', (line) => {
      const report = parsed(line)
      if (report === undefined) return
      this.onReport(report)
      if (this.#awaited?.kinds.includes(report.tell) === true) this.#awaited.resolve(report)
    })
    const allHeard = new Promise<void>((resolve) => lines.once('close', () => resolve()))
    await new Promise<void>((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', () => resolve())
    })
    await allHeard
    running.delete(this)
    this.#isClosed = true
    this.#awaited?.resolve(undefined)
  }
}

/** The process may be stopped in the middle of a line: what it was about to say is not said. */
function parsed(line: string): Report | undefined {
  if (!line.endsWith('}')) return undefined
  try {
    return parseReport(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** `T`; `t` under a tracer. The name before it, in brackets, may contain anything. */
function isStopped(file: string): boolean {
  const text = readFileSync(file, 'latin1')
  return /^ [Tt]/.test(text.slice(text.lastIndexOf(')') + 1))
}
