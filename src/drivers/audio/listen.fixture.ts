/** Listening for tests. */

/** The share of the energy of 16-bit samples (one channel, 48 kHz) that lies within 2 % of a frequency; of the last ten seconds. */
export function energyShare(bytes: Uint8Array, hertz: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength - (bytes.byteLength % 2))
  const samples = Array.from({ length: view.byteLength / 2 }, (_, n) => view.getInt16(n * 2, true)).slice(
    -480_000,
  )
  let [all, near] = [0, 0]
  for (let from = 0; from + WINDOW <= samples.length; from += WINDOW) {
    const window = samples.slice(from, from + WINDOW)
    all += window.reduce((sum, sample) => sum + sample * sample, 0)
    near += energyNear(window, hertz)
  }
  return all === 0 ? 0 : near / all
}

/** A tenth of a second: a tone fills 10 Hz to each side. */
const WINDOW = 4800

/** Goertzel: a tone of this frequency alone gives the sum of the squares of its samples. */
function energyNear(samples: readonly number[], hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / 48_000)
  let [one, two] = [0, 0]
  for (const sample of samples) [one, two] = [sample + turn * one - two, one]
  return ((one * one + two * two - turn * one * two) * 2) / samples.length
}
