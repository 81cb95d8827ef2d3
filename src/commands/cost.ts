import { readFileSync } from 'node:fs'

/** Seconds of processor and of clock; megabytes of resident memory at the peak. */
export type Cost = { readonly cpuS: number; readonly wallS: number; readonly peakRssMb: number }

export interface CostMeter {
  /** Since the lap before; the first lap since this process began. */
  lap(): Cost
}

/** Processor time of this process and of its children that have ended. */
export function costOfProcess(): CostMeter {
  let before = { cpuS: 0, wallS: 0 }
  return {
    lap() {
      const { user, system } = process.cpuUsage()
      const now = { cpuS: (user + system) / 1e6 + childrenCpuS(), wallS: process.uptime() }
      const cost = {
        cpuS: round(now.cpuS - before.cpuS),
        wallS: round(now.wallS - before.wallS),
        peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
      }
      before = now
      return cost
    },
  }
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000

const TICKS_PER_S = 100 // USER_HZ: fixed at 100 in what Linux tells user space.

/** `cutime` + `cstime`, fields 16 and 17 of /proc/self/stat; see proc(5). 0 where there is no such file. */
function childrenCpuS(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // The name may hold blanks; field 3 comes after it.
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_S
  } catch {
    return 0 // Not Linux: the children's time cannot be had, and the README says so.
  }
}
