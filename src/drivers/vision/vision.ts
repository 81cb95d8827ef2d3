import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Fault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { ColourPicture } from '../../ports/stills.ts'
import { THINGS, type Area, type Sight, type Vision, type VisionState } from '../../ports/vision.ts'
import { ENGINES, MODEL_FILE, type EngineName } from './engines.ts'
import { fitPicture, sightsInPicture, type ModelInput, type RawSight } from './nanodet.ts'
import type { Question } from './worker.ts'

export type VisionOptions = {
  readonly log: Log
  /** Tried in this order. */
  readonly engines?: readonly EngineName[]
  readonly modelFile?: string
  /** The program of the child; only tests hand in another. */
  readonly worker?: string
  /** A look that takes longer has hung. */
  readonly lookMsMax?: number
  /** Nobody asked for so long: the memory is given back. */
  readonly restMs?: number
  /** When no engine works, it is tried again after so long. */
  readonly retryMs?: number
  /** How far the child stands back for others; whoever waits for each answer anyway wants 0. */
  readonly nice?: number
}

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
const START_MS_MAX = 60_000
const LOOK_MS_MAX = 30_000
const REST_MS = 60_000
const RETRY_MS = 300_000
/** After so many crashes without one look in between, the next engine has its turn. */
const CRASHES_MAX = 3
const NICE = 10
const LAST_WORDS = 400

const rawSight = z.strictObject({
  thing: z.enum(THINGS),
  score: z.number().min(0).max(1),
  left: z.number(),
  top: z.number(),
  right: z.number(),
  bottom: z.number(),
})
const answer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready'), engine: z.enum(ENGINES) }),
  z.strictObject({ kind: z.literal('not-ready'), problem: z.string() }),
  z.strictObject({ kind: z.literal('seen'), id: z.number(), sights: z.array(rawSight).max(64) }),
  z.strictObject({ kind: z.literal('failed'), id: z.number(), problem: z.string() }),
])
type Answer = z.output<typeof answer>

/** Recognises with a model in a child process, which is started at the first look and again whenever it has ended. */
export interface ChildVision extends Vision, AsyncDisposable {
  /** Process id of the child, while there is one. */
  pid(): number | undefined
}

export function createVision(options: VisionOptions): ChildVision {
  return new Detector(options)
}

class Detector implements ChildVision {
  readonly #options: VisionOptions
  readonly #engines: readonly EngineName[]
  #child: Child | undefined
  #engine = 0
  #crashes = 0
  #why: string | undefined
  #retryAtMs = 0
  #turn: Promise<unknown> = Promise.resolve()
  #resting: AbortController | undefined
  #isClosed = false

  constructor(options: VisionOptions) {
    this.#options = options
    this.#engines = options.engines ?? ENGINES
  }

  pid(): number | undefined {
    return this.#child?.pid
  }

  state(): VisionState {
    if (this.#why !== undefined) return { state: 'missing', why: this.#why }
    return this.#child === undefined ? { state: 'asleep' } : { state: 'ready', engine: this.#child.engine }
  }

  /** One at a time: whoever asks meanwhile waits. */
  async look(
    picture: ColourPicture,
    { within, signal }: { within: Area; signal: AbortSignal },
  ): Promise<readonly Sight[]> {
    const input = fitPicture(picture, within)
    const mine = this.#turn.then(() => this.#lookInTurn(input, signal))
    this.#turn = mine.catch(() => {}) // Whoever asked hears of it.
    return sightsInPicture(await mine, input, picture)
  }

  async #lookInTurn(input: ModelInput, signal: AbortSignal): Promise<readonly RawSight[]> {
    signal.throwIfAborted()
    this.#resting?.abort()
    try {
      const child = await this.#awake()
      const sights = await child.ask(input.rgb, this.#options.lookMsMax ?? LOOK_MS_MAX)
      this.#crashes = 0
      return sights
    } catch (error) {
      await this.#noteCrash(error)
      throw error instanceof Fault ? error : new Fault('unavailable', messageOf(error), { cause: error })
    } finally {
      this.#restLater()
    }
  }

  /** The child, started where there is none; the first engine that works. */
  async #awake(): Promise<Child> {
    if (this.#isClosed) throw new Fault('aborted', 'the detector of people was closed')
    if (this.#child?.isAlive === true) return this.#child
    const problem = this.#why
    if (problem !== undefined && Date.now() < this.#retryAtMs) throw new Fault('unavailable', problem)
    const problems: string[] = []
    for (; this.#engine < this.#engines.length; this.#engine++) {
      const engine = this.#engines[this.#engine]
      if (engine === undefined) break
      try {
        this.#child = await Child.start(engine, this.#options)
        this.#why = undefined
        this.#options.log.info('vision.ready', { engine })
        return this.#child
      } catch (error) {
        problems.push(`${engine}: ${messageOf(error)}`)
        this.#options.log.info('vision.engine_absent', { engine, problem: messageOf(error) })
      }
    }
    throw this.#giveUp(problems.join('; '))
  }

  #giveUp(problems: string): Fault {
    this.#engine = 0
    this.#crashes = 0
    this.#retryAtMs = Date.now() + (this.#options.retryMs ?? RETRY_MS)
    this.#why = `nobody is recognised, as no detector of people works here: ${problems}`
    this.#options.log.warn('vision.missing', { problem: this.#why })
    return new Fault('unavailable', this.#why)
  }

  async #noteCrash(error: unknown): Promise<void> {
    if (this.#child === undefined) return
    await this.#child[Symbol.asyncDispose]()
    this.#child = undefined
    this.#crashes++
    const engine = this.#engines[this.#engine] ?? ''
    this.#options.log.warn('vision.crashed', { engine, times: this.#crashes, problem: messageOf(error) })
    if (this.#crashes < CRASHES_MAX) return
    this.#crashes = 0
    this.#engine++
    if (this.#engine >= this.#engines.length) this.#giveUp(`${engine}: ${messageOf(error)}`)
  }

  /** Two hundred megabytes are a lot for a board on which nobody rings. */
  #restLater(): void {
    const resting = new AbortController()
    this.#resting = resting
    sleep(this.#options.restMs ?? REST_MS, undefined, { signal: resting.signal, ref: false }).then(
      async () => {
        const child = this.#child
        this.#child = undefined
        await child?.[Symbol.asyncDispose]()
      },
      () => {}, // Somebody asked again.
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#resting?.abort()
    await this.#child?.[Symbol.asyncDispose]()
    this.#child = undefined
  }
}

/** One child process with one engine. */
class Child implements AsyncDisposable {
  readonly engine: EngineName
  readonly #process: ChildProcess
  readonly #ended: Promise<string>
  isAlive = true
  #asked = 0
  #take: ((answer: Answer) => void) | undefined
  #spoil: ((error: unknown) => void) | undefined

  private constructor(engine: EngineName, child: ChildProcess, nice: number) {
    this.engine = engine
    this.#process = child
    this.#ended = lastWordsOf(child, nice).finally(() => (this.isAlive = false))
    child.on('message', (message: unknown) => this.#hear(message))
  }

  static async start(engine: EngineName, { worker, modelFile, nice }: VisionOptions): Promise<Child> {
    const child = new Child(
      engine,
      fork(worker ?? WORKER, [engine, modelFile ?? MODEL_FILE], {
        serialization: 'advanced',
        execArgv: ['--max-semi-space-size=2', '--optimize-for-size', '--disable-warning=ExperimentalWarning'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      }),
      nice ?? NICE,
    )
    try {
      const first = await child.#next(START_MS_MAX)
      if (first.kind !== 'ready')
        throw new Fault(
          'unavailable',
          first.kind === 'not-ready' ? first.problem : `it began with ${first.kind}`,
        )
      return child
    } catch (error) {
      await child[Symbol.asyncDispose]()
      throw error
    }
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  async ask(rgb: Uint8Array, msMax: number): Promise<readonly RawSight[]> {
    const question: Question = { id: ++this.#asked, rgb }
    const reply = this.#next(msMax)
    this.#process.send(question, (error) => {
      if (error !== null) this.#spoil?.(new Fault('unavailable', messageOf(error)))
    })
    const got = await reply
    if (got.kind === 'seen' && got.id === question.id) return got.sights
    const problem =
      got.kind === 'failed' ? got.problem : `wanted the answer to ${question.id}, got ${got.kind}`
    throw new Fault('corrupt', `the detector of people: ${problem}`)
  }

  /** What it says next; rejects when it ends, says nonsense, or says nothing for too long. */
  async #next(msMax: number): Promise<Answer> {
    const enough = new AbortController()
    const heard = new Promise<Answer>((resolve, reject) => {
      this.#take = resolve
      this.#spoil = reject
    })
    const tooLong = sleep(msMax, undefined, { signal: enough.signal }).then(() => {
      throw new Fault('unavailable', `the detector of people said nothing for ${msMax} ms`)
    })
    tooLong.catch(() => {}) // It said something in time.
    const gone = this.#ended.then((words) => {
      throw new Fault('unavailable', `the detector of people ended: ${words}`)
    })
    gone.catch(() => {})
    try {
      return await Promise.race([heard, tooLong, gone])
    } finally {
      enough.abort()
      this.#take = this.#spoil = undefined
    }
  }

  #hear(message: unknown): void {
    const parsed = answer.safeParse(message)
    if (parsed.success) this.#take?.(parsed.data)
    else this.#spoil?.(new Fault('corrupt', `the detector of people sent nonsense: ${parsed.error.message}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}

/** How it ended, with the end of what it said on stderr. */
async function lastWordsOf(child: ChildProcess, nice: number): Promise<string> {
  let words = ''
  child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_WORDS)))
  child.once('spawn', () => {
    try {
      if (child.pid !== undefined && nice > 0) setPriority(child.pid, nice)
    } catch {
      // It has ended already, or this user may not: neither changes what it says.
    }
  })
  try {
    const [code, signal] = await once(child, 'close')
    return `${signal === null ? `exit code ${String(code)}` : String(signal)} ${words.trim()}`.trim()
  } catch (error) {
    return messageOf(error) // It could not be started.
  }
}
