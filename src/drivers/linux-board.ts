import { readFile } from 'node:fs/promises'
import type { Board } from '../ports/board.ts'

export type LinuxBoardOptions = {
  /** Where the kernel shows itself; another folder in tests. */
  readonly sys?: string
}

/** Thousandths of a degree; see the kernel's Documentation/driver-api/thermal/sysfs-api.rst. */
const TEMPERATURE = 'class/thermal/thermal_zone0/temp'
/** Of a Raspberry Pi: 1 while the supply is too low; see drivers/hwmon/raspberrypi-hwmon.c. */
const LOW_VOLTAGE = ['class/hwmon/hwmon0/in0_lcrit_alarm', 'class/hwmon/hwmon1/in0_lcrit_alarm']

/** A board that runs Linux. Nobody watches the process until the service does: `petWatchdog` does nothing yet. */
export function openLinuxBoard({ sys = '/sys' }: LinuxBoardOptions = {}): Board {
  return {
    async temperatureC() {
      const milli = await numberIn(`${sys}/${TEMPERATURE}`)
      return milli === undefined ? undefined : milli / 1000
    },
    async isUnderVoltage() {
      for (const file of LOW_VOLTAGE) {
        const alarm = await numberIn(`${sys}/${file}`)
        if (alarm !== undefined) return alarm !== 0
      }
      return undefined
    },
    petWatchdog() {},
  }
}

/** Undefined where there is no such file, or no number in it. */
async function numberIn(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const value = Number(text)
  return text.trim() === '' || !Number.isFinite(value) ? undefined : value
}
