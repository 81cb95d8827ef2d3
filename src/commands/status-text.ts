/** What a running doorbell says of itself on its socket, and where that is. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import type { Config } from '../config/index.ts'
import type { Household } from '../household.ts'
import { pageOrigin } from './page-door.ts'

const SOCKET = 'status.sock'
/** Where systemd's RuntimeDirectory is; a disk is not written to for a socket. */
const RUN_FOLDER = '/run/lintel'

/** In the folder that systemd gives for the time of running, else in the data folder. */
export const socketOf = (folder: string): string =>
  join(process.env['RUNTIME_DIRECTORY']?.split(':')[0] ?? folder, SOCKET)

/** Where `lintel status` looks: without a data folder on the command line, the service first. */
export const socketsToAsk = (data: string | undefined, fallback: string): readonly string[] =>
  data === undefined ? [join(RUN_FOLDER, SOCKET), join(fallback, SOCKET)] : [join(data, SOCKET)]

const reply = z.object({
  format: z.literal('lintel-status/1'),
  pid: z.number(),
  /** Of this process. */
  upS: z.number(),
  page: z.string(),
  data: z.string(),
  /** The link for the first owner, as long as there is none. */
  enrol: z.string().optional(),
  rows: z.array(
    z.object({
      key: z.string(),
      state: z.enum(['well', 'warn', 'bad', 'off']),
      says: z.string(),
      todo: z.string().optional(),
    }),
  ),
  alarms: z.array(z.string()),
  prometheus: z.string(),
})

export type RunningStatus = z.output<typeof reply>

export async function statusText(
  household: Household,
  { config, folder }: { readonly config: Config; readonly folder: string },
): Promise<string> {
  const origin = pageOrigin(household, config)
  const status = await household.status()
  const secret = await household.enrolment()
  const said: RunningStatus = {
    format: 'lintel-status/1',
    pid: process.pid,
    upS: Math.round(process.uptime()),
    page: `${origin}/`,
    data: folder,
    ...(secret === undefined ? {} : { enrol: secret }),
    rows: [...(status?.rows ?? [])],
    alarms: [...(status?.alarms ?? [])],
    prometheus: `# HELP lintel_up_seconds How long it has been running.\n# TYPE lintel_up_seconds gauge\nlintel_up_seconds ${Math.round(process.uptime())}\n${status?.prometheus ?? ''}`,
  }
  return JSON.stringify(said)
}

/** Throws `Fault` when it is something else, or the doorbell could not say. */
export function parseStatus(where: string, text: string): RunningStatus {
  const parsed: unknown = parseJson(where, text)
  if (typeof parsed === 'object' && parsed !== null && 'problem' in parsed)
    throw new Fault('unavailable', `${where}: ${String(parsed.problem)}`)
  const result = reply.safeParse(parsed)
  if (!result.success)
    throw new Fault('corrupt', `${where}: wanted lintel-status/1; is another version running?`)
  return result.data
}

function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('corrupt', `${where}: wanted JSON, got ${text.slice(0, 60)}`, { cause })
  }
}
