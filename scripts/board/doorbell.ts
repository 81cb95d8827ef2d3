/** What a household does at a doorbell on a board, and what it can see of it from outside. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Heard } from './outside.ts'
import type { Machine, OutputChange } from './machine.ts'
import type { Site } from './site.ts'

/** As `firmware-config/boards/emulated.yaml` has them. */
export const LINES = { button: 5, pir: 6, chime: 7 } as const
const READY_MS_MAX = 700_000
const FINGER_MS = 120

/** Polls until it is there. An emulated board is slow, and slower when this machine is busy. */
export async function until<T>(
  what: string,
  find: () => T | undefined | Promise<T | undefined>,
  ms: number,
): Promise<T> {
  const endMs = performance.now() + ms
  for (;;) {
    const found = await find()
    if (found !== undefined) return found
    if (performance.now() > endMs) throw new Error(`waited ${ms / 1000} s in vain for ${what}`)
    await sleep(100)
  }
}

export type Service = {
  readonly state: string
  readonly pid: number
  readonly restarts: number
  readonly readyAtMs: number
}

export async function serviceOf(machine: Machine): Promise<Service> {
  const names = ['ActiveState', 'MainPID', 'NRestarts', 'ActiveEnterTimestampMonotonic']
  const text = await machine.type(`systemctl show lintel -p ${names.join(' -p ')}`)
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  return {
    state: value('ActiveState'),
    pid: Number(value('MainPID')),
    restarts: Number(value('NRestarts')),
    readyAtMs: Number(value('ActiveEnterTimestampMonotonic')) / 1000,
  }
}

export const untilReady = (
  machine: Machine,
  isNew: (service: Service) => boolean = () => true,
): Promise<Service> =>
  until(
    'the doorbell to be ready',
    async () => {
      const service = await serviceOf(machine)
      return service.state === 'active' && isNew(service) ? service : undefined
    },
    READY_MS_MAX,
  ).catch(async (error: unknown) => {
    const journal = await machine.type('journalctl -u lintel -o cat --no-pager | tail -40', { anyCode: true })
    throw new Error(`it did not become ready; its journal:\n${journal}`, { cause: error })
  })

export async function press(machine: Machine, heldMs = FINGER_MS): Promise<number> {
  const atMs = await machine.drive(LINES.button, 1)
  await sleep(heldMs)
  await machine.drive(LINES.button, 0)
  return atMs
}

/** When the chime's line went active, after a moment of this machine's clock. */
export const chimesSince = (machine: Machine, sinceMs: number): readonly OutputChange[] =>
  machine.outputs.filter(({ line, level, atMs }) => line === LINES.chime && level === 1 && atMs >= sinceMs)

export const untilChime = (machine: Machine, sinceMs: number): Promise<OutputChange> =>
  until('the chime line to go active', () => chimesSince(machine, sinceMs)[0], 20_000)

/** Topics are `lintel/<device>/<what>`. */
export const heardOf = ({ outside }: Site, what: string, sinceMs = 0): readonly Heard[] =>
  outside.heard.filter(
    ({ topic, atMs }) => topic.startsWith('lintel/') && topic.endsWith(`/${what}`) && atMs >= sinceMs,
  )

export const untilHeard = (
  site: Site,
  what: string,
  sinceMs: number,
  is: (members: Readonly<Record<string, unknown>>) => boolean = () => true,
  ms = 60_000,
): Promise<{ readonly heard: Heard; readonly members: Readonly<Record<string, unknown>> }> =>
  until(
    `a message ${what}`,
    () => {
      for (const heard of heardOf(site, what, sinceMs)) {
        const members = membersOf(heard)
        if (is(members)) return { heard, members }
      }
      return undefined
    },
    ms,
  )

export function membersOf({ payload }: Heard): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(payload)
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {} // An object of members.
}

/** Clips as the owner sees them, from the store alone. */
export type OwnersClip = { readonly id: string; readonly parts?: number; readonly presses?: unknown }
export async function clipsOf({ outside }: Site): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return JSON.parse(await outside.owner('clips', '--json', ...outside.cloud)) as Record<string, unknown>[] // Ours.
}
