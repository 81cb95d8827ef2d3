/**
 * The process whose power is cut: the real runtime with the real disk and the real index. It waits, with everything
 * loaded, to be told which folder to live in; see `wire.ts` for what it is told and tells.
 */
import { writevSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { messageOf } from '../../src/base/fault.ts'
import type { Log } from '../../src/base/log.ts'
import { startDoorbell, type Doorbell } from '../../src/doorbell.ts'
import { nodeClock } from '../../src/drivers/node-clock.ts'
import { openNodeDisk } from '../../src/drivers/node-disk.ts'
import { openSqliteRecords } from '../../src/drivers/sqlite-records.ts'
import {
  createBoard,
  drawnCamera,
  drawnStills,
  foreseenIds,
  hurriedClock,
  Outside,
  watchedRecords,
  type Board,
} from './devices.ts'
import { INDEX_FILE, readFound } from './found.ts'
import { parseOrder, TELL_FD, type Life, type Report } from './wire.ts'

const LOOK_MS = 5
/** How long a finger stays on the button, and at least how long it is away. */
const PRESS_MS = 30
/** How long a life may take to do what is expected of it; after that it says what is missing. */
const PATIENCE_MS = 4000

/** Before the call returns, so that whatever happens next, it was told. `writev`: a tracer of `write` shall not see this. */
const tell = (report: Report): void => {
  const line = Buffer.from(`${JSON.stringify(report)}\n`)
  for (let at = 0; at < line.length;) at += writevSync(TELL_FD, [line.subarray(at)])
}

const outside = new Outside(tell)
/** What the runtime complains of stands in its last words. */
const complain =
  (level: string): Log['error'] =>
  (event, fields) =>
    process.stderr.write(`${level} ${event} ${JSON.stringify(fields ?? {})}\n`)
const log: Log = { debug: () => {}, info: () => {}, warn: complain('warn'), error: complain('error') }

async function live(life: Life): Promise<void> {
  if (life.look) tell({ tell: 'found', found: readFound(life) })
  const board = createBoard(tell)
  const doorbell = await start(life, board).catch((error: unknown) => {
    tell({ tell: 'start-refused', problem: messageOf(error) })
  })
  if (doorbell === undefined) return
  if (life.look) tell({ tell: 'recovered', found: readFound(life) })
  await pressAll(life, board)
  await untilOver(life, doorbell, board)
  tell({ tell: 'done', unrung: board.unrung() })
  if (!life.thenClose) return
  await doorbell[Symbol.asyncDispose]()
  await doorbell.records[Symbol.asyncDispose]()
  tell({ tell: 'found', found: readFound(life) })
  tell({ tell: 'closed' })
}

async function start({ root, seed, config }: Life, board: Board) {
  const records = watchedRecords(await openSqliteRecords(path.join(root, INDEX_FILE)), tell)
  const ports = {
    clock: hurriedClock,
    random: foreseenIds(seed),
    gpio: board,
    camera: drawnCamera,
    stills: drawnStills,
    disk: await openNodeDisk(root),
    records,
    store: outside.store(),
    broker: outside.broker(),
    log,
  }
  const doorbell = await startDoorbell(ports, config, {
    onHappening: (happening) => tell({ tell: 'happening', happening }),
    onCrash: (error) => tell({ tell: 'crashed', problem: messageOf(error) }),
  })
  return Object.assign(doorbell, { records })
}

async function pressAll({ pressesAtMs }: Life, board: Board): Promise<void> {
  const begun = nodeClock.mono()
  for (const atMs of pressesAtMs) {
    await pause(begun + atMs - nodeClock.mono())
    board.press()
    await pause(PRESS_MS)
    board.release()
    await pause(PRESS_MS) // However late the disk makes us: the next press is another one.
  }
}

async function untilOver({ until }: Life, doorbell: Doorbell, board: Board): Promise<void> {
  const isOver = (): boolean => {
    const { uploads, messages } = doorbell.waiting()
    return (
      board.unrung() === 0 && doorbell.isIdle() && (until === 'recording-over' || uploads + messages === 0)
    )
  }
  const giveUpAt = nodeClock.mono() + PATIENCE_MS
  while (!isOver() && nodeClock.mono() < giveUpAt) await pause(LOOK_MS)
}

const pause = (ms: number): Promise<void> => nodeClock.sleep(ms, { signal: new AbortController().signal })

tell({ tell: 'loaded' })
for await (const line of createInterface({ input: process.stdin })) {
  const order = parseOrder(line)
  if (order.do === 'answer') outside.answer(order.call, order.value)
  else live(order).catch((error: unknown) => tell({ tell: 'crashed', problem: messageOf(error) }))
}
