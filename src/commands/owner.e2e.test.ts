import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmod, copyFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbeddedCloud } from '../../sim/cloud/index.ts'
import { silentLog } from '../base/log.ts'

const MAIN = resolve(import.meta.dirname, '../main.ts')
const isThere = (tool: string): boolean => spawnSync(tool, ['--help']).error === undefined
const hasAge = isThere('age')
const hasFfmpeg = isThere('ffmpeg')

let folder: string
const at = (...steps: readonly string[]): string => join(folder, ...steps)

type Outcome = { readonly code: number | null; readonly out: string; readonly err: string }

/** The command line as somebody types it, in `folder`, with no terminal and nobody's own configuration. */
function lintel(...args: readonly string[]): Promise<Outcome> {
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...mine } = process.env
  const env = { ...mine, XDG_CONFIG_HOME: at('config'), TZ: 'UTC' }
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (code) =>
      done({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    )
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-owner-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('lintel owner init', () => {
  it('makes a key for its owner’s eyes only, where it is looked for, and asks nothing', async () => {
    const made = await lintel('owner', 'init')
    expect(made).toMatchObject({ code: 0, err: '' })
    const text = await readFile(at('config/lintel/owner.txt'), 'utf8')
    expect(text).toMatch(/^# created: \S+Z\n# public key: age1\S{58}\nAGE-SECRET-KEY-1\S{58}\n$/)
    expect((await stat(at('config/lintel/owner.txt'))).mode & 0o777).toBe(0o600)
    expect(made.out).toContain(/age1\S{58}/.exec(text)?.[0])
    expect(made.out).not.toContain('AGE-SECRET-KEY')
  })

  it('never overwrites a key', async () => {
    await lintel('owner', 'init', '--owner', 'once.txt')
    const before = await readFile(at('once.txt'), 'utf8')
    const again = await lintel('owner', 'init', '--owner', 'once.txt')
    expect(again).toMatchObject({ code: 2, out: '' })
    expect(again.err).toBe(
      'lintel: once.txt exists already and is never overwritten; give another name or move it away\n',
    )
    expect(await readFile(at('once.txt'), 'utf8')).toBe(before)
  })

  it('makes a key that the words rebuild', async () => {
    const made = await lintel('owner', 'init', '--owner', 'lost.txt', '--recovery-file', 'kit.txt')
    expect(made.out).not.toMatch(/\b24\b/)
    expect((await stat(at('kit.txt'))).mode & 0o777).toBe(0o600)
    expect((await lintel('owner', 'recover', '--words-file', 'kit.txt', '--owner', 'found.txt')).code).toBe(0)
    const secretIn = async (file: string) => /AGE-SECRET\S+/.exec(await readFile(at(file), 'utf8'))?.[0]
    expect(await secretIn('found.txt')).toBe(await secretIn('lost.txt'))
  })

  it('puts the key behind a passphrase, and asks nobody when there is no terminal', async () => {
    await writeFile(at('passphrase'), 'correct horse\n')
    await lintel(
      'owner',
      'init',
      '--owner',
      'locked.txt',
      '--passphrase-file',
      'passphrase',
      '--data',
      'locked',
    )
    expect(await readFile(at('locked.txt'), 'latin1')).toMatch(/^age-encryption.org\/v1\n-> scrypt /)
    const locked = await lintel('owner', 'enrol', '--owner', 'locked.txt', '--data', 'locked')
    expect(locked).toMatchObject({ code: 2 })
    expect(locked.err).toContain('--passphrase-file')
    const opened = await lintel(
      ...['owner', 'enrol', '--owner', 'locked.txt', '--data', 'locked', '--passphrase-file', 'passphrase'],
    )
    expect(opened).toMatchObject({ code: 0, out: 'locked belongs to this key already.\n' })
  })

  it('makes no key for a doorbell that has an owner', async () => {
    await lintel('owner', 'init', '--owner', 'first.txt', '--data', 'taken', '--name', 'Ada')
    const second = await lintel('owner', 'init', '--owner', 'second.txt', '--data', 'taken')
    expect(second).toMatchObject({ code: 2 })
    expect(second.err).toContain('has an owner already (Ada)')
    await expect(stat(at('second.txt'))).rejects.toThrow('ENOENT')
  })
})

describe('a key file', () => {
  it('that others may read is told of, and used', async () => {
    await lintel('owner', 'init', '--owner', 'open.txt', '--data', 'opened')
    await chmod(at('open.txt'), 0o644)
    const used = await lintel('owner', 'enrol', '--owner', 'open.txt', '--data', 'opened')
    expect(used).toMatchObject({ code: 0 })
    expect(used.err).toContain('chmod 600 open.txt')
  })

  it.each([
    ['that is not there', ['--owner', 'nowhere.txt', '--data', 'd'], 'make one with: lintel owner init'],
    ['that is a folder', ['--owner', '.', '--data', 'd'], 'wanted a file, got a folder'],
  ])('%s is one sentence and exit code 2', async (_what, args, sentence) => {
    const refused = await lintel('owner', 'clips', ...args)
    expect(refused.code).toBe(2)
    expect(refused.err).toContain(sentence)
    expect(refused.err.trim().split('\n')).toHaveLength(1)
  })
})

describe.skipIf(!hasFfmpeg)('with a clip that a doorbell recorded', () => {
  beforeAll(async () => {
    execFileSync('ffmpeg', [
      ...'-v error -f lavfi -i testsrc=size=320x180:rate=25:duration=6'.split(' '),
      ...['-c:v', 'libx264', '-g', '25', '-pix_fmt', 'yuv420p', at('visitor.mp4')],
    ])
    await lintel('owner', 'init', '--owner', 'ada.txt', '--data', 'door', '--name', 'Ada')
    await lintel('owner', 'init', '--owner', 'bo.txt')
    const played = await lintel(
      'sim',
      'visitor.mp4',
      '--press',
      '2',
      '--data',
      'door',
      '--owner',
      'ada.txt',
      '--json',
    )
    expect(played.code).toBe(0)
  })

  const bosKey = async (): Promise<string> =>
    /age1\S{58}/.exec(await readFile(at('bo.txt'), 'utf8'))?.[0] ?? ''
  const onlyClip = async (): Promise<string> => (await readdir(at('door/clips')))[0] ?? ''
  const packetsOf = (file: string): string =>
    execFileSync('ffmpeg', ['-v', 'error', '-i', at(file), '-c', 'copy', '-f', 'framemd5', '-'], {
      encoding: 'utf8',
    })

  it('owner clips lists it, for people and for programs', async () => {
    const [people, programs] = [
      await lintel('owner', 'clips', '--data', 'door', '--owner', 'ada.txt'),
      await lintel('owner', 'clips', '--data', 'door', '--owner', 'ada.txt', '--json'),
    ]
    expect(people.out).toMatch(
      /^when .*\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d\.\d s +.*press.* sealed +here\+cloud /,
    )
    const [clip] = JSON.parse(programs.out) as Record<string, unknown>[]
    expect(clip).toMatchObject({
      id: await onlyClip(),
      state: 'sealed',
      where: ['here', 'cloud'],
      presses: [2],
    })
    expect(Object.keys(clip ?? {})).toEqual(
      expect.arrayContaining(['visit', 'from', 'durationS', 'signs', 'labels', 'parts', 'bytes']),
    )
  })

  it('owner open gives back the camera’s packets, from the folder and from the cloud alone', async () => {
    const id = await onlyClip()
    await lintel(
      'owner',
      'open',
      id.slice(0, 5),
      '--data',
      'door',
      '--owner',
      'ada.txt',
      '-o',
      'here.mp4',
      '--poster',
      'p.jpg',
    )
    expect(packetsOf('here.mp4')).toBe(packetsOf('visitor.mp4'))
    expect((await readFile(at('p.jpg'))).subarray(0, 3)).toEqual(Buffer.of(0xff, 0xd8, 0xff))
    await cp(at('door/cloud'), at('stolen/cloud'), { recursive: true })
    const opened = await lintel(
      'owner',
      'open',
      'latest',
      '--data',
      'stolen',
      '--owner',
      'ada.txt',
      '-o',
      'cloud.mp4',
    )
    expect(opened.out).toContain('genuine, signed by lintel/')
    expect(await readFile(at('cloud.mp4'))).toEqual(await readFile(at('here.mp4')))
  })

  it('clips are listed, opened and verified from any other cloud by its address', async () => {
    await cp(at('door/cloud'), at('elsewhere'), { recursive: true })
    await using cloud = await openEmbeddedCloud({ folder: at('elsewhere'), log: silentLog })
    const address = `${cloud.endpoint}/${cloud.account.bucket}`
    const place = ['--cloud', address, '--cloud-credentials', at('elsewhere/credentials.json')]
    const listed = await lintel('owner', 'clips', ...place, '--owner', 'ada.txt', '--json')
    expect(JSON.parse(listed.out)).toMatchObject([{ id: await onlyClip(), where: ['cloud'] }])
    await lintel('owner', 'open', 'latest', ...place, '--owner', 'ada.txt', '-o', 'address.mp4')
    expect(packetsOf('address.mp4')).toBe(packetsOf('visitor.mp4'))
    expect((await lintel('verify', ...place)).code).toBe(0)
    const [object = ''] = await readdir(at('elsewhere/objects', cloud.account.bucket))
    await rm(at('elsewhere/objects', cloud.account.bucket, object), { recursive: true })
    expect((await lintel('verify', ...place)).code).toBe(1)
    const nameless = await lintel('owner', 'clips', '--cloud', address, '--owner', 'ada.txt')
    expect(nameless).toMatchObject({ code: 2 })
    expect(nameless.err).toContain('AWS_ACCESS_KEY_ID')
    expect((await lintel('owner', 'clips', '--cloud', 'ftp://x', '--owner', 'ada.txt')).code).toBe(2)
  })

  it('owner open leaves nothing behind when a part was changed', async () => {
    await cp(at('door'), at('bad'), { recursive: true })
    await rm(at('bad/cloud'), { recursive: true })
    const part = at('bad/clips', await onlyClip(), '0001.age')
    const bytes = await readFile(part)
    await writeFile(part, bytes.fill(bytes[400] === 0 ? 1 : 0, 400, 401))
    const refused = await lintel(
      'owner',
      'open',
      'latest',
      '--data',
      'bad',
      '--owner',
      'ada.txt',
      '-o',
      'bad.mp4',
    )
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toMatch(/part 1 of \d+ of clip [0-9a-f]+: .*nothing was written/)
    expect((await readdir(folder)).filter((name) => /^bad\.mp4|\.part$/.test(name))).toEqual([])
    const saved = await lintel(
      ...['owner', 'open', 'latest', '--data', 'bad', '--owner', 'ada.txt', '-o', 'bad.mp4', '--salvage'],
    )
    expect(saved.code).toBe(0)
    expect(saved.err).toContain('part 1 of')
  })

  it('verify finds the doorbell and its cloud genuine, and names what was changed', async () => {
    const good = await lintel('verify', 'door')
    expect(good).toMatchObject({ code: 0, err: '' })
    expect(good.out).toMatch(/Everything is genuine\.\n$/)
    await cp(at('door'), at('changed'), { recursive: true })
    await rm(at('changed/clips', await onlyClip(), '0000.age'))
    const bad = await lintel('verify', 'changed', '--json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      sources: [{ findings: expect.arrayContaining([expect.objectContaining({ verdict: 'missing' })]) }, {}],
    })
    expect((await lintel('verify', `door/clips/${await onlyClip()}`)).code).toBe(0)
    expect((await lintel('verify', 'nothing-here')).code).toBe(2)
  })

  it('owner share lets another key open it, with Lintel', async () => {
    const shared = await lintel(
      ...[
        'owner',
        'share',
        'latest',
        '--to',
        await bosKey(),
        '--data',
        'door',
        '--owner',
        'ada.txt',
        '-o',
        'g',
      ],
    )
    expect(shared.code).toBe(0)
    await cp(at('door/clips', await onlyClip()), at('given'), { recursive: true })
    const denied = await lintel('owner', 'open', 'given', '--owner', 'bo.txt', '-o', 'denied.mp4')
    expect(denied.code).toBe(2)
    await lintel('owner', 'open', 'given', '--grant', 'g', '--owner', 'bo.txt', '-o', 'given.mp4')
    expect(packetsOf('given.mp4')).toBe(packetsOf('visitor.mp4'))
  })

  it.skipIf(!hasAge)('owner share lets another key open it with nothing but age, as it says', async () => {
    const shared = await lintel(
      ...[
        'owner',
        'share',
        'latest',
        '--to',
        await bosKey(),
        '--data',
        'door',
        '--owner',
        'ada.txt',
        '-o',
        'h',
      ],
    )
    const id = await onlyClip()
    await cp(at('door/clips', id), at('clips', id), { recursive: true })
    await copyFile(at('bo.txt'), at('THEIR-KEY'))
    const recipe = shared.out.slice(shared.out.indexOf('    for part in'))
    execFileSync('sh', ['-e', '-c', recipe], { cwd: folder })
    expect(packetsOf('visit.mp4')).toBe(packetsOf('visitor.mp4'))
    await lintel('owner', 'reheader', `clips/${id}/0000.age`, '--grant', 'h', '-o', 'part.age')
    const opened = execFileSync('age', ['-d', '-i', at('bo.txt'), at('part.age')])
    expect(opened.subarray(4, 8).toString()).toBe('ftyp')
  })

  it('owner add-recipient and remove-recipient write new versions of the list', async () => {
    const key = await bosKey()
    const added = await lintel(
      'owner',
      'add-recipient',
      key,
      '--name',
      'Bo',
      '--data',
      'door',
      '--owner',
      'ada.txt',
    )
    expect(added.out).toMatch(/^Version 2;[^]*Bo +age1[^]*cannot open clips recorded before/)
    const listed = await lintel('owner', 'recipients', '--data', 'door', '--json')
    expect(JSON.parse(listed.out)).toMatchObject({
      version: 2,
      recipients: [{ name: 'Ada' }, { key, name: 'Bo' }],
    })
    const removed = await lintel('owner', 'remove-recipient', 'Bo', '--data', 'door', '--owner', 'ada.txt')
    expect(removed.out).toContain('whoever could open those still can')
    expect(
      (await lintel('owner', 'remove-recipient', 'Ada', '--data', 'door', '--owner', 'ada.txt')).code,
    ).toBe(2)
    expect((await lintel('verify', 'door')).code).toBe(0)
  })

  it('a doorbell that was exchanged behind the owner’s back is told of until it is accepted', async () => {
    await cp(at('door'), at('swapped'), { recursive: true })
    await lintel('owner', 'clips', '--data', 'swapped', '--owner', 'ada.txt')
    await rm(at('swapped'), { recursive: true })
    await lintel(
      'sim',
      'visitor.mp4',
      '--press',
      '2',
      '--data',
      'swapped',
      '--owner',
      'ada.txt',
      '--cloud',
      'none',
      '--json',
    )
    const clips = () => lintel('owner', 'clips', '--data', 'swapped', '--owner', 'ada.txt')
    expect((await clips()).err).toContain('the device key changed')
    expect((await clips()).err).toContain('the device key changed')
    await lintel('owner', 'trust', '--data', 'swapped', '--owner', 'ada.txt')
    expect((await clips()).err).toBe('')
  })
})
