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
  await mkdir(join(sys, 'class/hwmon/hwmon1'), { recursive: true })
})
afterEach(() => rm(sys, { recursive: true }))

it('reads what the kernel says', async () => {
  await writeFile(join(sys, 'class/thermal/thermal_zone0/temp'), '71234\n')
  await writeFile(join(sys, 'class/hwmon/hwmon1/in0_lcrit_alarm'), '1\n')
  expect(await openLinuxBoard({ sys }).temperatureC()).toBe(71.234)
  expect(await openLinuxBoard({ sys }).isUnderVoltage()).toBe(true)
})

it('does not know what the kernel does not say', async () => {
  expect(await openLinuxBoard({ sys }).temperatureC()).toBeUndefined()
  expect(await openLinuxBoard({ sys }).isUnderVoltage()).toBeUndefined()
})
