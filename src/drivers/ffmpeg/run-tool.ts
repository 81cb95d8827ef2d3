import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { Fault, type FaultKind } from '../../base/fault.ts'

const STDERR_BYTES_MAX = 8192

export type Tool = {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Resolves when the tool has ended well; rejects with a `Fault` that carries its last words otherwise. */
  readonly ended: Promise<void>
  readonly kill: () => void
}

type ToolOptions = { readonly signal?: AbortSignal; readonly failure?: FaultKind }

/** Starts a program without a shell. It ends with its pipes, also when this process is killed. */
export function startTool(
  program: 'ffmpeg' | 'ffprobe',
  args: readonly string[],
  options: ToolOptions = {},
): Tool {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const lastWords = keepTail(child)
  let killed = false
  const kill = (): void => {
    killed = true
    child.kill('SIGKILL')
  }
  child.stdin.on('error', () => {}) // A tool that has read enough closes its input; its exit code says whether that was well.
  options.signal?.addEventListener('abort', kill, { once: true })
  const ended = outcomeOf(child).then((outcome) => {
    options.signal?.removeEventListener('abort', kill)
    if (outcome === 'missing')
      throw new Fault('missing', `${program} is not installed: type apt-get install ffmpeg`)
    if (killed) throw new Fault('aborted', `${program} was stopped`)
    if (outcome !== 0)
      throw new Fault(options.failure ?? 'unavailable', lastWords() || `${program} ended with ${outcome}`)
  })
  ended.catch(() => {}) // Whoever waits for it hears of it; nobody has to.
  return { stdin: child.stdin, stdout: child.stdout, ended, kill }
}

/** Everything the tool writes, with a bound. */
export async function runTool(
  program: 'ffmpeg' | 'ffprobe',
  args: readonly string[],
  options: ToolOptions & { readonly stdin?: Uint8Array; readonly bytesMax: number },
): Promise<Uint8Array> {
  const tool = startTool(program, args, options)
  tool.stdin.end(options.stdin)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of tool.stdout) {
    if (!Buffer.isBuffer(chunk)) continue
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes <= options.bytesMax) continue
    tool.kill()
    throw new Fault('invalid', `${program}: wanted at most ${options.bytesMax} bytes of output, got more`)
  }
  await tool.ended
  return Buffer.concat(chunks)
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

async function outcomeOf(child: Child): Promise<number | string | 'missing'> {
  try {
    const [code, signal]: unknown[] = await once(child, 'close')
    return typeof code === 'number' ? code : String(signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing'
    throw error
  }
}

/** The last lines of what the tool said, without the file names ffmpeg puts before them. */
function keepTail(child: Child): () => string {
  let tail = ''
  child.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-STDERR_BYTES_MAX)
  })
  return () =>
    tail
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^\[[^\]]*\] */, '')
      .trim() ?? ''
}
