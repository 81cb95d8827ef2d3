import { Fault } from '../../src/base/fault.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { ProgramRunner } from '../../src/ports/program-runner.ts'

/** How a program behaves: its exit code, `hangs`, or why it cannot be run. */
export type SimProgram = number | 'hangs' | 'denied'

/** A machine with some programs; whatever was not installed is not there. */
export interface SimProgramRunner extends ProgramRunner {
  /** What was run, with its arguments. */
  readonly ran: readonly (readonly string[])[]
  install(path: string, program: SimProgram): void
}

export function createSimProgramRunner(clock: Clock): SimProgramRunner {
  const ran: (readonly string[])[] = []
  const programs = new Map<string, SimProgram>()
  return {
    ran,
    install: (path, program) => void programs.set(path, program),
    async run(argv, { timeoutMs, signal }) {
      const path = argv[0] ?? ''
      if (!path.startsWith('/')) throw new Fault('invalid', `${path}: wanted the full path of a program`)
      if (signal.aborted) throw new Fault('aborted', `${path} was not started`)
      const program = programs.get(path)
      if (program === undefined) throw new Fault('missing', `${path}: there is no such program`)
      if (program === 'denied') throw new Fault('denied', `${path}: may not be run`)
      ran.push(argv)
      if (program === 'hangs') {
        await clock.sleep(timeoutMs, { signal }).catch((cause: unknown) => {
          throw new Fault('aborted', `${path} was stopped`, { cause })
        })
        throw new Fault('unavailable', `${path} was killed after ${timeoutMs} ms`)
      }
      if (program !== 0) throw new Fault('unavailable', `${path} ended with ${program}`)
    },
  }
}
