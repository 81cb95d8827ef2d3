import { spawn, type ChildProcess } from 'node:child_process'
import { Fault, messageOf } from '../base/fault.ts'
import type { ProgramRunner } from '../ports/program-runner.ts'

/** So much of the end of what it says is in the message of its failure. */
const SAID_LETTERS_MAX = 300

export const nodeProgramRunner: ProgramRunner = {
  async run([program, ...args], { timeoutMs, signal }) {
    if (program?.startsWith('/') !== true)
      throw new Fault('invalid', `${program ?? ''}: wanted the full path of a program`)
    if (signal.aborted) throw new Fault('aborted', `${program} was not started`)
    // A process group of its own, so that what it starts can be killed with it.
    const child = spawn(program, args, {
      cwd: '/',
      env: {},
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await endOf(child, program, { timeoutMs, signal })
  },
}

function endOf(
  child: ChildProcess,
  program: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    let killed: Fault | undefined
    const kill = (fault: Fault): void => {
      killed ??= fault
      killGroup(child)
    }
    const stop = (): void => kill(new Fault('aborted', `${program} was stopped`))
    const timer = setTimeout(
      () => kill(new Fault('unavailable', `${program} was killed after ${timeoutMs} ms`)),
      timeoutMs,
    )
    const finish = (fault: Fault | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      if (fault === undefined) resolve()
      else reject(fault)
    }
    signal.addEventListener('abort', stop, { once: true })
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_LETTERS_MAX)))
    child.on('error', (cause) => finish(faultOf(cause, program)))
    child.on('exit', (code, by) => {
      killGroup(child) // What it left behind is not to live on in its name.
      if (killed !== undefined || code === 0) return finish(killed)
      const how = code === null ? `by ${by}` : `with ${code}`
      finish(new Fault('unavailable', `${program} ended ${how}${said === '' ? '' : `: ${said.trim()}`}`))
    })
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // There is nobody left in it.
  }
}

function faultOf(cause: NodeJS.ErrnoException, program: string): Fault {
  if (cause.code === 'ENOENT') return new Fault('missing', `${program}: there is no such program`, { cause })
  if (cause.code === 'EACCES') return new Fault('denied', `${program}: may not be run`, { cause })
  return new Fault('unavailable', `${program}: ${messageOf(cause)}`, { cause })
}
