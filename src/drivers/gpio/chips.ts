/** Which line of which chip is meant. Pure; `kernel.ts` says what there is. */
import { Fault } from '../../base/fault.ts'
import { nearestName } from '../../base/nearest.ts'
import type { LineInfo } from './uapi.ts'

export type Chip = {
  /** `/dev/gpiochip0` */
  readonly path: string
  /** `gpiochip0`: may change from start to start. */
  readonly name: string
  /** `pinctrl-bcm2711`: what it is. */
  readonly label: string
  readonly lines: readonly LineInfo[]
}

/** A line as a person says it: by the name that the board gives it, or by its number on a chip. */
export type WantedLine = {
  /** Label, name or path; one of several where the label differs between kernels. Left out: any chip that has such a name. */
  readonly chip?: string | readonly string[] | undefined
  readonly line: string | number
}

export type FoundLine = { readonly chip: Chip; readonly offset: number; readonly info: LineInfo }

/** Throws `Fault('missing')` with what there is instead. `setting` is said first: `gpio.button`. */
export function findLine(chips: readonly Chip[], wanted: WantedLine, setting: string): FoundLine {
  if (chips.length === 0) throw new Fault('missing', `${setting}: ${NO_CHIP}`)
  const among = wanted.chip === undefined ? chips : chipsCalled(chips, wanted.chip, setting)
  return typeof wanted.line === 'number'
    ? lineAt(among, wanted.line, setting)
    : lineNamed(among, wanted.line, setting)
}

const NO_CHIP =
  'this machine has no GPIO chip (no /dev/gpiochip*). A board needs its kernel’s GPIO driver; on a PC leave the section gpio out'

function chipsCalled(
  chips: readonly Chip[],
  wanted: string | readonly string[],
  setting: string,
): readonly Chip[] {
  const names = typeof wanted === 'string' ? [wanted] : wanted
  for (const name of names) {
    const found = chips.filter((chip) => [chip.label, chip.name, chip.path].includes(name))
    if (found.length > 0) return found
  }
  const there = chips.map(({ name, label }) => `${label} (${name})`).join(', ')
  throw new Fault(
    'missing',
    `${setting}.chip: wanted the chip ${names.join(' or ')}; this board has ${there}`,
  )
}

function lineAt(chips: readonly Chip[], offset: number, setting: string): FoundLine {
  const [chip, other] = chips
  if (chip === undefined || other !== undefined)
    throw new Fault(
      'invalid',
      `${setting}.line: ${offset} is a number on a chip, and there are ${chips.length} chips; say ${setting}.chip`,
    )
  const info = chip.lines[offset]
  if (info === undefined)
    throw new Fault(
      'missing',
      `${setting}.line: wanted line ${offset} of ${chip.label}, which has the lines 0 … ${chip.lines.length - 1}`,
    )
  return { chip, offset, info }
}

function lineNamed(chips: readonly Chip[], name: string, setting: string): FoundLine {
  const found = chips.flatMap((chip) =>
    chip.lines.flatMap((info, offset) => (info.name === name ? [{ chip, offset, info }] : [])),
  )
  const [line, other] = found
  if (line === undefined) throw new Fault('missing', `${setting}.line: ${noSuchName(chips, name)}`)
  if (other !== undefined)
    throw new Fault(
      'invalid',
      `${setting}.line: ${name} is a line of ${line.chip.label} and of ${other.chip.label}; say ${setting}.chip`,
    )
  return line
}

function noSuchName(chips: readonly Chip[], name: string): string {
  const names = chips.flatMap(({ lines }) => lines.map((line) => line.name)).filter((each) => each !== '')
  const where = chips.map(({ label }) => label).join(', ')
  if (names.length === 0)
    return `no line of ${where} has a name; say the number of the line instead of ${name}, and its chip`
  const near = nearestName(name, names)
  return `no line of ${where} is called ${name}${near === undefined ? '' : `; did you mean ${near}?`}`
}
