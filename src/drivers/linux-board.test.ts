import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeBoardContract } from '../ports/board.contract.ts'
import { openLinuxBoard } from './linux-board.ts'

describeBoardContract('this machine', async () => openLinuxBoard())

let sys = ''
beforeEach(async () => {
  sys = await mkdtemp(join(tmpdir(), 'sys-'))
  await mkdir(join(sys, 'class/thermal/thermal_zone0'), { recursive: true })
  for (const sensor of ['hwmon0', 'hwmon3'])
    await mkdir(join(sys, 'class/hwmon', sensor), { recursive: true })
})
afterEach(() => rm(sys, { recursive: true }))

it('reads what the kernel says', async () => {
  await writeFile(join(sys, 'class/thermal/thermal_zone0/temp'), '71234\n')
  await writeFile(join(sys, 'class/hwmon/hwmon3/name'), 'rpi_volt\n')
  await writeFile(join(sys, 'class/hwmon/hwmon3/in0_lcrit_alarm'), '1\n')
  expect(await openLinuxBoard({ sys }).temperatureC()).toBe(71.234)
  expect(await openLinuxBoard({ sys }).isUnderVoltage()).toBe(true)
})

it('takes another sensor’s alarm for no word about the supply', async () => {
  await writeFile(join(sys, 'class/hwmon/hwmon0/name'), 'nvme\n')
  await writeFile(join(sys, 'class/hwmon/hwmon0/in0_lcrit_alarm'), '1\n')
  expect(await openLinuxBoard({ sys }).isUnderVoltage()).toBeUndefined()
})

it.each([
  ['50005', true],
  ['50000', false], // It was too low once since the start, and is not now.
  ['0', false],
])('asks the firmware where the kernel has no sensor: %s', async (throttled, isLow) => {
  const firmware = join(sys, 'devices/platform/soc/soc:firmware')
  await mkdir(firmware, { recursive: true })
  await writeFile(join(firmware, 'get_throttled'), `${throttled}\n`)
  expect(await openLinuxBoard({ sys }).isUnderVoltage()).toBe(isLow)
})

it('knows when it slows itself down, and how worn an eMMC is', async () => {
  const firmware = join(sys, 'devices/platform/soc/soc:firmware')
  const card = join(sys, 'class/block/mmcblk0/device')
  for (const folder of [firmware, card]) await mkdir(folder, { recursive: true })
  await writeFile(join(firmware, 'get_throttled'), '80008\n')
  await writeFile(join(card, 'life_time'), '0x02 0x03\n')
  expect(await openLinuxBoard({ sys }).isThrottled?.()).toBe(true)
  expect(await openLinuxBoard({ sys }).diskWorn?.()).toBe(0.3)
  await writeFile(join(firmware, 'get_throttled'), 'e0000\n')
  expect(await openLinuxBoard({ sys }).isThrottled?.()).toBe(false)
})

it('does not know what the kernel does not say', async () => {
  expect(await openLinuxBoard({ sys }).temperatureC()).toBeUndefined()
  expect(await openLinuxBoard({ sys }).isUnderVoltage()).toBeUndefined()
})
