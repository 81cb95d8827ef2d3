import { spawn, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbeddedCloud, type EmbeddedCloud } from '../../sim/cloud/index.ts'
import { silentLog } from '../base/log.ts'
import type { Check } from './doctor-judge.ts'

const MAIN = resolve(import.meta.dirname, '../main.ts')
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).error === undefined

let folder: string
let cloud: EmbeddedCloud
const at = (...steps: readonly string[]): string => join(folder, ...steps)

type Outcome = { readonly code: number | null; readonly out: string; readonly err: string }

function lintel(args: readonly string[], path?: string): Promise<Outcome> {
  const env = { ...process.env, XDG_CONFIG_HOME: at('config'), ...(path === undefined ? {} : { PATH: path }) }
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (code) => done({ code, out, err }))
  })
}

const settings = (changes: { readonly endpoint?: string; readonly passwordFile?: string } = {}): string => `
store:
  endpoint: ${changes.endpoint ?? cloud.endpoint}
  bucket: ${cloud.account.bucket}
  credentialsFile: ${at('cloud/credentials.json')}
mqtt:
  url: ${cloud.mqttUrl ?? ''}
  protocol: 3.1.1
  username: ${cloud.account.mqttUsername}
  passwordFile: ${changes.passwordFile ?? at('password')}
`

/** By id. */
async function examined(
  args: readonly string[],
  path?: string,
): Promise<{ code: number | null; of: (id: string) => Check }> {
  const { code, out } = await lintel(['doctor', '--json', ...args], path)
  const { checks } = JSON.parse(out) as { checks: readonly Check[] }
  return {
    code,
    of: (id) => {
      const check = checks.find((each) => each.id === id)
      if (check === undefined) throw new Error(`the doctor did not check ${id}`)
      return check
    },
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-doctor-'))
  cloud = await openEmbeddedCloud({ folder: at('cloud'), mqttPort: 0, log: silentLog })
  await writeFile(at('password'), `${cloud.account.mqttPassword}\n`)
  await writeFile(at('wrong-password'), 'guess\n')
  await lintel(['owner', 'init', '--owner', 'owner.txt', '--data', 'door', '--name', 'Ada'])
})
afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('lintel doctor', () => {
  it.skipIf(!hasFfmpeg)(
    'finds a machine ready that is, and leaves nothing behind in store or folder',
    async () => {
      await writeFile(at('good.yaml'), settings())
      const { code, of } = await examined(['--config', 'good.yaml', '--data', 'door'])
      expect(of('store')).toMatchObject({ outcome: 'ok' })
      expect(of('broker')).toMatchObject({ outcome: 'ok' })
      expect(of('owner')).toMatchObject({
        outcome: 'ok',
        saw: 'recordings are sealed to Ada (list version 1)',
      })
      expect(code).toBe(0)
      expect(await readdir(at('door'))).toEqual(['recipients.note'])
      expect(await readdir(at('cloud/objects', cloud.account.bucket))).toEqual([])
    },
  )

  it('says that the broker does not know this account', async () => {
    await writeFile(at('account.yaml'), settings({ passwordFile: at('wrong-password') }))
    const { code, of } = await examined(['--config', 'account.yaml'])
    expect(code).toBe(1)
    expect(of('broker')).toMatchObject({ outcome: 'fail', todo: 'check mqtt.username and mqtt.passwordFile' })
  })

  it('says that nobody answers where the store should be', async () => {
    await writeFile(at('away.yaml'), settings({ endpoint: 'http://127.0.0.1:9' }))
    const { code, of } = await examined(['--config', 'away.yaml'])
    expect(code).toBe(1)
    expect(of('store')).toMatchObject({ outcome: 'fail' })
    expect(of('store').saw).toContain('ECONNREFUSED')
  })

  it('repeats what is wrong with the configuration, and checks the rest', async () => {
    await writeFile(at('typo.yaml'), 'clp: { partMs: 1000 }\n')
    const { code, of } = await examined(['--config', 'typo.yaml'])
    expect(code).toBe(1)
    expect(of('config')).toMatchObject({ outcome: 'fail' })
    expect(of('config').saw).toMatch(/^typo.yaml, line 1: .*“clp”.*did you mean “clip”/)
    expect(of('node').outcome).toBe('ok')
    expect((await examined(['--config', 'nowhere.yaml'])).of('config').saw).toContain('there is no such file')
  })

  it('tells how to get ffmpeg where it is missing', async () => {
    const { code, of } = await examined([], at('no-programs'))
    expect(code).toBe(1)
    expect(of('ffmpeg')).toMatchObject({ outcome: 'fail', todo: 'sudo apt install ffmpeg' })
    expect(of('codecs').outcome).toBe('skip')
    expect(of('age').outcome).toBe('skip')
  })

  it('fails for a folder without an owner, and one whose device key others can read', async () => {
    await lintel(['owner', 'init', '--owner', 'other.txt', '--data', 'keyed'])
    await writeFile(at('keyed/device.key'), 'x')
    await chmod(at('keyed/device.key'), 0o644)
    expect((await examined(['--data', 'keyed'])).of('data').todo).toBe('chmod 600 keyed/device.key')
    await rm(at('keyed/recipients.note'))
    const ownerless = await examined(['--data', 'keyed'])
    expect(ownerless.code).toBe(1)
    expect(ownerless.of('owner').todo).toContain('lintel owner init --data keyed')
  })

  it('speaks to people in lines, with what to type', async () => {
    const { out, err } = await lintel(['doctor'], at('no-programs'))
    expect(err).toBe('')
    expect(out).toMatch(/^ ok {3}Node +v\d+[^]*\nFAIL {2}ffmpeg +not found\n +→ sudo apt install ffmpeg\n/)
    expect(out).toMatch(/\nNot ready: ffmpeg, ffprobe\.\n$/)
  })
})
