import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProgramRunner } from './program-runner.ts'

export interface ProgramRunnerUnderTest extends AsyncDisposable {
  readonly runner: ProgramRunner
  /** Full path of a program that does this. */
  program(does: 'well' | 'badly' | 'hangs' | 'not to be run'): string
  /** The arguments with which programs were run, without their paths. */
  ran(): Promise<readonly (readonly string[])[]>
  readonly missing: string
}

export function describeProgramRunnerContract(
  name: string,
  setUp: () => Promise<ProgramRunnerUnderTest>,
): void {
  describe(`${name} keeps the contract of a runner of programs:`, () => {
    let subject: ProgramRunnerUnderTest
    beforeEach(async () => void (subject = await setUp()))
    afterEach(() => subject[Symbol.asyncDispose]())
    const forever = { timeoutMs: 20_000, signal: new AbortController().signal }

    it('runs a program with its arguments as they are: no shell looks at them', async () => {
      const args = ['', 'a b', '$HOME; rm -rf /', '`id`', '"quoted"', "it's", '*', 'größer 🔔']
      await subject.runner.run([subject.program('well'), ...args], forever)
      expect(await subject.ran()).toEqual([args])
    })

    it('says that it failed', async () => {
      await expect(subject.runner.run([subject.program('badly')], forever)).rejects.toMatchObject({
        name: 'Fault',
        kind: 'unavailable',
        message: expect.stringMatching(/ended with 3/),
      })
    })

    it('says that there is none, or that it may not be run', async () => {
      await expect(subject.runner.run([subject.missing], forever)).rejects.toMatchObject({ kind: 'missing' })
      await expect(subject.runner.run([subject.program('not to be run')], forever)).rejects.toMatchObject({
        kind: 'denied',
      })
    })

    it.each([[[]], [['true']], [['./true']], [['']]])('refuses %j: no full path', async (argv: string[]) => {
      await expect(subject.runner.run(argv, forever)).rejects.toMatchObject({ kind: 'invalid' })
    })

    it('kills what takes longer than it was told', async () => {
      await expect(
        subject.runner.run([subject.program('hangs')], { ...forever, timeoutMs: 300 }),
      ).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/killed after 300 ms/) })
    })

    it('stops when it is told to, before and while it runs', async () => {
      await expect(
        subject.runner.run([subject.program('well')], { ...forever, signal: AbortSignal.abort() }),
      ).rejects.toMatchObject({ kind: 'aborted' })
      expect(await subject.ran()).toEqual([])
      const stop = new AbortController()
      const running = subject.runner.run([subject.program('hangs')], { ...forever, signal: stop.signal })
      const outcome = running.catch((error: unknown) => error)
      await expect.poll(() => subject.ran()).toHaveLength(1)
      stop.abort()
      expect(await outcome).toMatchObject({ kind: 'aborted' })
    })
  })
}
