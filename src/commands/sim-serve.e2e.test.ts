import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import {
  formatRecipient,
  openAge,
  ownerSigner,
  pairOf,
  signRecipients,
  type X25519Pair,
} from '../formats/index.ts'
import type {
  ActivityReply,
  ClipsReply,
  DeviceEvent,
  EnrolOffer,
  Me,
  SettingsReply,
  StatusReply,
  TestReply,
} from '../web/index.ts'

const LINTEL = fileURLToPath(new URL('../../scripts/lintel', import.meta.url))
const SECRET = Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + 11) & 255)
const OWNER: X25519Pair = pairOf(SECRET)
const PASSPHRASE = 'correct horse battery staple'
const MS_MAX = 240_000

const folder = mkdtempSync(join(tmpdir(), 'lintel-serve-'))
const video = join(folder, 'visitor.mp4')

beforeAll(() => {
  // Noise compresses badly, so every stretch is a run of bytes that stands nowhere else by chance. Then it stands still, so that visits end.
  const picture = 'testsrc2=s=320x240:r=10:d=5,noise=alls=20:allf=t,tpad=stop_mode=clone:stop_duration=18'
  const args = [
    '-v',
    'error',
    '-y',
    '-f',
    'lavfi',
    '-i',
    picture,
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-g',
    '20',
  ]
  expect(spawnSync('ffmpeg', [...args, video]).status).toBe(0)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A browser as far as the device can tell: cookies, origin, and everything that ever came. */
class Browser {
  readonly #origin: string
  readonly #cookies = new Map<string, string>()
  readonly received: Uint8Array[] = []
  readonly events: DeviceEvent[] = []

  constructor(origin: string) {
    this.#origin = origin
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await fetch(`${this.#origin}${path}`, {
      method,
      headers: {
        ...this.#headers(),
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const bytes = new Uint8Array(await response.arrayBuffer())
    this.received.push(bytes)
    return { status: response.status, bytes }
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, bytes } = await this.ask(method, path, body)
    const text = Buffer.from(bytes).toString()
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
    return JSON.parse(text) as T // The device's own words.
  }

  /** Opens the socket of events, and again whenever it ends: the doorbell may start anew. */
  async listen(): Promise<Disposable> {
    let isOver = false
    let socket: WebSocket
    const open = (): Promise<void> =>
      new Promise((resolve, reject) => {
        socket = new WebSocket(`${this.#origin.replace('http', 'ws')}/api/events`, {
          headers: this.#headers(),
        })
        socket.on('open', resolve)
        socket.on('error', reject)
        socket.on('message', (data: Buffer) => {
          this.received.push(data)
          this.events.push(JSON.parse(data.toString()) as DeviceEvent) // As above.
        })
        socket.on('close', () => void (isOver ? undefined : open().catch(() => {})))
      })
    await open()
    return {
      [Symbol.dispose]: () => {
        isOver = true
        socket.close()
      },
    }
  }

  heard<T extends DeviceEvent['type']>(type: T): readonly Extract<DeviceEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<DeviceEvent, { type: T }> => event.type === type)
  }

  #headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { origin: this.#origin, ...(cookie === '' ? {} : { cookie }) }
  }
}

type Reply = { readonly status: number; readonly bytes: Uint8Array }

type Served = {
  readonly origin: string
  readonly link: string | undefined
  readonly log: () => string
  stop(): Promise<number | null>
}

async function serve(...more: readonly string[]): Promise<Served> {
  const args = ['sim', video, '--serve', '--port', '0', '--data', join(folder, 'device')]
  const child: ChildProcess = spawn(LINTEL, [
    ...args,
    ...['detect.recognise=false', 'detect.decode=always'].flatMap((set) => ['--set', set]),
    ...more,
  ])
  let [out, log] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const origin = await expect
    .poll(
      () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${log}`)
        return /The page: (\S+)\//.exec(out)?.[1]
      },
      { timeout: MS_MAX, interval: 100 },
    )
    .toBeDefined()
    .then(() => /The page: (\S+)\//.exec(out)?.[1] ?? '')
  return {
    origin,
    link: /(http\S+#enrol=\S+)/.exec(out)?.[1],
    log: () => log,
    stop() {
      child.kill('SIGINT')
      return ended
    },
  }
}

async function enrol(browser: Browser, link: string | undefined): Promise<Me> {
  const secret = /#enrol=(.+)$/.exec(link ?? '')?.[1] ?? ''
  const offer = await browser.json<EnrolOffer>('POST', '/api/enrol/check', { secret })
  expect(offer).toMatchObject({ hasOwner: false, device: { simulated: true } })
  const signer = ownerSigner(SECRET)
  const recipient = formatRecipient(OWNER.publicKey)
  const recipients = signRecipients(
    {
      format: 'lintel-recipients/1',
      version: 1,
      recipients: [{ key: recipient, name: 'Anna' }],
      owner: Buffer.from(signer.publicKey).toString('base64'),
      previous: null,
    },
    signer,
  )
  const credential = { kind: 'passphrase', passphrase: PASSPHRASE }
  return browser.json<Me>('POST', '/api/enrol', { secret, name: 'Anna', recipient, recipients, credential })
}

const eventually = { timeout: MS_MAX, interval: 200 }

describe('lintel sim --serve', () => {
  it(
    'is enrolled, rings, records, shows, keeps and deletes; and nothing that leaves it or stays in it can be read without the owner’s key',
    { timeout: MS_MAX * 2 },
    async () => {
      const served = await serve()
      const browser = new Browser(served.origin)
      expect((await browser.ask('GET', '/api/clips')).status).toBe(401)
      expect(await enrol(browser, served.link)).toMatchObject({ name: 'Anna', role: 'owner' })
      expect(await browser.json('GET', '/api/me')).toMatchObject({ role: 'owner' })
      await expect.poll(async () => (await cameraOf(browser))?.state, eventually).toBe('well')
      using _listening = await browser.listen()

      await browser.json('POST', '/api/simulate/press').catch(() => {}) // 204 has no body.
      await expect.poll(() => browser.heard('press'), eventually).toMatchObject([{ hasPicture: true }])
      const press = browser.heard('press')[0]?.press ?? ''
      await expect
        .poll(() => browser.heard('press-picture'), eventually)
        .toEqual([{ type: 'press-picture', press }])
      const picture = openAge((await browser.ask('GET', `/api/presses/${press}/picture`)).bytes, [OWNER])
      expect(Buffer.from(picture.subarray(0, 3)).toString('hex')).toBe('ffd8ff')

      const plaintexts = [picture, ...(await playAndDelete(browser))]
      await changeSettings(browser)
      expect(await served.stop()).toBe(130)

      const written = [
        ...filesIn(join(folder, 'device')).map((file) => readFileSync(file)),
        Buffer.from(served.log()),
      ]
      expect(runsFound(plaintexts, [...browser.received, ...written])).toEqual([])
      expect(secretsIn([...browser.received, ...written])).toEqual([])
    },
  )

  it('knows its household after a restart, and shows no code any more', { timeout: MS_MAX }, async () => {
    const served = await serve()
    expect(served.link).toBeUndefined()
    const browser = new Browser(served.origin)
    const login = { kind: 'passphrase', name: 'Anna', passphrase: PASSPHRASE }
    expect(await browser.json<Me>('POST', '/api/login', login)).toMatchObject({ name: 'Anna', role: 'owner' })
    const { settings } = await browser.json<SettingsReply>('GET', '/api/settings')
    expect(settings.find(({ key }) => key === 'device.name')?.value).toBe('Garden gate')
    expect(await served.stop()).toBe(130)
  })

  it(
    'gives the live picture by RTSP to ffmpeg and ffprobe, and to nobody without the password',
    { timeout: MS_MAX },
    async () => {
      const [passwordFile, port] = [join(folder, 'rtsp-password'), await freePort()]
      writeFileSync(passwordFile, 'open sesame\nand a second line\n')
      const settings = [`live.rtsp.port=${port}`, `live.rtsp.passwordFile=${passwordFile}`]
      const served = await serve(...settings.flatMap((set) => ['--set', set]))
      const url = (who: string): string => `rtsp://${who}127.0.0.1:${port}/`
      const probe = (who: string) =>
        toolSays('ffprobe', [
          ...['-v', 'error', '-rtsp_transport', 'tcp', '-of', 'csv=p=0'],
          ...['-show_entries', 'stream=codec_name,width,height', url(who)],
        ])
      await expect
        .poll(async () => probe('lintel:open%20sesame@'), eventually)
        .toMatchObject({ out: 'h264,320,240\n' })
      expect((await probe('lintel:wrong@')).error).toContain('401')
      expect((await probe('')).error).toContain('401')
      const frames = await toolSays('ffmpeg', [
        ...['-v', 'error', '-rtsp_transport', 'tcp', '-i', url('lintel:open%20sesame@')],
        ...['-frames:v', '20', '-f', 'framehash', '-hash', 'crc32', '-'],
      ])
      expect(frames.error).toBe('')
      expect(frames.out.split('\n').filter((line) => line.startsWith('0,'))).toHaveLength(20)
      expect(await served.stop()).toBe(130)
      expect(served.log()).not.toContain('open sesame')
    },
  )

  it.each([
    [[], /wanted one video.*got 0/],
    [[video, video], /wanted one video.*got 2/],
    [['sim/stories/walk-up.yaml'], /wanted a video, got the story/],
    [[video, '--press', '3'], /--press is for videos that are played once/],
  ])('refuses %j in words', (args, words) => {
    const { status, stderr } = spawnSync(LINTEL, ['sim', ...args, '--serve', '--data', join(folder, 'no')])
    expect(stderr.toString()).toMatch(words)
    expect(status).toBeGreaterThan(0)
  })
})

/** A port that nobody used a moment ago. */
function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo // It listens on TCP.
      server.close(() => resolve(port))
    })
  })
}

function toolSays(
  program: string,
  args: readonly string[],
): Promise<{ readonly out: string; readonly error: string }> {
  const child = spawn(program, args)
  let [out, error] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve({ out, error }))
  })
}

const cameraOf = async (browser: Browser): Promise<StatusReply['rows'][number] | undefined> => {
  const { status, bytes } = await browser.ask('GET', '/api/status')
  if (status !== 200) return undefined // It has not started yet.
  return (JSON.parse(Buffer.from(bytes).toString()) as StatusReply).rows.find(({ key }) => key === 'camera')
}

/** What the first finished clip shows to its owner; then it is held, released and deleted. */
async function playAndDelete(browser: Browser): Promise<readonly Uint8Array[]> {
  const clipsNow = async (): Promise<ClipsReply['clips']> =>
    (await browser.json<ClipsReply>('GET', '/api/clips')).clips
  await expect
    .poll(async () => (await clipsNow()).some(({ phase }) => phase === 'uploaded'), eventually)
    .toBe(true)
  const [clip] = (await clipsNow()).filter(({ phase }) => phase === 'uploaded')
  if (clip === undefined) throw new Error('wanted a clip')
  const plaintexts: Uint8Array[] = []
  for (const { file, bytes: size } of clip.objects) {
    const { status, bytes } = await browser.ask('GET', `/api/clips/${clip.clip}/${file}`)
    expect([file, status, bytes.length]).toEqual([file, 200, size])
    if (file.endsWith('.age')) plaintexts.push(openAge(bytes, [OWNER]))
    const part = await browser.ask('GET', `/api/clips/${clip.clip}/${file}`, undefined, {
      range: 'bytes=10-19',
    })
    expect([part.status, Buffer.from(part.bytes)]).toEqual([206, Buffer.from(bytes.subarray(10, 20))])
  }
  const status = async (method: string, path: string, body?: unknown): Promise<number> =>
    (await browser.ask(method, path, body)).status
  const path = `/api/clips/${clip.clip}`
  expect(await status('PUT', `${path}/hold`, { held: true })).toBe(204)
  expect(await status('DELETE', path)).toBe(409)
  expect(await status('PUT', `${path}/hold`, { held: false })).toBe(204)
  expect(await status('DELETE', path)).toBe(204)
  expect((await clipsNow()).map((it) => it.clip)).not.toContain(clip.clip)
  const objects = join(folder, 'device/cloud/objects')
  await expect
    .poll(
      () => filesIn(objects).filter((file) => clip.objects.some(({ name }) => file.includes(name))),
      eventually,
    )
    .toEqual([])
  const { activity } = await browser.json<ActivityReply>('GET', '/api/activity')
  expect(activity.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['deleted', 'released', 'held', 'enrolled']),
  )
  return plaintexts
}

async function changeSettings(browser: Browser): Promise<void> {
  const wrong = await browser.ask('PUT', '/api/settings', { set: { 'retention.daysMax': 0 } })
  expect([wrong.status, Buffer.from(wrong.bytes).toString()]).toEqual([
    400,
    expect.stringMatching(/at least 0.01/),
  ])
  await browser.json('PUT', '/api/settings', { set: { 'device.name': 'Garden gate' } })
  const { settings } = await browser.json<SettingsReply>('GET', '/api/settings')
  expect(settings.find(({ key }) => key === 'device.name')?.value).toBe('Garden gate')
  for (const what of ['store', 'broker', 'chime'] as const) {
    const ask = async (): Promise<TestReply> =>
      browser.json<TestReply>('POST', '/api/settings/test', { what })
    await expect.poll(async () => (await ask()).ok, eventually).toBe(true)
  }
}

function filesIn(path: string): readonly string[] {
  return readdirSync(path).flatMap((name) => {
    const file = join(path, name)
    return statSync(file).isDirectory() ? filesIn(file) : [file]
  })
}

const RUN_BYTES = 20

/** Every run of 20 bytes that stands in one of `places`; of long plaintexts every 50th is looked for. */
function runsFound(plaintexts: readonly Uint8Array[], places: readonly Uint8Array[]): readonly string[] {
  const haystack = Buffer.concat(places)
  const found: string[] = []
  expect(plaintexts.length).toBeGreaterThan(4)
  for (const plaintext of plaintexts) {
    const step = plaintext.length < 2000 ? 1 : Math.ceil(plaintext.length / 200)
    for (let at = 0; at + RUN_BYTES <= plaintext.length; at += step) {
      const run = Buffer.from(plaintext.subarray(at, at + RUN_BYTES))
      if (new Set(run).size >= 8 && haystack.includes(run)) found.push(run.toString('latin1'))
    }
  }
  return found
}

/** The owner's key in any of its shapes, and the passphrase. */
function secretsIn(places: readonly Uint8Array[]): readonly string[] {
  const haystack = Buffer.concat(places)
  const raw = Buffer.from(SECRET)
  const shapes = {
    raw,
    hex: Buffer.from(raw.toString('hex')),
    base64: Buffer.from(raw.toString('base64').slice(0, 40)),
    base64url: Buffer.from(raw.toString('base64url').slice(0, 40)),
    age: Buffer.from('AGE-SECRET-KEY-'),
    passphrase: Buffer.from(PASSPHRASE),
  }
  return Object.entries(shapes).flatMap(([name, bytes]) => (haystack.includes(bytes) ? [name] : []))
}
