/**
 * What may be changed by anybody whom the broker lets write: nothing that reveals, deletes or weakens. So sensitivity has a floor below
 * which hardly anything would be recorded, and a visit keeps at least the quiet that tells two of them apart.
 */
import { Fault } from '../base/fault.ts'
import type { Json } from '../base/json.ts'

export type HarmlessSetting = {
  /** The last level of its topic, and the member of the retained `settings`. */
  readonly name: string
  /** As in the configuration. */
  readonly setting: string
  /** What the broker hears of the value. */
  tell(value: unknown): Json
  /** Throws `Fault('invalid')`. */
  parse(text: string): number | boolean
}

export const HARMLESS_SETTINGS: readonly HarmlessSetting[] = [
  {
    ...{ name: 'sensitivity', setting: 'detect.sensitivity' },
    tell: numberOf,
    parse: (text) => numberIn(text, { from: 0.3, to: 1 }),
  },
  {
    ...{ name: 'quiet-after', setting: 'visit.quietAfterMs' },
    tell: (value) => numberOf(value) / 1000,
    parse: (text) => Math.round(numberIn(text, { from: 5, to: 120 }) * 1000),
  },
  {
    ...{ name: 'recognise', setting: 'detect.recognise' },
    tell: (value) => value === true,
    parse(text) {
      if (text === 'on' || text === 'off') return text === 'on'
      throw new Fault('invalid', `wanted on or off, got ${shown(text)}`)
    },
  },
]

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function numberIn(text: string, { from, to }: { readonly from: number; readonly to: number }): number {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (value >= from && value <= to) return value
  throw new Fault('invalid', `wanted a number from ${from} to ${to}, got ${shown(text)}`)
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 40))
