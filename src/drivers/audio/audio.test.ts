import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { describeAudioContract, type AudioUnderTest } from '../../ports/audio.contract.ts'
import { nodeClock } from '../node-clock.ts'
import { energyShare } from './listen.fixture.ts'
import { openFfmpegAudio, type FfmpegAudioOptions } from './index.ts'

const HERTZ = 1000
const deps = { clock: nodeClock, log: silentLog }
const nothing = { microphone: { kind: 'none' }, speaker: { kind: 'none' } } as const

/** `heardIn`: samples as they stand in the file, behind `head` bytes. */
function underTest(
  options: FfmpegAudioOptions,
  { file, head }: { readonly file: string; readonly head: number },
): AudioUnderTest {
  const [audio, deaf] = [openFfmpegAudio(deps, options), openFfmpegAudio(deps, nothing)]
  return {
    audio,
    deaf,
    drive: (work) => work,
    async heard(what) {
      let quietAtMs = Date.now() + 2500
      const hertz = what === 'chime' ? 659.25 : HERTZ
      while (!(existsSync(file) && energyShare(readFileSync(file).subarray(head), hertz) > 0.2)) {
        await sleep(20)
        // ALSA's device keeps the last seconds to itself until more comes.
        if (Date.now() > quietAtMs) {
          quietAtMs = Date.now() + 2500
          audio.play('chime', { volume: 0 })
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await audio[Symbol.asyncDispose]()
      await deaf[Symbol.asyncDispose]()
    },
  }
}

const folder = mkdtempSync(join(tmpdir(), 'lintel-sound-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeAudioContract('a tone and a file by ffmpeg', async () => {
  const file = join(folder, 'speaker.wav')
  return underTest(
    { microphone: { kind: 'tone', hertz: HERTZ }, speaker: { kind: 'file', path: file } },
    { file, head: 44 },
  )
})

/** Debian's own configuration, and a device that writes down what it was given. */
const ALSA_CONF = '/usr/share/alsa/alsa.conf'

describe.skipIf(!existsSync(ALSA_CONF))('by ALSA', () => {
  const before = process.env['ALSA_CONFIG_PATH']
  const heard = join(folder, 'heard.raw')
  beforeAll(() => {
    const config = join(folder, 'asound.conf')
    writeFileSync(
      config,
      `<${ALSA_CONF}>
pcm.lintel_heard { type plug slave { pcm { type file slave.pcm null file "${heard}" format raw } format S16_LE channels 1 rate 48000 } }
`,
    )
    process.env['ALSA_CONFIG_PATH'] = config
  })
  afterAll(() => {
    if (before === undefined) delete process.env['ALSA_CONFIG_PATH']
    else process.env['ALSA_CONFIG_PATH'] = before
  })

  describeAudioContract('a device that writes down what it is given', async () =>
    underTest(
      { microphone: { kind: 'tone', hertz: HERTZ }, speaker: { kind: 'alsa', device: 'lintel_heard' } },
      { file: heard, head: 0 },
    ),
  )

  it('hears with a device of ALSA', async () => {
    await using audio = openFfmpegAudio(deps, {
      microphone: { kind: 'alsa', device: 'null' },
      speaker: { kind: 'none' },
    })
    const { signal } = new AbortController()
    expect((await audio.describe({ signal })).microphone).toEqual({ state: 'there', name: 'null' })
    for await (const packet of audio.capture({ signal })) {
      expect(packet.opus.length).toBeGreaterThan(0)
      break
    }
  })

  it('says that there is no such device, and what to do', async () => {
    await using audio = openFfmpegAudio(deps, {
      microphone: { kind: 'alsa', device: 'nobody' },
      speaker: { kind: 'alsa', device: 'nobody' },
    })
    const { signal } = new AbortController()
    const { microphone, speaker } = await audio.describe({ signal })
    for (const part of [microphone, speaker])
      expect(part).toMatchObject({
        state: 'missing',
        why: expect.stringMatching(/“nobody” cannot be opened.*aplay -l.*set sound[.]/s),
      })
    expect(audio.play('chime', { volume: 1 })).toBe(false)
    await expect(audio.capture({ signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      kind: 'unavailable',
    })
  })
})
