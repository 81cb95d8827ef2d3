import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeProgramRunnerContract } from '../ports/program-runner.contract.ts'
import { nodeProgramRunner } from './program-runner.ts'

const END = '\u001e'

/** A program that writes down its arguments, and then does what it is for. */
async function writeProgram(folder: string, name: string, then: string, mode = 0o755): Promise<string> {
  const path = join(folder, name)
  const note = `for each in "$@"; do printf '%s\\037' "$each"; done >> ${folder}/ran; printf '${'\\036'}' >> ${folder}/ran`
  await writeFile(path, `#!/bin/sh\n${note}\n${then}\n`)
  await chmod(path, mode)
  return path
}

async function argumentsIn(folder: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(folder, 'ran'), 'utf8').catch(() => '') // Nothing ran yet.
  return text
    .split(END)
    .slice(0, -1)
    .map((run) => run.split('\u001f').slice(0, -1))
}

describeProgramRunnerContract('Node’s runner', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-programs-'))
  const paths = {
    well: await writeProgram(folder, 'well', 'exit 0'),
    badly: await writeProgram(folder, 'badly', 'echo "so it is" >&2; exit 3'),
    hangs: await writeProgram(folder, 'hangs', 'while :; do :; done'),
    'not to be run': await writeProgram(folder, 'locked', 'exit 0', 0o644),
  }
  return {
    runner: nodeProgramRunner,
    program: (does) => paths[does],
    missing: join(folder, 'nothing'),
    ran: () => argumentsIn(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
})

describe('Node’s runner', () => {
  const options = { timeoutMs: 20_000, signal: new AbortController().signal }

  it('gives a program nothing of our environment, and says what it said last', async () => {
    const script =
      '[ -z "$HOME$USER$AWS_SECRET_ACCESS_KEY" ] && [ "$(pwd)" = / ] && echo "all is well" >&2; exit 4'
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'a secret'
    await expect(nodeProgramRunner.run(['/bin/sh', '-c', script], options)).rejects.toMatchObject({
      message: '/bin/sh ended with 4: all is well',
    })
  })

  it('kills what a program has started, with it and after it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lintel-programs-'))
    const pidFile = join(folder, 'pid')
    await nodeProgramRunner.run(['/bin/sh', '-c', `sleep 1000 & echo $! > ${pidFile}`], options)
    const pid = Number(await readFile(pidFile, 'utf8'))
    await expect.poll(() => isAlive(pid)).toBe(false)
    await rm(folder, { recursive: true })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
