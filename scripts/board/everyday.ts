/** Everyday life on the board: a press, wires that lie, somebody who walks up, a runtime that hangs. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { check, type Report } from '../checks/report.ts'
import { runTool } from '../checks/tools.ts'
import {
  chimesSince,
  clipsOf,
  heardOf,
  LINES,
  membersOf,
  press,
  serviceOf,
  until,
  untilChime,
  untilHeard,
  untilReady,
} from './doorbell.ts'
import type { Figures } from './figures.ts'
import type { Machine } from './machine.ts'
import type { Heard } from './outside.ts'
import type { Site } from './site.ts'

/** `lines.pressHoldMs` and `lines.releaseMs` are 10 and 50 ms; what comes after this long comes no more. */
const NOTHING_COMES_MS = 3000
const VISIT_IS_OVER_MS = 240_000
/** An emulated processor that has just started encodes less than one picture a second. */
const PACKETS_MIN = 3

export async function checkEveryday(
  report: Report,
  site: Site,
  machine: Machine,
  figures: Figures,
): Promise<void> {
  await checkPress(report, site, machine, figures)
  await checkWires(report, site, machine)
  await checkSensor(report, site, machine)
  await checkWatchdog(report, site, machine)
}

async function checkPress(report: Report, site: Site, machine: Machine, figures: Figures): Promise<void> {
  let visit = ''
  let clipId = ''
  const pressedMs = await press(machine)
  await check(report, 'a press makes the chime line go active', async () => {
    const chime = await untilChime(machine, pressedMs)
    figures.chimeMs = chime.atMs - pressedMs
    return undefined
  })
  await check(report, 'a press reaches a real broker outside', async () => {
    const { heard, members } = await untilHeard(site, 'press', pressedMs)
    figures.mqttMs = heard.atMs - pressedMs
    visit = String(members['visit'])
    return heard.retain ? 'the message is retained: who comes later would hear it ring' : undefined
  })
  await check(report, 'its clip is sealed, and comes to a real store outside', async () => {
    await untilHeard(site, 'clip', pressedMs, ({ state }) => state === 'uploaded', VISIT_IS_OVER_MS)
    const clip = (await clipsOf(site)).find((each) => each['visit'] === visit)
    if (clip === undefined) return `the store has no clip of visit ${visit}`
    clipId = String(clip['id'])
    return clip['state'] === 'sealed' || clip['state'] === 'uploaded' || clip['complete'] === true
      ? undefined
      : `the clip is ${JSON.stringify(clip)}`
  })
  await check(report, 'the owner’s key opens it, and ffprobe calls it a video', () =>
    opensAsVideo(site, clipId),
  )
}

async function opensAsVideo(site: Site, clip: string): Promise<string | undefined> {
  const film = path.join(path.dirname(site.disk), 'visit.mp4')
  await rm(film, { force: true })
  await site.outside.owner('open', clip, ...site.outside.cloud, '-o', film)
  const { code, stdout, stderr } = await runTool('ffprobe', [
    ...['-v', 'error', '-count_packets', '-select_streams', 'v:0'],
    ...['-show_entries', 'stream=codec_name,nb_read_packets', '-of', 'csv=p=0', film],
  ])
  if (code !== 0 || stderr.trim() !== '') return `ffprobe: ${stderr}`
  const packets = Number(/^h264,(\d+)/.exec(stdout)?.[1] ?? 0)
  if (packets < PACKETS_MIN) return `wanted at least ${PACKETS_MIN} pictures of h264, got “${stdout.trim()}”`
  const decoded = await runTool('ffmpeg', ['-v', 'error', '-i', film, '-f', 'null', '-'])
  return decoded.code === 0 && decoded.stderr.trim() === '' ? undefined : `ffmpeg: ${decoded.stderr}`
}

/** Rings and messages of what was done to the wires. */
async function ringsOf(
  site: Site,
  machine: Machine,
  act: () => Promise<unknown>,
): Promise<{ chimes: number; presses: number }> {
  const sinceMs = performance.now()
  await act()
  await sleep(NOTHING_COMES_MS)
  return { chimes: chimesSince(machine, sinceMs).length, presses: idsOf(heardOf(site, 'press', sinceMs)) }
}

/** A press that has to be told again keeps its id. */
const idsOf = (heard: readonly Heard[]): number => new Set(heard.map((each) => membersOf(each)['id'])).size

async function checkWires(report: Report, site: Site, machine: Machine): Promise<void> {
  await check(report, 'a bouncing press is one press', async () => {
    const rings = await ringsOf(site, machine, () => bounce(machine))
    return rings.chimes === 1 && rings.presses === 1
      ? undefined
      : `wanted one of each, got ${JSON.stringify(rings)}`
  })
  await check(report, 'twenty glitches of less than a millisecond on a long wire are none', async () => {
    const rings = await ringsOf(site, machine, () => glitches(machine, 20))
    return rings.chimes === 0 && rings.presses === 0 ? undefined : `wanted none, got ${JSON.stringify(rings)}`
  })
  await check(report, 'a button that stays down rings once, and is reported as stuck', async () => {
    const sinceMs = performance.now()
    await machine.drive(LINES.button, 1)
    const { members } = await untilHeard(site, 'alarm', sinceMs, ({ what }) => what === 'line-stuck')
    await machine.drive(LINES.button, 0)
    await untilHeard(site, 'alarm', sinceMs, ({ what, state }) => what === 'line-stuck' && state === 'ended')
    const chimes = chimesSince(machine, sinceMs).length
    return members['state'] === 'began' && chimes === 1
      ? undefined
      : `${chimes} chimes, ${JSON.stringify(members)}`
  })
}

/** Contacts of a cheap button: eight closings before it is down, and the same when it is let go. */
async function bounce(machine: Machine): Promise<void> {
  await machine.flutter(LINES.button, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
  await sleep(200)
  await machine.flutter(LINES.button, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
}

async function glitches(machine: Machine, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await machine.flutter(LINES.button, [1, 0])
    await sleep(60)
  }
}

async function checkSensor(report: Report, site: Site, machine: Machine): Promise<void> {
  await check(report, 'PIR and movement make a visit, with a clip, and no ring', async () => {
    await untilQuiet(site)
    const sinceMs = performance.now()
    await machine.drive(LINES.pir, 1)
    const { members } = await untilHeard(site, 'visit', sinceMs, ({ state }) => state === 'began')
    await sleep(2000)
    await machine.drive(LINES.pir, 0)
    const ended = await untilHeard(
      site,
      'visit',
      sinceMs,
      ({ state, visit }) => state === 'ended' && visit === members['visit'],
      VISIT_IS_OVER_MS,
    )
    await untilHeard(site, 'clip', sinceMs, ({ state }) => state === 'uploaded', VISIT_IS_OVER_MS)
    const signs = JSON.stringify(ended.members['signs'])
    if (chimesSince(machine, sinceMs).length > 0) return 'it rang'
    return signs.includes('pir') ? undefined : `wanted the sign pir, got ${signs}`
  })
}

/** No visit is going on. */
const untilQuiet = (site: Site): Promise<true> =>
  until(
    'the last visit to end',
    () => {
      const states = heardOf(site, 'visit').map(({ payload }) => payload)
      return states.length === 0 || states.at(-1)?.includes('"ended"') === true ? true : undefined
    },
    VISIT_IS_OVER_MS,
  )

async function checkWatchdog(report: Report, site: Site, machine: Machine): Promise<void> {
  await check(report, 'a runtime that is frozen is ended by the watchdog, and comes back', async () => {
    const before = await serviceOf(machine)
    await machine.type(`kill -STOP ${before.pid}`)
    const after = await untilReady(machine, ({ pid }) => pid !== before.pid)
    const journal = await machine.type('journalctl -u lintel -o cat --no-pager | grep -i watchdog', {
      anyCode: true,
    })
    if (!/watchdog/i.test(journal)) return `systemd says nothing of a watchdog: ${journal}`
    const pressedMs = await press(machine)
    await untilChime(machine, pressedMs)
    await untilHeard(site, 'press', pressedMs)
    return after.restarts > before.restarts ? undefined : `it was not restarted: ${JSON.stringify(after)}`
  })
}
