import { Fault } from '../../src/base/fault.ts'
import { errno, type DiskCall } from '../devices/sim-files.ts'

/** How the disk feels. What a call costs, and whether it is refused. */
export class DiskWeather {
  /** Milliseconds that making something durable takes, least and most. */
  syncMs: { least: number; most: number } = { least: 0.3, most: 6 }
  isBroken = false
  isFull = false

  /** Milliseconds; `uniform` is asked only where it matters. */
  costOf({ call }: DiskCall, uniform: () => number): number {
    if (call !== 'sync' && call !== 'syncFolder' && call !== 'commit') return 0
    const { least, most } = this.syncMs
    return most === 0 ? 0 : least + uniform() * (most - least)
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
