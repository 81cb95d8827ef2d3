/** What is measured on the way. Everything is emulated: times say what happens, not how fast a Raspberry Pi is. */
import type { Machine } from './machine.ts'

export type Figures = {
  readyMs?: number | undefined
  chimeMs?: number | undefined
  chimeKernelMs?: number | undefined
  mqttMs?: number | undefined
  memoryMb?: number | undefined
  memoryPeakMb?: number | undefined
  writtenBytes?: number | undefined
  mediaBytes?: number | undefined
}

const TRACING = '/sys/kernel/tracing'

/** The kernel notes each interrupt of a line and each setting of an output, with its own clock. */
export async function traceLines(machine: Machine): Promise<void> {
  await machine.type(
    `mountpoint -q ${TRACING} || mount -t tracefs tracefs ${TRACING}; cd ${TRACING} && : >trace && ` +
      `echo 'name ~ "lintel*"' >events/irq/irq_handler_entry/filter && ` +
      'echo 1 >events/gpio/gpio_value/enable && echo 1 >events/irq/irq_handler_entry/enable; cd /',
  )
}

/** From the button's interrupt to the chime's output, by the kernel; the least of those noted. */
export async function chimeByKernel(machine: Machine): Promise<number | undefined> {
  const text = await machine.type(
    `echo 0 >${TRACING}/events/enable; grep -E 'name=lintel|gpio_value' ${TRACING}/trace`,
    { anyCode: true },
  )
  let edgeS: number | undefined
  const times: number[] = []
  for (const line of text.split('\n')) {
    const at = Number(/ (\d+\.\d{6}): /.exec(line)?.[1])
    if (/irq_handler_entry: .*name=lintel/.test(line)) edgeS ??= at
    else if (/gpio_value: \d+ set 1/.test(line) && edgeS !== undefined) {
      times.push((at - edgeS) * 1000)
      edgeS = undefined
    }
  }
  return times.length === 0 ? undefined : Math.min(...times)
}

export async function measureMemory(machine: Machine, figures: Figures): Promise<void> {
  const text = await machine.type(
    'systemctl show lintel -p MemoryCurrent; cat /sys/fs/cgroup/system.slice/lintel.service/memory.peak',
    { anyCode: true },
  )
  const now = /MemoryCurrent=(\d+)/.exec(text)?.[1]
  const peak = /^(\d+)$/m.exec(text)?.[1]
  if (now !== undefined) figures.memoryMb = Number(now) / 2 ** 20
  if (peak !== undefined) figures.memoryPeakMb = Number(peak) / 2 ** 20
}

/** Sectors of 512 bytes that reached the disk, of everything on the board. */
export async function sectorsWritten(machine: Machine): Promise<number> {
  const [, , , , , , sectors] = (await machine.type('sync; cat /sys/block/vda/stat')).trim().split(/\s+/)
  return Number(sectors)
}

export function describeFigures(figures: Figures): string {
  const ms = (value: number | undefined): string =>
    value === undefined ? 'not measured' : `${value.toFixed(1)} ms`
  const mb = (value: number | undefined): string =>
    value === undefined ? 'not measured' : `${value.toFixed(0)} MB`
  const { writtenBytes, mediaBytes } = figures
  const writes =
    writtenBytes === undefined || mediaBytes === undefined || mediaBytes === 0
      ? 'not measured'
      : `${(writtenBytes / mediaBytes).toFixed(2)} bytes for each sealed one (${(mediaBytes / 1e6).toFixed(1)} MB of parts)`
  return [
    `kernel to ready to ring             ${figures.readyMs === undefined ? 'not measured' : `${(figures.readyMs / 1000).toFixed(1)} s`}`,
    `press to chime, by the kernel       ${ms(figures.chimeKernelMs)}`,
    `press to chime, seen from outside   ${ms(figures.chimeMs)}`,
    `press to broker, seen from outside  ${ms(figures.mqttMs)}`,
    `memory of the service               ${mb(figures.memoryMb)}, at most ${mb(figures.memoryPeakMb)}`,
    `disk writes                         ${writes}`,
  ].join('\n')
}
