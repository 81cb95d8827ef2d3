/** `scripts/board-test`: see there. */
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { check, Report } from '../checks/report.ts'
import { ROOT } from '../checks/tools.ts'
import { buildPackage } from '../packaging/deb.ts'
import { checkContracts } from './contracts.ts'
import { untilReady } from './doorbell.ts'
import { checkEveryday } from './everyday.ts'
import {
  chimeByKernel,
  describeFigures,
  measureMemory,
  sectorsWritten,
  traceLines,
  type Figures,
} from './figures.ts'
import { Machine } from './machine.ts'
import { checkPowerCuts } from './power.ts'
import { prepareSite, type Site } from './site.ts'
import { checkUpdates } from './updates.ts'

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '2' },
    camera: { type: 'string', default: 'v4l2' },
    boot: { type: 'boolean', default: false },
    /** An archive that was built already. */
    deb: { type: 'string' },
    keep: { type: 'string' },
  },
})

const report = new Report()
const figures: Figures = {}
const folder = path.join(ROOT, '.cache/board/run')

async function packageForBoard(): Promise<string> {
  if (values.deb !== undefined) return path.resolve(values.deb)
  return (await buildPackage('arm64', { outDir: path.join(ROOT, '.cache/board/dist') })).file
}

async function play(site: Site): Promise<void> {
  let machine = await Machine.start(site.boot, site.disk)
  try {
    await check(report, 'the board boots, and the doorbell says that it is ready', async () => {
      figures.readyMs = (await untilReady(machine)).readyAtMs
      return undefined
    })
    if (values.boot) {
      console.log(
        await machine.type(
          'systemd-analyze blame | head -15; systemctl status lintel --no-pager -l; ls -l /dev/video0 /dev/gpiochip0',
          { anyCode: true },
        ),
      )
      return
    }
    await traceLines(machine)
    const before = await sectorsWritten(machine)
    await checkEveryday(report, site, machine, figures)
    figures.writtenBytes = ((await sectorsWritten(machine)) - before) * 512
    figures.mediaBytes = await sealedBytes(machine)
    figures.chimeKernelMs = await chimeByKernel(machine)
    await measureMemory(machine, figures)
    await checkContracts(report, machine, ['gpio', 'camera'])
    await untilReady(machine)
    await checkUpdates(report, machine)
    machine = await checkPowerCuts(report, site, machine, Number(values.cuts))
  } finally {
    await sayComplaints(machine).catch(console.log)
    await keepTraces(machine, site)
    await machine.pullPlug()
  }
}

async function sealedBytes(machine: Machine): Promise<number> {
  const text = await machine.type('stat -c %s /var/lib/lintel/clips/*/*.age')
  return text.split('\n').reduce((sum, line) => sum + (/^\d+$/.test(line) ? Number(line) : 0), 0)
}

/** What the doorbell complained of: said where something failed. */
async function sayComplaints(machine: Machine): Promise<void> {
  if (!report.hasFailed) return
  const said = await machine.type(
    `journalctl -u lintel -o cat --no-pager | grep -E '"(warn|error)"|problem' | tail -25`,
    {
      anyCode: true,
    },
  )
  console.log(`\nfrom the board's journal:\n${said}`)
}

async function keepTraces(machine: Machine, site: Site): Promise<void> {
  if (values.keep === undefined) return
  await mkdir(values.keep, { recursive: true })
  const journal = await machine
    .type('journalctl --no-pager', { anyCode: true })
    .catch((error: unknown) => String(error))
  await writeFile(path.join(values.keep, 'journal.txt'), journal)
  await cp(path.dirname(site.disk), path.join(values.keep, 'run'), { recursive: true })
  console.log(`kept in ${values.keep}: ${(await readdir(values.keep)).join(', ')}`)
}

const startedAt = performance.now()
try {
  const site = await prepareSite(await packageForBoard(), {
    folder,
    camera: values.camera === 'file' ? 'file' : 'v4l2',
  })
  await using _outside = site.outside
  console.log(
    `  board, disk and the world around it are made (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`,
  )
  await play(site)
} catch (error) {
  report.failed(
    'the board can be played with',
    performance.now() - startedAt,
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  )
}
if (!values.boot) console.log(`\n${describeFigures(figures)}\n`)
process.exitCode = report.close()
