/** What `lintel setup` says and draws. Pure. */
import type { MonoMs } from '../base/time.ts'
import type { GpioConfig } from '../config/index.ts'
import type { LumaFrame } from '../ports/camera.ts'
import type { Edge } from '../ports/gpio.ts'

/** Contacts that bounce do it for so long; see `lines/`. */
const BOUNCE_MS_MAX = 20

/** What a person is told of one press: how long, and how cleanly the contact closed and opened. */
export function describePress(edges: readonly Edge[], pressedAt: MonoMs): string {
  const button = edges.filter(({ line, at }) => line === 'button' && at >= pressedAt)
  const last = button.at(-1)
  const held = last === undefined || last.active ? undefined : last.at - pressedAt
  const bounces = button.filter(
    ({ active, at }) => active && at > pressedAt && at - pressedAt <= BOUNCE_MS_MAX,
  )
  const releases = button.filter(({ active, at }) => active && at - pressedAt > BOUNCE_MS_MAX)
  const long = held === undefined ? 'held for more than half a second' : `${Math.round(held)} ms`
  const before = edges.filter(({ line, active, at }) => line === 'button' && active && at < pressedAt).length
  const spikes = before === 0 ? '' : `, ${count(before, 'spike')} before it on the wire (ignored)`
  if (bounces.length + releases.length === 0) return `${long}, clean${spikes}`
  const much = count(bounces.length + releases.length, 'bounce')
  return `${long}, ${much}, counted as one press${spikes}`
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`

/** Two pixels a letter: the upper half block has a colour and a background. */
const HALF_BLOCK = '▀'
const RESET = '\u001B[0m'

/** The picture in half blocks with 24-bit greys, `columns` wide. */
export function drawLuma({ width, height, luma }: LumaFrame, columns: number): string {
  const across = Math.min(columns, width)
  const down = Math.max(2, Math.round((height / width) * across))
  const greyAt = (x: number, y: number): number => {
    const column = Math.min(width - 1, Math.floor(((x + 0.5) * width) / across))
    const row = Math.min(height - 1, Math.floor(((y + 0.5) * height) / down))
    return luma[row * width + column] ?? 0
  }
  const lines: string[] = []
  for (let y = 0; y < down; y += 2) {
    let line = ''
    for (let x = 0; x < across; x++) {
      const [top, bottom] = [greyAt(x, y), greyAt(x, Math.min(down - 1, y + 1))]
      line += `\u001B[38;2;${top};${top};${top}m\u001B[48;2;${bottom};${bottom};${bottom}m${HALF_BLOCK}`
    }
    lines.push(line + RESET)
  }
  return lines.join('\n')
}

/** How bright it is, for somebody who cannot see colours in their terminal. */
export function describeLuma({ width, height, luma }: LumaFrame): string {
  const mean = luma.reduce((sum, each) => sum + each, 0) / Math.max(1, luma.length)
  const word =
    mean < 30 ? 'very dark: is something in front of the lens?' : mean > 225 ? 'very bright' : 'well lit'
  return `${width}×${height}, ${word} (${Math.round((mean / 255) * 100)} % grey)`
}

export type Wire = keyof GpioConfig
export type WireConfig = NonNullable<GpioConfig[Wire]>

export const wireText = ({ chip, line }: Pick<WireConfig, 'chip' | 'line'>): string =>
  `${typeof line === 'number' ? `line ${line}` : line}${chip === undefined ? '' : ` of ${[chip].flat().join(' or ')}`}`

/** `5`, `GPIO5`, `gpiochip1 5`, `pinctrl-bcm2711 5`; undefined: nobody can tell what is meant. */
export function parseWire(text: string): Pick<WireConfig, 'chip' | 'line'> | undefined {
  const [first, second, ...more] = text.split(/[\s,:]+/)
  if (first === undefined || first === '' || more.length > 0) return undefined
  const lineOf = (word: string): string | number => (/^\d+$/.test(word) ? Number(word) : word)
  return second === undefined ? { line: lineOf(first) } : { chip: first, line: lineOf(second) }
}

export type Choices = {
  readonly board: string | undefined
  readonly name: string
  readonly web: boolean
  /** What differs from the board: `null` is not wired. */
  readonly gpio: Readonly<Partial<Record<Wire, Partial<WireConfig> | null>>>
}

/** The configuration file: only what somebody chose. */
export function configText({ board, name, web, gpio }: Choices): string {
  const wires = Object.entries(gpio).map(([wire, config]) => `  ${wire}: ${JSON.stringify(config)}`)
  return [
    '# Written by lintel setup. Every setting: see “Configuration” in the documentation; lintel doctor checks this file.',
    ...(board === undefined ? [] : [`board: ${JSON.stringify(board)}`]),
    'device:',
    `  name: ${JSON.stringify(name)}`,
    ...(web ? ['web:', '  host: 0.0.0.0'] : []),
    ...(wires.length === 0 ? [] : ['gpio:', ...wires]),
    '',
  ].join('\n')
}
