import { monoMs, type MonoMs } from '../../base/time.ts'

/**
 * The kernel counts nanoseconds of CLOCK_MONOTONIC, as `process.hrtime` does; `performance.now()` counts milliseconds of the same clock
 * from the start of the process. The distance never changes; of a few tries the quickest knows it best.
 */
export function monoOfKernel(): (ns: bigint) => MonoMs {
  let best = { spanNs: 1n << 62n, zeroNs: 0n }
  for (let tries = 0; tries < 16; tries++) {
    const before = process.hrtime.bigint()
    const monoNow = performance.now()
    const after = process.hrtime.bigint()
    const middle = (before + after) / 2n
    if (after - before < best.spanNs)
      best = { spanNs: after - before, zeroNs: middle - BigInt(Math.round(monoNow * 1e6)) }
  }
  return (ns) => monoMs(Number(ns - best.zeroNs) / 1e6)
}
