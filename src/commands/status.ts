/** `lintel status`: how the doorbell that runs here is. */
import { Command } from 'commander'
import { isFault } from '../base/fault.ts'
import { askSocket } from '../drivers/answer-socket.ts'
import { DATA_FOLDER } from './board-config.ts'
import { enrolmentLines } from './page-door.ts'
import { parseStatus, socketsToAsk, type RunningStatus } from './status-text.ts'

type StatusOptions = { readonly data?: string; readonly json?: boolean; readonly prometheus?: boolean }

export function statusCommand(): Command {
  return new Command('status')
    .description('Says in plain words how the doorbell that runs on this machine is, and what to do.')
    .option('--data <dir>', `its data folder (default: the service’s, ${DATA_FOLDER})`)
    .option('--json', 'print one JSON object')
    .option('--prometheus', 'print metrics in Prometheus’ text format')
    .action(async (options: StatusOptions) => {
      process.exitCode = await tellStatus(options)
    })
}

async function tellStatus({ data, json, prometheus }: StatusOptions): Promise<number> {
  const status = await askFirst(socketsToAsk(data, DATA_FOLDER))
  if (prometheus === true)
    process.stdout.write(status?.prometheus ?? '# HELP lintel_up_seconds How long it has been running.\n')
  else if (json === true)
    process.stdout.write(`${JSON.stringify(status === undefined ? { running: false } : jsonOf(status))}\n`)
  else process.stdout.write(status === undefined ? NOT_RUNNING : `${wordsOf(status).join('\n')}\n`)
  return status === undefined || status.rows.some(({ state }) => state === 'bad') ? 1 : 0
}

const NOT_RUNNING = `The doorbell is not running here.
  Start it:  sudo systemctl start lintel     (or by hand: lintel run)
  Why not:   journalctl -u lintel -n 50
`

/** Metrics have their own form; the secret is for the terminal of whoever sets it up. */
const jsonOf = ({ prometheus: _, enrol, ...status }: RunningStatus): object => ({
  running: true,
  hasOwner: enrol === undefined,
  ...status,
})

async function askFirst(paths: readonly string[]): Promise<RunningStatus | undefined> {
  for (const path of paths) {
    try {
      return parseStatus(path, await askSocket(path))
    } catch (error) {
      if (!isFault(error, 'missing')) throw error
    }
  }
  return undefined
}

const MARKS: Readonly<Record<RunningStatus['rows'][number]['state'], string>> = {
  well: 'ok  ',
  warn: 'look',
  bad: 'BAD ',
  off: '-   ',
}
const KEY_WIDTH = 12

/** What is bad first: whoever looks has little time. */
function wordsOf({ rows, page, enrol, upS, pid }: RunningStatus): readonly string[] {
  const order = ['bad', 'warn', 'well', 'off']
  const sorted = rows.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  const bad = rows.filter(({ state }) => state === 'bad' || state === 'warn').length
  const sum =
    rows.length === 0
      ? 'It waits for its first owner: the bell does not ring yet.'
      : bad === 0
        ? 'All is well: the bell rings.'
        : `The bell rings; ${bad} ${bad === 1 ? 'thing needs' : 'things need'} looking after.`
  return [
    sum,
    `Running for ${spanOf(upS)} (process ${pid}). The page: ${page}`,
    ...(rows.length === 0 ? [] : ['']),
    ...sorted.flatMap(({ key, state, says, todo }) => [
      `${MARKS[state]}  ${key.padEnd(KEY_WIDTH)}${says}`,
      ...(todo === undefined ? [] : [`${' '.repeat(6 + KEY_WIDTH)}→ ${todo}`]),
    ]),
    ...enrolmentLines(page.replace(/\/$/, ''), enrol),
  ]
}

function spanOf(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
