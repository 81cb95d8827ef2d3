/** A video that stands nowhere else by chance, and the search for what should stand nowhere. */

/** What ffmpeg is told. Noise compresses badly, so every stretch of the video is a run of bytes of its own. */
export const noisyVideo = (file: string): readonly string[] => [
  ...['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=10:d=12,noise=alls=20:allf=t'],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-g', '20', file],
]

const RUN_BYTES = 20

/** Every run of 20 bytes that stands in one of `places`; of long plaintexts every 50th is looked for. */
export function runsFound(
  plaintexts: readonly Uint8Array[],
  places: readonly Uint8Array[],
): readonly string[] {
  const haystack = Buffer.concat(places.map((place) => Buffer.from(place)))
  const found: string[] = []
  for (const plaintext of plaintexts) {
    const step = plaintext.length < 2000 ? 1 : Math.ceil(plaintext.length / 200)
    for (let at = 0; at + RUN_BYTES <= plaintext.length; at += step) {
      const run = Buffer.from(plaintext.subarray(at, at + RUN_BYTES))
      // Runs of few different bytes (zeros, padding) stand in every file.
      if (new Set(run).size >= 8 && haystack.includes(run)) found.push(run.toString('latin1'))
    }
  }
  return found
}
