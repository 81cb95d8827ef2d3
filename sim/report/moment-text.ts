/** Times of a story for people. */

const LONG_MS = 600_000

/** `63.2 s`, `6.520 s`; from ten minutes on `1:03:20.5`, and `3d 02:05:06`. Milliseconds of the world. */
export function momentText(ms: number): string {
  if (ms < LONG_MS) return `${trimmed(ms)} s`
  const tenths = Math.round(ms / 100)
  const [day, clock] = [Math.floor(tenths / 864_000), clockText(tenths)]
  return day === 0 ? clock : `${day}d ${clock.padStart(8, '0')}`
}

function clockText(tenths: number): string {
  const hour = Math.floor(tenths / 36_000) % 24
  const minute = Math.floor(tenths / 600) % 60
  const second = Math.floor(tenths / 10) % 60
  const rest = tenths % 10 === 0 ? '' : `.${tenths % 10}`
  return `${String(hour).padStart(tenths >= 864_000 ? 2 : 1, '0')}:${two(minute)}:${two(second)}${rest}`
}

const two = (number: number): string => String(number).padStart(2, '0')

/** Seconds with one digit, or three where one would not be exact. */
function trimmed(ms: number): string {
  const seconds = (ms / 1000).toFixed(3)
  return seconds.endsWith('00') ? seconds.slice(0, -2) : seconds
}

/** How long something took: `8 ms`, `56.7 s`, `12 min`, `3.5 h`, `7 d`. */
export function spanText(ms: number): string {
  if (Math.abs(ms) < 1000) return `${Number(ms.toFixed(1))} ms`
  const unit = SPANS.find(({ fromMs }) => Math.abs(ms) >= fromMs) ?? { unitMs: 1000, name: 's' }
  return `${Number((ms / unit.unitMs).toFixed(1))} ${unit.name}`
}

const SPANS = [
  { fromMs: 172_800_000, unitMs: 86_400_000, name: 'd' },
  { fromMs: 7_200_000, unitMs: 3_600_000, name: 'h' },
  { fromMs: 180_000, unitMs: 60_000, name: 'min' },
]

/** Says large numbers of seconds in a sentence as a clock does: `605700.0 s` is `7d 00:15:00`, `900 s after` is `15 min after`. */
export const withClocks = (sentence: string): string =>
  sentence.replace(/\b(\d+(?:\.\d+)?) s\b( after| before| later)?/g, (said, seconds: string, after = '') => {
    const ms = Number(seconds) * 1000
    if (ms < (after === '' ? LONG_MS : 180_000)) return said
    return after === '' ? momentText(ms) : `${spanText(ms)}${after}`
  })

/** `812 B`, `4.8 kB`, `1.2 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
