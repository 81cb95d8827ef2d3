/** What `lintel doctor` thinks of the wires. Pure but for `gatherLines`. */
import { access, readFile } from 'node:fs/promises'
import { isFault, messageOf } from '../base/fault.ts'
import type { GpioConfig } from '../config/index.ts'
import { findLine, listChips, type Chip } from '../drivers/gpio/index.ts'
import type { Check } from './doctor-judge.ts'

export type LineFacts = {
  /** Or why they cannot be listed. */
  readonly chips: readonly Chip[] | string
  /** The kernel has the interface that was there before: `/sys/class/gpio`. */
  readonly hasSysfs: boolean
  /** Of a Raspberry Pi; undefined elsewhere. */
  readonly configTxt: string | undefined
}

const CONFIG_TXT = ['/boot/firmware/config.txt', '/boot/config.txt']
/** Which GPIOs a line of `config.txt` takes; see /boot/firmware/overlays/README. */
const TAKEN: readonly (readonly [RegExp, string, readonly number[]])[] = [
  [/^\s*dtparam=(.*,)?spi=on/m, 'dtparam=spi=on', [7, 8, 9, 10, 11]],
  [/^\s*dtparam=(.*,)?i2c_arm=on/m, 'dtparam=i2c_arm=on', [2, 3]],
  [/^\s*dtparam=(.*,)?i2s=on/m, 'dtparam=i2s=on', [18, 19, 20, 21]],
  [/^\s*enable_uart=1/m, 'enable_uart=1', [14, 15]],
  [/^\s*dtoverlay=w1-gpio\s*$/m, 'dtoverlay=w1-gpio', [4]],
  [/^\s*dtoverlay=gpio-ir\s*$/m, 'dtoverlay=gpio-ir', [18]],
  [
    /^\s*dtoverlay=(hifiberry|iqaudio|i-sabre|googlevoicehat)/m,
    'the overlay of a sound card',
    [18, 19, 20, 21],
  ],
]

export async function gatherLines(): Promise<LineFacts> {
  const texts = await Promise.all(CONFIG_TXT.map((path) => readFile(path, 'utf8').catch(() => undefined)))
  return {
    chips: chipsOrProblem(),
    hasSysfs: await access('/sys/class/gpio/export').then(
      () => true,
      () => false,
    ),
    configTxt: texts.find((text) => text !== undefined),
  }
}

function chipsOrProblem(): LineFacts['chips'] {
  try {
    return listChips()
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    return error.message
  }
}

const check = { id: 'lines', title: 'wires' }

export function judgeLines({ chips, hasSysfs, configTxt }: LineFacts, gpio: GpioConfig): Check {
  const wanted = Object.entries(gpio).flatMap(([name, wire]) => (wire === undefined ? [] : [{ name, wire }]))
  if (typeof chips === 'string')
    return { ...check, outcome: wanted.length === 0 ? 'warn' : 'fail', saw: chips }
  if (chips.length === 0) return noChips(hasSysfs, wanted.length > 0)
  if (wanted.length === 0)
    return {
      ...check,
      outcome: 'skip',
      saw: `none in the settings; this board has ${chips.map(chipText).join(', ')}`,
      todo: 'lintel setup   asks what is wired where and tries it',
    }
  const problems = wanted.flatMap(({ name, wire }) => problemOf(chips, { name, wire, configTxt }))
  if (problems.length > 0)
    return {
      ...check,
      outcome: 'fail',
      saw: problems.join('; '),
      todo: 'lintel setup, or put it right in the settings',
    }
  return {
    ...check,
    outcome: 'ok',
    saw: wanted.map(({ name, wire }) => `${name} ${placeOf(chips, name, wire)}`).join(', '),
  }
}

const chipText = ({ name, label, lines }: Chip): string => `${label} (${name}, ${lines.length} lines)`

function noChips(hasSysfs: boolean, isWanted: boolean): Check {
  const outcome = isWanted ? 'fail' : 'skip'
  if (!hasSysfs) return { ...check, outcome, saw: 'this machine has no GPIO' }
  return {
    ...check,
    outcome,
    saw:
      'this kernel has only the old /sys/class/gpio, which tells no times and no edges of long ago, and whose numbers have moved since ' +
      'kernel 6.6 (on a Raspberry Pi, 17 became 529): packages such as onoff fail there',
    todo: 'use a kernel with the GPIO character device (CONFIG_GPIO_CDEV_V2; every Debian and Raspberry Pi OS since 2021)',
  }
}

type Wire = NonNullable<GpioConfig[keyof GpioConfig]>
type Asked = { readonly name: string; readonly wire: Wire; readonly configTxt: string | undefined }

/** A line that somebody else has is a mistake, unless it is the doorbell that runs. */
function problemOf(chips: readonly Chip[], { name, wire, configTxt }: Asked): readonly string[] {
  try {
    const { chip, offset, info } = findLine(chips, wire, `gpio.${name}`)
    if (!info.isUsed || info.consumer === 'lintel') return []
    const who = info.consumer === '' ? 'somebody who left no name' : `“${info.consumer}”`
    const overlay = TAKEN.find(
      ([pattern, , lines]) => lines.includes(offset) && configTxt !== undefined && pattern.test(configTxt),
    )
    const hint = overlay === undefined ? '' : ` (config.txt: ${overlay[1]} takes it)`
    return [`gpio.${name}: line ${offset} of ${chip.label} is in use by ${who}${hint}`]
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    return [messageOf(error)]
  }
}

function placeOf(chips: readonly Chip[], name: string, wire: Wire): string {
  const { chip, offset, info } = findLine(chips, wire, `gpio.${name}`)
  return `${chip.label} ${offset}${info.consumer === 'lintel' ? ' (the doorbell has it)' : ''}`
}
