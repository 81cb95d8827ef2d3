/** What the process that records and the one that watches it say to each other: one JSON value a line. */
import { z } from 'zod'
import type { Config } from '../../src/config/index.ts'

/** On this file descriptor the recording process tells what happens, written before it goes on. */
export const TELL_FD = 3

/** The tables' rows as the texts that the index holds. */
const change = z.union([
  z.object({ put: z.string(), key: z.string(), text: z.string() }),
  z.object({ remove: z.string(), key: z.string() }),
])

/** What is on the disk, read without the runtime's help. `files`: path in the data folder → SHA-256. */
const found = z.object({
  /** The answer of `PRAGMA integrity_check`; `absent` before the first start. */
  integrity: z.string(),
  rows: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))),
  files: z.record(z.string(), z.string()),
})

const happening = z.looseObject({ kind: z.string() })

const report = z.discriminatedUnion('tell', [
  /** Everything is loaded; waits for its life. */
  z.object({ tell: z.literal('loaded') }),
  /** The disk before the runtime touches it. */
  z.object({ tell: z.literal('found'), found }),
  /** The disk when the runtime has recovered. */
  z.object({ tell: z.literal('recovered'), found }),
  z.object({ tell: z.literal('start-refused'), problem: z.string() }),
  z.object({ tell: z.literal('crashed'), problem: z.string() }),
  /** `write` numbers the transactions of a process: another may begin before one is known to have ended. */
  z.object({ tell: z.literal('writes'), write: z.number(), changes: z.array(change) }),
  z.object({ tell: z.literal('wrote'), write: z.number() }),
  z.object({ tell: z.literal('write-refused'), write: z.number(), problem: z.string() }),
  z.object({ tell: z.literal('happening'), happening }),
  z.object({ tell: z.literal('pressed') }),
  z.object({ tell: z.literal('chimed') }),
  /** `sha256`: of the bytes that are sent, not of what they should be. */
  z.object({
    tell: z.literal('put'),
    call: z.number(),
    name: z.string(),
    sha256: z.string(),
    bytes: z.number(),
    ifAbsent: z.boolean(),
  }),
  z.object({ tell: z.literal('head'), call: z.number(), name: z.string() }),
  z.object({ tell: z.literal('remove'), call: z.number(), name: z.string() }),
  z.object({ tell: z.literal('publish'), call: z.number(), topic: z.string(), payload: z.string() }),
  /** The life is over as planned; `unrung` presses were not heard inside the house. */
  z.object({ tell: z.literal('done'), unrung: z.number() }),
  z.object({ tell: z.literal('closed') }),
])

export type RowChange = z.output<typeof change>
export type Found = z.output<typeof found>
export type Report = z.output<typeof report>
export type Told = z.output<typeof happening>

export const parseReport = (line: string): Report => report.parse(JSON.parse(line))

const order = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('live'),
    /** The data folder. */
    root: z.string(),
    /** A folder of its own on a disk that keeps its power; made and emptied as needed. */
    scratch: z.string(),
    /** Makes the ids of clips, visits and presses; of its own for every life. */
    seed: z.number(),
    /** As the schema checked it: only the watching side needs to know the schema, which takes its time to load. */
    config: z.custom<Config>(),
    /** Milliseconds after the start at which the button is pushed. */
    pressesAtMs: z.array(z.number()),
    /** `recording`: until the presses were heard inside and the visit is over. `all-told`: until nothing waits any more. */
    until: z.enum(['recording-over', 'all-told']),
    /** The disk is read, and what is there told, before the start and after it. */
    look: z.boolean(),
    /** Afterwards the runtime is closed in an orderly manner, and another life may come. */
    thenClose: z.boolean(),
  }),
  z.object({ do: z.literal('answer'), call: z.number(), value: z.unknown() }),
])

export type Order = z.output<typeof order>
export type Life = Extract<Order, { do: 'live' }>

export const parseOrder = (line: string): Order => order.parse(JSON.parse(line))
