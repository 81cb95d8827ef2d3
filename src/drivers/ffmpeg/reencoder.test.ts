import { join } from 'node:path'
import { describe } from 'vitest'
import { fragment, initSegment } from '../../media/index.ts'
import { describeReencoderContract } from '../../ports/reencoder.contract.ts'
import { ffmpegReencoder, openPackets, probeVideo } from './index.ts'
import { hasFfmpeg } from './videos.fixture.ts'

describe.skipIf(!hasFfmpeg)('ffmpeg', () => {
  describeReencoderContract('ffmpeg', async () => ({
    reencoder: ffmpegReencoder,
    film: await readFragments(),
  }))
})

async function readFragments(): Promise<readonly Uint8Array[]> {
  const video = await probeVideo(join(import.meta.dirname, '../../../test-fixtures/walk-up.mp4'))
  await using source = await openPackets(video)
  const film = [initSegment(source.init, { presentationOffset: 0 })]
  for (let samples = await source.read(); samples.length > 0; samples = await source.read())
    for (const { dts, pts, ...sample } of samples)
      film.push(
        fragment({
          sequence: film.length,
          baseDts: dts + 10_000,
          samples: [{ ...sample, compositionOffset: pts - dts }],
        }),
      )
  return film
}
