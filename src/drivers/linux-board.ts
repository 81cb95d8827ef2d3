import { readdir, readFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import type { Board } from '../ports/board.ts'
import type { ServiceManager } from './systemd.ts'

export type LinuxBoardOptions = {
  /** Where the kernel shows itself; another folder in tests. */
  readonly sys?: string
  /** Whoever watches the process. */
  readonly manager?: Pick<ServiceManager, 'pet' | 'petEveryMs'>
}

/** Thousandths of a degree; see the kernel's Documentation/driver-api/thermal/sysfs-api.rst. */
const TEMPERATURE = 'class/thermal/thermal_zone0/temp'
/** Of a Raspberry Pi: 1 while the supply is too low; see drivers/hwmon/raspberrypi-hwmon.c. Its number differs from start to start. */
const SENSORS = { folder: 'class/hwmon', name: 'rpi_volt', alarm: 'in0_lcrit_alarm' }
/** The firmware's own word, hexadecimal, where that driver is missing: bit 0 while the supply is too low. */
const THROTTLED = 'devices/platform/soc/soc:firmware/get_throttled'

/** Of the same word: frequency capped, throttled, soft temperature limit; see “vcgencmd get_throttled” in Raspberry Pi's documentation. */
const SLOWED = 0b1110
const BLOCKS = 'class/block'
/** `device/life_time` of an eMMC: two estimates in steps of a tenth, hexadecimal, 0x0B: beyond; see JEDEC JESD84-B51, EXT_CSD[268]. */
const LIFE = /^0x([0-9a-f]{2}) 0x([0-9a-f]{2})$/i

/** The most worn of those that say it. */
async function wornIn(folder: string): Promise<number | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^mmcblk\d+$/.test(name))
  const lives = await Promise.all(names.map((name) => textIn(`${folder}/${name}/device/life_time`)))
  const tenths = lives.flatMap((text) => {
    const [, a = '0', b = '0'] = LIFE.exec(text) ?? []
    return [Number.parseInt(a, 16), Number.parseInt(b, 16)].filter((each) => each > 0)
  })
  return tenths.length === 0 ? undefined : Math.max(...tenths) / 10
}

/** A board that runs Linux; its service manager's watchdog is petted where there is one. */
export function openLinuxBoard({ sys = '/sys', manager }: LinuxBoardOptions = {}): Board {
  return {
    async temperatureC() {
      const milli = await numberIn(`${sys}/${TEMPERATURE}`)
      return milli === undefined ? undefined : milli / 1000
    },
    async isUnderVoltage() {
      const alarm = await numberIn(`${sys}/${SENSORS.folder}/${await sensorIn(sys)}/${SENSORS.alarm}`)
      if (alarm !== undefined) return alarm !== 0
      const throttled = Number.parseInt(await textIn(`${sys}/${THROTTLED}`), 16)
      return Number.isNaN(throttled) ? undefined : (throttled & 1) === 1
    },
    async isThrottled() {
      const throttled = Number.parseInt(await textIn(`${sys}/${THROTTLED}`), 16)
      return Number.isNaN(throttled) ? undefined : (throttled & SLOWED) !== 0
    },
    upMs: () => uptime() * 1000,
    diskWorn: () => wornIn(`${sys}/${BLOCKS}`),
    petWatchdog: () => manager?.pet(),
    petEveryMs: manager?.petEveryMs,
  }
}

/** The sensor of the supply; a name that no sensor has where there is none. */
async function sensorIn(sys: string): Promise<string> {
  const sensors = await readdir(`${sys}/${SENSORS.folder}`).catch(() => [])
  for (const sensor of sensors)
    if ((await textIn(`${sys}/${SENSORS.folder}/${sensor}/name`)) === SENSORS.name) return sensor
  return 'none'
}

/** Undefined where there is no such file, or no number in it. */
async function numberIn(file: string): Promise<number | undefined> {
  const text = await textIn(file)
  const value = Number(text)
  return text === '' || !Number.isFinite(value) ? undefined : value
}

/** Empty where there is no such file. */
const textIn = async (file: string): Promise<string> => (await readFile(file, 'utf8').catch(() => '')).trim()
