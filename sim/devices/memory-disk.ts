import { createDurableDisk } from '../../src/drivers/durable-disk.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { Disk } from '../../src/ports/disk.ts'
import { SimFiles, type SimFilesOptions } from './sim-files.ts'

/** The puppeteer's face of a disk in memory. */
export type MemoryDisk = Disk & {
  /** Whatever was not synced is gone. */
  powerCut(): void
  /** Flips the bits of one byte, as a dying card does. */
  damage(path: string, at: number): void
  /** Everything that changes or reads fails with this until told otherwise. */
  refuse(fault: Fault | undefined): void
}

/** A disk in memory that takes no time; for tests of what stands above it. Worlds with weather use `SimFiles` themselves. */
export function createMemoryDisk(options: SimFilesOptions = {}): MemoryDisk {
  const files = new SimFiles(options)
  let refusal: Fault | undefined
  const calls = files.openClient(async ({ call }) => {
    if (refusal !== undefined && call !== 'free') throw refusal
  })
  return Object.assign(createDurableDisk(calls, { mark: 'sim' }), {
    powerCut: () => files.cut(() => false),
    damage: (path: string, at: number) => files.damage(path, at),
    refuse: (fault: Fault | undefined) => void (refusal = fault),
  })
}
