import { Fault } from '../../src/base/fault.ts'
import { errno, type DiskCall } from '../devices/sim-files.ts'

type Range = { readonly least: number; readonly most: number }

const NOTHING: Range = { least: 0, most: 0 }

/** Milliseconds that making something durable takes, and that reading takes. */
const PACES = {
  instant: { sync: NOTHING, read: NOTHING },
  quick: { sync: { least: 0.3, most: 6 }, read: NOTHING },
  slow: { sync: { least: 50, most: 900 }, read: { least: 20, most: 400 } },
} as const satisfies Readonly<Record<string, { readonly sync: Range; readonly read: Range }>>

/** How the disk feels. What a call costs, and whether it is refused. */
export class DiskWeather {
  pace: keyof typeof PACES = 'quick'
  isBroken = false
  isFull = false

  /** Milliseconds; `uniform` is asked only where it matters. */
  costOf({ call }: DiskCall, uniform: () => number): number {
    const { least, most } = this.#rangeOf(call)
    return most === 0 ? 0 : least + uniform() * (most - least)
  }

  #rangeOf(call: DiskCall['call']): Range {
    switch (call) {
      case 'sync':
      case 'syncFolder':
      case 'commit':
        return PACES[this.pace].sync
      case 'read':
      case 'readRange':
        return PACES[this.pace].read
      default:
        return NOTHING
    }
  }

  /** What the operating system says instead of doing it. Only reading always works. */
  refusalOf({ call, path }: DiskCall): Error | undefined {
    if (!this.isBroken) return undefined
    switch (call) {
      case 'write':
      case 'sync':
      case 'syncFolder':
      case 'createFile':
      case 'rename':
      case 'makeFolder':
        return errno('EIO', `i/o error, ${call} '${path}'`)
      default:
        return undefined
    }
  }

  /** What the index says instead of writing. */
  indexRefusal(): Fault | undefined {
    if (this.isBroken) return new Fault('corrupt', 'write the index: disk I/O error')
    if (this.isFull) return new Fault('full', 'write the index: database or disk is full')
    return undefined
  }
}
