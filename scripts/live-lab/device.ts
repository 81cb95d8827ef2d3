/** The process that is measured: a camera that shows the lab's video over and over, and the live view. Told what to do by its parent. */
import { silentLog } from '../../src/base/log.ts'
import { ffmpegReencoder } from '../../src/drivers/ffmpeg/index.ts'
import { nodeClock as clock } from '../../src/drivers/node-clock.ts'
import { nodeRandom as random } from '../../src/drivers/node-random.ts'
import { openWebrtcPeers } from '../../src/drivers/webrtc/index.ts'
import { createLive } from '../../src/live/index.ts'
import { playFilm, readFilm } from './camera.ts'
import { makeDeviceKeys, servePage, signWith } from './page-server.ts'

export type DeviceReply = {
  readonly id: number
  readonly answer?: string
  readonly cpuS?: number
  readonly rssMb?: number
  /** What of it is in use after a collection: objects, and buffers outside of the heap. */
  readonly liveMb?: number
  readonly viewers?: number
}
export type DeviceHello = {
  readonly url: string
  readonly devicePublicKey: string
  /** When the first picture of the film was taken, as the time of day. */
  readonly startUnixMs: number
}

const keys = makeDeviceKeys()
const film = await readFilm(process.argv[2] ?? '')
const camera = playFilm(film, () => clock.mono())
const live = createLive({
  ...{ clock, random, log: silentLog, reencoder: ffmpegReencoder },
  prerollSince: () => camera.since(),
  sign: signWith(keys),
  peers: openWebrtcPeers({ additionalHosts: ['127.0.0.1'] }),
})
const { signal } = new AbortController()
const startUnixMs = Date.now()
void camera.run(live, signal)
const { url, devicePublicKey } = await servePage(live, keys)
process.on('message', (asked: { readonly id: number; readonly offer?: string }) => void answer(asked))
process.on('disconnect', () => process.exit(0))
const hello: DeviceHello = { url, devicePublicKey, startUnixMs }
process.send?.(hello)

async function answer({ id, offer }: { readonly id: number; readonly offer?: string }): Promise<void> {
  const reply: DeviceReply =
    offer === undefined
      ? { id, ...cost() }
      : { id, answer: (await live.webrtc(offer, { who: { member: 'lab', name: 'Lab' }, signal })).answer }
  process.send?.(reply)
}

function cost(): Omit<DeviceReply, 'id' | 'answer'> {
  const { user, system } = process.cpuUsage()
  const gc: unknown = Reflect.get(globalThis, 'gc')
  if (typeof gc === 'function') gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  const viewers = live.viewers().length
  return { cpuS: (user + system) / 1e6, rssMb: rss / 1e6, liveMb: (heapUsed + external) / 1e6, viewers }
}
