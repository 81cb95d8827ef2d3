/** The plug is pulled at moments of a visit; after each restart everything that was acknowledged has to be there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { check, type Report } from '../checks/report.ts'
import { runTool, ROOT } from '../checks/tools.ts'
import path from 'node:path'
import { chimesSince, clipsOf, heardOf, membersOf, press, until, untilReady } from './doorbell.ts'
import { Machine } from './machine.ts'
import type { Site } from './site.ts'

/** The visit of a press: preroll, parts of 1.5 s, four quiet seconds, sealing, uploading. */
const VISIT_MS = 9000
const LINTEL = path.join(ROOT, 'scripts/lintel')
const SETTLED_MS_MAX = 120_000

/** Gives back the board that runs at the end. */
export async function checkPowerCuts(
  report: Report,
  site: Site,
  first: Machine,
  cuts: number,
): Promise<Machine> {
  let machine = first
  /** Presses whose chime rang: a row was durable before it did. */
  let rung = 0
  const sinceMs = performance.now()
  for (let cut = 0; cut < cuts; cut++) {
    const afterMs = Math.round((VISIT_MS * (cut + 0.5)) / cuts)
    await check(report, `the plug is pulled ${afterMs} ms after a press: it comes back`, async () => {
      const pressedMs = await press(machine)
      await sleep(afterMs)
      rung += chimesSince(machine, pressedMs).length > 0 ? 1 : 0
      await machine.pullPlug()
      machine = await Machine.start(site.boot, site.disk)
      await untilReady(machine)
      return undefined
    })
  }
  await checkWhatIsLeft(report, site, { rung, sinceMs })
  return machine
}

type Rung = { readonly rung: number; readonly sinceMs: number }

async function checkWhatIsLeft(report: Report, site: Site, { rung, sinceMs }: Rung): Promise<void> {
  await check(
    report,
    `after the power cuts: all ${rung} presses that rang were told to the broker`,
    async () => {
      const told = (): number =>
        new Set(heardOf(site, 'press', sinceMs).map((heard) => membersOf(heard)['id'])).size
      await until(`${rung} presses at the broker`, () => (told() >= rung ? true : undefined), SETTLED_MS_MAX)
      return undefined
    },
  )
  await check(report, `after the power cuts: all ${rung} are in clips that the owner can open`, async () => {
    const inClips = async (): Promise<number> => sumOf((await clipsOf(site)).map(({ presses }) => presses))
    await until(
      `${rung} presses in clips`,
      async () => ((await inClips()) >= rung ? true : undefined),
      SETTLED_MS_MAX,
    )
    return undefined
  })
  await check(report, 'after the power cuts: lintel verify finds nothing missing and nothing changed', () =>
    untilWhole(site),
  )
}

const sumOf = (lists: readonly unknown[]): number =>
  lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0)

async function untilWhole({ outside }: Site): Promise<undefined> {
  let said = ''
  await until(
    'the store to be whole',
    async () => {
      const { code, stdout, stderr } = await runTool(LINTEL, ['verify', ...outside.cloud])
      said = `${stdout}${stderr}`
      return code === 0 ? true : undefined
    },
    SETTLED_MS_MAX,
  ).catch((error: unknown) => {
    throw new Error(said.slice(-3000), { cause: error })
  })
  return undefined
}
