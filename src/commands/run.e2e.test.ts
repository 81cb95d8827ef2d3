import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'src/main.ts')
const NODE = ['--disable-warning=ExperimentalWarning', MAIN]
const folder = mkdtempSync(join(tmpdir(), 'lintel-run-'))
const owner = join(folder, 'owner.txt')
const data = join(folder, 'data')
const settings = join(folder, 'lintel.yaml')

/** Python has the datagrams of AF_UNIX that Node lacks. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`

const lintel = (...args: readonly string[]) =>
  spawnSync(process.execPath, [...NODE, ...args], { encoding: 'utf8', cwd: folder })

beforeAll(() => {
  expect(lintel('owner', 'init', '--owner', owner).status).toBe(0)
  expect(lintel('owner', 'enrol', '--owner', owner, '--data', data).status).toBe(0)
  // Nobody answers at these addresses: neither is waited for.
  writeFileSync(
    settings,
    `web: { port: 0 }
mqtt: { url: "mqtt://127.0.0.1:1" }
camera: { kind: file, file: ${join(ROOT, 'test-fixtures/walk-up.mp4')} }
detect: { recognise: false }
`,
  )
})
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL') // Whatever a test that failed left behind.
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('lintel run', () => {
  it('is ready without network, lives as long as its watchdog wants, records, and ends in order', async () => {
    const listener = spawn('python3', ['-c', LISTENER, join(folder, 'notify')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const heard = linesOf(listener)
    await heard.until((line) => line === 'bound')
    const door = start({ NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '400000' }, [], 'inherit')
    expect(await heard.until((line) => line.startsWith('READY=1'))).toContain('Ready: the bell rings')
    for (let pets = 0; pets < 3; pets++) await heard.until((line) => line === 'WATCHDOG=1')
    await expect
      .poll(() => existsSync(join(data, 'clips')) && readdirSync(join(data, 'clips')).length > 0)
      .toBe(true)
    expect(lintel('status', '--data', data)).toMatchObject({
      stdout: expect.stringMatching(/The bell rings; \d+ thing/),
    })
    const { status, stdout } = lintel('status', '--data', data, '--json')
    expect(status).toBe(1) // Nobody answers at the broker's address.
    const said = JSON.parse(stdout) as { rows: { key: string; state: string }[] } // Ours; the rows are looked at.
    expect(said.rows).toContainEqual(expect.objectContaining({ key: 'broker', state: 'bad' }))
    expect(said.rows).toContainEqual(expect.objectContaining({ key: 'camera' }))
    expect(lintel('status', '--data', data, '--prometheus').stdout).toContain('\nlintel_broker_connected 0\n')
    door.kill('SIGTERM')
    expect(await heard.until((line) => line.startsWith('STOPPING=1'))).toBeTruthy()
    expect(await once(door, 'exit')).toEqual([0, null])
    listener.kill()
    const after = lintel('status', '--data', data)
    expect(after).toMatchObject({ status: 1, stdout: expect.stringContaining('not running here') })
  })

  it('ends by SIGHUP when nobody is at the door', async () => {
    const door = start({}, ['--set', 'camera.kind=none'])
    await linesOf(door, 'stderr').until((line) => line.includes('run.ready'))
    door.kill('SIGHUP')
    expect(await once(door, 'exit')).toEqual([0, null])
  })

  it('says what is wrong with the wires before anything else, and exits with 2', () => {
    const { status, stderr } = lintel(
      'run',
      '--config',
      settings,
      '--data',
      join(folder, 'other'),
      '--board',
      'pi-4',
    )
    expect(stderr).toMatch(
      /lintel: gpio[.]\w+(: this machine has no GPIO chip|[.]chip: wanted the chip pinctrl-bcm2711)/,
    )
    expect(status).toBe(2)
  })

  it('says which setting is wrong, and where', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'web: {}\nlines: { pressHold: 5 }\n')
    expect(lintel('run', '--config', join(folder, 'bad.yaml'), '--data', data)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('bad.yaml, line 2: there is no setting “pressHold” in lines'),
    })
  })
})

function start(
  env: Readonly<Record<string, string>>,
  more: readonly string[] = [],
  log: 'pipe' | 'inherit' = 'pipe',
): ChildProcess {
  const args = [...NODE, 'run', '--config', settings, '--data', data, ...more]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', log],
    env: { ...process.env, ...env },
  })
  children.push(child)
  return child
}

/** Each line is looked at once, in order. */
function linesOf(child: ChildProcess, from: 'stdout' | 'stderr' = 'stdout') {
  const stream = child[from]
  if (stream === null) throw new Error(`${from} is not read`)
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  return {
    async until(is: (line: string) => boolean): Promise<string> {
      const seen: string[] = []
      for (;;) {
        const { value, done } = await lines.next()
        if (done === true) throw new Error(`it ended before that was said; it said:\n${seen.join('\n')}`)
        if (is(value)) return value
        seen.push(value)
      }
    },
  }
}
