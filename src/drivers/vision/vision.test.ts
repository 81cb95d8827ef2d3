import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { getPriority } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Log } from '../../base/log.ts'
import { describeVisionContract } from '../../ports/vision.contract.ts'
import type { ColourPicture } from '../../ports/stills.ts'
import { ffmpegStills } from '../ffmpeg/index.ts'
import { hasFfmpeg, makeVideos, type Videos } from '../ffmpeg/videos.fixture.ts'
import { createVision, ENGINES, type ChildVision, type EngineName, type VisionOptions } from './index.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const WALK_UP = here('../../../test-fixtures/walk-up.mp4')
const WHOLE = { x: 0, y: 0, width: 1, height: 1 }
const { signal } = new AbortController()
const GREY: ColourPicture = { width: 64, height: 36, rgb: new Uint8Array(64 * 36 * 3).fill(90) }

const isInstalled = (name: string): boolean => {
  try {
    return existsSync(createRequire(import.meta.url).resolve(name))
  } catch {
    return false
  }
}
const PACKAGES: Readonly<Record<EngineName, string>> = {
  onnxruntime: 'onnxruntime-node',
  'tfjs-node': '@tensorflow/tfjs-node',
  'tfjs-wasm': '@tensorflow/tfjs-backend-wasm',
}

const opened: ChildVision[] = []
const logged: string[] = []
const note = (event: string): void => void logged.push(event)
const log: Log = { debug: note, info: note, warn: note, error: note }
function open(options: Partial<VisionOptions>): ChildVision {
  const vision = createVision({ log, nice: 0, ...options })
  opened.push(vision)
  return vision
}
afterAll(async () => {
  for (const vision of opened) await vision[Symbol.asyncDispose]()
})

describe.skipIf(!hasFfmpeg)('the detector in a child process', () => {
  let videos: Videos
  let picture: ColourPicture
  beforeAll(async () => {
    videos = makeVideos()
    const mp4 = videos.make('visitor.mp4', ['-ss', '10', '-i', WALK_UP, '-t', '1', '-g', '1', '-vf', 'crop=iw*0.7:ih:0:0', '-movflags', 'frag_keyframe+empty_moov']) // prettier-ignore
    picture = await ffmpegStills.pictureOf(readFileSync(mp4), { nth: 10, widthMax: 640, signal })
  })
  afterAll(() => videos[Symbol.dispose]())

  for (const engine of ENGINES) {
    describe.skipIf(!isInstalled(PACKAGES[engine]))(`with ${engine}`, () => {
      let vision: ChildVision
      beforeAll(() => {
        vision = open({ engines: [engine] })
      })
      describeVisionContract(engine, async () => ({ vision, picture }))
    })
  }

  it('starts again after it was killed between two looks', async () => {
    const vision = open({})
    const first = await vision.look(picture, { within: WHOLE, signal })
    process.kill(vision.pid() ?? 0, 'SIGKILL')
    await expect.poll(() => vision.look(picture, { within: WHOLE, signal }).catch(() => [])).toEqual(first)
  })

  it('refuses the look during which it is killed, and does the next', async () => {
    const vision = open({})
    const first = await vision.look(picture, { within: WHOLE, signal })
    const second = vision.look(picture, { within: WHOLE, signal }).catch((error: unknown) => error)
    process.kill(vision.pid() ?? 0, 'SIGKILL')
    expect(await second).toMatchObject({ kind: 'unavailable' })
    expect(await vision.look(picture, { within: WHOLE, signal })).toEqual(first)
  })

  it('stands back for the rest of the doorbell, unless it is told not to', async () => {
    const [back, level] = [open({ nice: 10 }), open({ nice: 0 })]
    for (const vision of [back, level]) await vision.look(picture, { within: WHOLE, signal })
    expect(getPriority(back.pid())).toBeGreaterThanOrEqual(10)
    expect(getPriority(level.pid())).toBe(getPriority())
  })

  it('is asleep before the first look, and again when nobody asked for a while', async () => {
    const vision = open({ restMs: 1 })
    expect(vision.state()).toEqual({ state: 'asleep' })
    await vision.look(picture, { within: WHOLE, signal })
    await expect.poll(() => vision.pid()).toBeUndefined()
    expect(vision.state()).toEqual({ state: 'asleep' })
    expect(await vision.look(picture, { within: WHOLE, signal })).not.toEqual([])
  })
})

describe('a detector that cannot look', () => {
  const look = (vision: ChildVision) => vision.look(GREY, { within: WHOLE, signal })

  it('says what is missing when there is no model', async () => {
    const vision = open({ modelFile: path.join(here('.'), 'no-such-model.onnx') })
    await expect(look(vision)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(vision.state()).toMatchObject({
      state: 'missing',
      why: expect.stringContaining('no-such-model.onnx'),
    })
  })

  it('says so when the model is no model', async () => {
    const vision = open({ engines: ['tfjs-wasm'], modelFile: here('vision.test.ts') })
    await expect(look(vision)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(vision.state()).toMatchObject({ state: 'missing' })
  })

  it('takes the next engine when one is not installed', async () => {
    const vision = open({ engines: ['tfjs-node', 'tfjs-wasm'] })
    await look(vision)
    expect(vision.state()).toEqual({
      state: 'ready',
      engine: isInstalled('@tensorflow/tfjs-node') ? 'tfjs-node' : 'tfjs-wasm',
    })
  })

  const talker = (how: string, options: Partial<VisionOptions> = {}): ChildVision =>
    open({ worker: here('talker.fixture.ts'), modelFile: how, ...options })

  it.each([
    ['dies at once', 'unavailable'],
    ['greets with nonsense', 'unavailable'],
    ['dies when asked', 'unavailable'],
    ['answers with nonsense', 'corrupt'],
    ['answers another question', 'corrupt'],
    ['fails', 'corrupt'],
  ])('refuses when its process %s', async (how, kind) => {
    await expect(look(talker(how))).rejects.toMatchObject({ kind })
  })

  it('gives up on a process that says nothing', async () => {
    const vision = talker('is silent', { lookMsMax: 50 })
    await expect(look(vision)).rejects.toMatchObject({ kind: 'unavailable', message: /said nothing/ })
    expect(vision.pid()).toBeUndefined()
  })

  it('leaves an engine that crashed three times to the next, and the last one alone for a while', async () => {
    const vision = talker('dies when asked', { engines: ['onnxruntime', 'tfjs-wasm'] })
    for (let n = 0; n < 6; n++) await expect(look(vision)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(vision.state()).toMatchObject({ state: 'missing' })
    const started = logged.length
    await expect(look(vision)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(logged.slice(started)).toEqual([])
  })
})
