import { Fault } from '../src/base/fault.ts'
import type { Clock } from '../src/ports/clock.ts'
import type { InputLine } from '../src/ports/gpio.ts'
import type { SimGpio } from './devices/sim-gpio.ts'

/** What a story does to the lines, in seconds of the video's own timeline. */
export type ScriptedEdge = { readonly atS: number; readonly line: InputLine; readonly active: boolean }

const PRESS_S = 0.15 // How long a finger stays on a button.
const PIR_HOLD_S = 2.5 // What an HC-SR501 with its trimmer fully left holds its output for.

export const pressAt = (atS: number): readonly ScriptedEdge[] => [
  { atS, line: 'button', active: true },
  { atS: atS + PRESS_S, line: 'button', active: false },
]

export const pirAt = (atS: number): readonly ScriptedEdge[] => [
  { atS, line: 'pir', active: true },
  { atS: atS + PIR_HOLD_S, line: 'pir', active: false },
]

/** Refuses what could never happen while the video plays. */
export function checkScript(
  edges: readonly ScriptedEdge[],
  video: { readonly name: string; readonly durationS: number },
): void {
  for (const { atS, line } of edges.filter((edge) => edge.active))
    if (atS > video.durationS)
      throw new Fault(
        'invalid',
        `${line} at ${atS} s: ${video.name} is over after ${video.durationS.toFixed(2)} s`,
      )
}

/** Moves the lines at their times, counted from `startMs` on the clock. */
export async function playScript(
  edges: readonly ScriptedEdge[],
  { gpio, clock, startMs }: { readonly gpio: SimGpio; readonly clock: Clock; readonly startMs: number },
  signal: AbortSignal,
): Promise<void> {
  for (const edge of edges.toSorted((a, b) => a.atS - b.atS)) {
    await clock.sleep(startMs + edge.atS * 1000 - clock.mono(), { signal })
    gpio.drive(edge.line, edge.active)
  }
}
