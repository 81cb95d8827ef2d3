import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { assert } from '../../base/assert.ts'
import { Fault, type FaultKind } from '../../base/fault.ts'

const STDERR_CHARS_MAX = 8192
const LINE_CHARS_MAX = 65_536

/** Debian's package of each. */
const PACKAGES = {
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  'rpicam-vid': 'rpicam-apps-lite',
  'libcamera-vid': 'libcamera-apps-lite',
} as const

export type Program = keyof typeof PACKAGES

export interface Tool extends AsyncDisposable {
  readonly stdin: Writable
  readonly stdout: Readable
  /** What it writes to `pipe:3` and up, counted from 0; as many as were asked for. */
  pipe(index: number): Readable
  /** Resolves when the tool has ended well; rejects with a `Fault` that carries its last words otherwise. */
  readonly ended: Promise<void>
  /** Ends it at once, whatever it is doing. */
  kill(): void
  /** From now on it lets others go first: 0 … 19. */
  stepBack(niceness: number): void
}

export type ToolOptions = {
  readonly signal?: AbortSignal | undefined
  /** What it means when the tool fails. */
  readonly failure: FaultKind
  /** Further pipes that it writes to, beside its standard output. */
  readonly pipes?: number
}

/**
 * Starts a program without a shell.
 *
 * It cannot outlive us: we hold its pipes, and when this process is killed they break; ffmpeg then ends with the next
 * thing that it writes. So whatever we start must write to a pipe of ours, never to a file.
 */
export function startTool(program: Program, args: readonly string[], options: ToolOptions): Tool {
  const { signal, failure } = options
  const child = spawnPiped(program, args, options.pipes ?? 0)
  const pipes = child.stdio.slice(3) as readonly Readable[] // All of them were asked for as pipes, which we only read.
  const lastWords = keepTail(child)
  let isKilled = false
  const kill = (): void => {
    isKilled = true
    child.kill('SIGKILL')
    for (const out of [child.stdout, ...pipes]) out.destroy() // It counts as ended only when all it wrote was read or thrown away.
  }
  child.stdin.on('error', () => {}) // A tool that has read enough closes its input; its exit code says whether that was well.
  signal?.addEventListener('abort', kill, { once: true })
  if (signal?.aborted === true) kill()
  const ended = outcomeOf(child).then((outcome) => {
    signal?.removeEventListener('abort', kill)
    if (outcome === 'missing')
      throw new Fault('missing', `${program} is not installed: type apt-get install ${PACKAGES[program]}`)
    if (isKilled) throw new Fault('aborted', `${program} was stopped`)
    if (outcome !== 0) throw new Fault(failure, lastWords() || `${program} ended with ${outcome}`)
  })
  ended.catch(() => {}) // Whoever waits for it hears of it; nobody has to.
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    pipe(index) {
      const pipe = pipes[index]
      assert(pipe !== undefined, `pipe ${index} was asked for`)
      return pipe
    },
    ended,
    kill,
    stepBack: (niceness) => stepBack(child, niceness),
    async [Symbol.asyncDispose]() {
      kill()
      await ended.catch(() => {}) // It was told to stop; how it took that is nobody's concern.
    },
  }
}

/** Everything the tool writes, with a bound. */
export async function runTool(
  program: Program,
  args: readonly string[],
  options: ToolOptions & { readonly stdin?: Uint8Array; readonly bytesMax: number },
): Promise<Uint8Array> {
  await using tool = startTool(program, args, options)
  tool.stdin.end(options.stdin)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(tool)) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > options.bytesMax)
      throw new Fault('invalid', `${program}: wanted at most ${options.bytesMax} bytes of output, got more`)
  }
  return Buffer.concat(chunks)
}

/** The lines that the tool writes, as they come, with a bound on each. */
export async function* linesOf(tool: Tool): AsyncGenerator<string, void> {
  let rest = ''
  for await (const chunk of chunksOf(tool)) {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_CHARS_MAX)
      throw new Fault('invalid', `wanted lines of at most ${LINE_CHARS_MAX} characters, got a longer one`)
    yield* lines
  }
  if (rest !== '') yield rest
}

/** What the tool writes until it ends; throws if it did not end well. */
export async function* chunksOf(tool: Tool): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of tool.stdout) if (Buffer.isBuffer(chunk)) yield chunk
  } catch (error) {
    await tool.ended // Why it ended says more than that its pipe broke.
    throw error
  }
  await tool.ended
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

const spawnPiped = (program: Program, args: readonly string[], more: number): Child =>
  spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe', ...Array.from({ length: more }, () => 'pipe' as const)],
  }) as Child // Its first three are pipes, as are those that follow.

function stepBack({ pid }: Child, niceness: number): void {
  if (pid === undefined) return // It did not start, which `ended` says.
  try {
    setPriority(pid, niceness)
  } catch {
    // It has ended already.
  }
}

async function outcomeOf(child: Child): Promise<number | string> {
  try {
    const [code, signal]: unknown[] = await once(child, 'close')
    return typeof code === 'number' ? code : String(signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing'
    throw new Fault('unavailable', `cannot start ${child.spawnfile}`, { cause: error })
  }
}

/** The last line of what the tool said, without the part of ffmpeg that said it. */
function keepTail(child: Child): () => string {
  let tail = ''
  child.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-STDERR_CHARS_MAX)
  })
  return () =>
    tail
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^\[[^\]]*\] */, '')
      .trim() ?? ''
}
