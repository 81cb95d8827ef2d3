/** Times, spans and sizes as people read them, in the language of their browser. */
import { texts } from '../texts.ts'

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const both = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

export const timeText = (unixMs: number): string => time.format(unixMs)
export const whenText = (unixMs: number): string => both.format(unixMs)

const DAY_MS = 86_400_000

export function dayText(unixMs: number, nowUnixMs = Date.now()): string {
  const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0)
  const days = Math.round((midnight(nowUnixMs) - midnight(unixMs)) / DAY_MS)
  if (days === 0) return texts.visits.today
  if (days === 1) return texts.visits.yesterday
  return day.format(unixMs)
}

/** `1:05`, `1:00:05`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = `${String(m).padStart(h > 0 ? 2 : 1, '0')}:${String(s).padStart(2, '0')}`
  return h > 0 ? `${h}:${tail}` : tail
}

export function spanText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
