import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runTool, startTool } from './run-tool.ts'
import { hasFfmpeg } from './videos.fixture.ts'

/** Writes pictures for ever. */
const ENDLESS = [
  '-v',
  'error',
  '-nostdin',
  '-f',
  'lavfi',
  '-i',
  'testsrc=s=640x360',
  '-f',
  'rawvideo',
  'pipe:1',
]
const MODULE = fileURLToPath(new URL('run-tool.ts', import.meta.url))

describe('a tool that is not installed', () => {
  it('is missed with the command that installs it', async () => {
    const { PATH } = process.env
    process.env.PATH = '/nowhere'
    const running = runTool('ffmpeg', ['-version'], { failure: 'invalid', bytesMax: 10 })
    process.env.PATH = PATH
    await expect(running).rejects.toMatchObject({
      kind: 'missing',
      message: 'ffmpeg is not installed: type apt-get install ffmpeg',
    })
  })
})

describe.skipIf(!hasFfmpeg)('a tool', () => {
  it('fails with its last words', async () => {
    const running = runTool('ffprobe', ['-v', 'error', 'file:nowhere.mp4'], {
      failure: 'corrupt',
      bytesMax: 10,
    })
    await expect(running).rejects.toMatchObject({
      kind: 'corrupt',
      message: 'file:nowhere.mp4: No such file or directory',
    })
  })

  it('may write only so much', async () => {
    const running = runTool('ffmpeg', ENDLESS, { failure: 'corrupt', bytesMax: 1_000_000 })
    await expect(running).rejects.toThrow('wanted at most 1000000 bytes of output, got more')
  })

  it('is waited for after it was stopped, although nobody reads what it wrote', async () => {
    const tool = startTool('ffmpeg', ENDLESS, { failure: 'corrupt' })
    await once(tool.stdout, 'readable')
    await tool[Symbol.asyncDispose]()
    await expect(tool.ended).rejects.toMatchObject({ kind: 'aborted' })
  })

  it('does not outlive the process that started it, even when that is killed', async () => {
    const mark = `lintel_orphan_${process.pid}`
    const args = JSON.stringify([...ENDLESS.slice(0, -3), '-metadata', `title=${mark}`, ...ENDLESS.slice(-3)])
    const script = `import { startTool } from ${JSON.stringify(MODULE)}
      const tool = startTool('ffmpeg', ${args}, { failure: 'corrupt' })
      tool.stdout.once('data', () => console.log('running'))
      for await (const chunk of tool.stdout) void chunk`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(parent.stdout, 'data')
    expect(isRunning(mark)).toBe(true)
    parent.kill('SIGKILL')
    await once(parent, 'close')
    while (isRunning(mark)) await new Promise((resolve) => setImmediate(resolve))
  })
})

/** Is there an ffmpeg with this among its arguments? */
const isRunning = (mark: string): boolean =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      const [program, ...args] = argumentsOf(pid)
      return program === 'ffmpeg' && args.some((arg) => arg.includes(mark))
    })

function argumentsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
  } catch {
    return [] // It ended meanwhile.
  }
}
