/** The world outside the board: a real broker, an object store, somebody who listens, and the owner with the key. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import mqtt from 'mqtt'
import { mustRun, ROOT, runTool } from '../checks/tools.ts'

const LINTEL = path.join(ROOT, 'scripts/lintel')
/** Where the board finds this machine: the emulator's gateway. */
export const GATEWAY = '10.0.2.2'

/** One message, with when it arrived by this machine's clock. */
export type Heard = {
  readonly topic: string
  readonly payload: string
  readonly retain: boolean
  readonly atMs: number
}

export type Outside = AsyncDisposable & {
  readonly heard: readonly Heard[]
  readonly brokerPort: number
  readonly storePort: number
  readonly credentials: { readonly file: string; readonly bucket: string; readonly region: string }
  /** What the owner's command line says; it has to be content. */
  owner(...args: readonly string[]): Promise<string>
  /** Enrols the owner in a data folder that a board is going to have. */
  enrol(dataFolder: string): Promise<void>
  /** Of the whole store: what `lintel verify` would look at. */
  readonly cloud: readonly string[]
}

export async function openOutside(folder: string): Promise<Outside> {
  await mkdir(folder, { recursive: true })
  const brokerPort = await freePort()
  const broker = await startBroker(folder, brokerPort)
  const storeFolder = path.join(folder, 'cloud')
  const store = await startStore(storeFolder)
  const heard: Heard[] = []
  const listener = await mqtt.connectAsync(`mqtt://127.0.0.1:${brokerPort}`, { protocolVersion: 5 })
  listener.on('message', (topic, payload, { retain }) =>
    heard.push({ topic, payload: payload.toString(), retain, atMs: performance.now() }),
  )
  await listener.subscribeAsync('#', { qos: 1 })
  const key = path.join(folder, 'owner.txt')
  await mustRun(LINTEL, ['owner', 'init', '--owner', key])
  const account = await readAccount(path.join(storeFolder, 'credentials.json'))
  const cloud = [
    ...['--cloud', `http://127.0.0.1:${store.port}/${account.bucket}`],
    ...['--cloud-credentials', account.file],
  ]
  return {
    heard,
    brokerPort,
    storePort: store.port,
    credentials: account,
    cloud,
    async owner(...args) {
      const { code, stdout, stderr } = await runTool(LINTEL, ['owner', ...args, '--owner', key])
      if (code !== 0)
        throw new Error(`lintel owner ${args[0] ?? ''} ended with ${code}: ${stderr.slice(-1500)}`)
      return stdout
    },
    async enrol(dataFolder) {
      await mustRun(LINTEL, ['owner', 'enrol', '--data', dataFolder, '--owner', key])
    },
    async [Symbol.asyncDispose]() {
      await listener.endAsync(true)
      for (const child of [broker, store.child]) await end(child)
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // It listens on TCP, so it has one.
  server.close()
  await once(server, 'close')
  return port
}

async function startBroker(folder: string, port: number): Promise<ChildProcess> {
  const config = path.join(folder, 'mosquitto.conf')
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`)
  const child = spawn('mosquitto', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  await untilSays(child, child.stderr, /running/)
  return child
}

async function startStore(folder: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(LINTEL, ['cloud', '--data', folder, '--port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [, port = ''] = await untilSays(child, child.stdout, /^Object store\s+http:\/\/127\.0\.0\.1:(\d+)\//)
  return { child, port: Number(port) }
}

function untilSays(
  child: ChildProcess,
  stream: NodeJS.ReadableStream | null,
  wanted: RegExp,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    if (stream === null) throw new Error('its output is not read')
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)))
    createInterface({ input: stream }).on('line', (line) => {
      const found = wanted.exec(line)
      if (found !== null) resolve(found)
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function readAccount(file: string): Promise<Outside['credentials']> {
  const account = JSON.parse(await readFile(file, 'utf8')) as { bucket: string; region: string } // Ours.
  return { file, bucket: account.bucket, region: account.region }
}
