/** Releases on the board: one that works stays, one that does not is left again without anybody's help. */
import { check, type Report } from '../checks/report.ts'
import { press, serviceOf, until, untilChime, untilReady } from './doorbell.ts'
import type { Machine } from './machine.ts'
import { CONFIRM_S, RELEASES } from './site.ts'

const RETURN_MS_MAX = 180_000

type Status = {
  readonly next: string
  readonly good: unknown
  readonly trial?: unknown
  readonly failed: readonly string[]
}

async function statusOf(machine: Machine): Promise<Status> {
  const text = await machine.type('lintel update status --json')
  return JSON.parse(text.slice(text.indexOf('{'))) as Status // Ours.
}

export async function checkUpdates(report: Report, machine: Machine): Promise<void> {
  await check(report, `a signed release is tried, stays up for ${CONFIRM_S} s, and is good`, async () => {
    const before = await serviceOf(machine)
    await machine.type('lintel update install /opt/releases/good.note')
    await untilReady(machine, ({ pid }) => pid !== before.pid)
    const status = await until(
      'the release to be confirmed',
      async () => {
        const now = await statusOf(machine)
        return now.trial === undefined ? now : undefined
      },
      RETURN_MS_MAX,
    )
    return status.next === RELEASES.good && status.failed.length === 0 ? undefined : JSON.stringify(status)
  })
  await check(report, 'a release with a changed byte is refused', async () => {
    const said = await machine.type(
      'cp /opt/releases/broken.note /opt/releases/bad.note; { cat /opt/releases/broken.deb; printf x; } | tail -c +2 >/opt/releases/bad.deb; lintel update install /opt/releases/bad.note',
      { anyCode: true },
    )
    return /wanted SHA-256 \w+ as the release says/.test(said) ? undefined : said
  })
  await check(report, 'a release that cannot start is left again by itself, for the one before', async () => {
    const before = await serviceOf(machine)
    await machine.type('lintel update install /opt/releases/broken.note')
    await untilReady(machine, ({ pid }) => pid !== before.pid)
    const status = await statusOf(machine)
    const pressedMs = await press(machine)
    await untilChime(machine, pressedMs)
    const isBack = status.next === RELEASES.good && status.failed.includes(RELEASES.broken)
    return isBack ? undefined : JSON.stringify(status)
  })
}
