/**
 * A world for one doorbell: virtual time, seeded chance, every simulated device, and everything that happened.
 * The doorbell lives in it as often as the power comes; disk, index, store and broker outlast its lives.
 */
import { assert } from '../../src/base/assert.ts'
import { Fault, isFault, messageOf } from '../../src/base/fault.ts'
import type { Log } from '../../src/base/log.ts'
import { monoMs, unixMs, type MonoMs } from '../../src/base/time.ts'
import type { Config } from '../../src/config/index.ts'
import type { Doorbell, Happening } from '../../src/doorbell.ts'
import { createDurableDisk } from '../../src/drivers/durable-disk.ts'
import { openRecordsLazily } from '../../src/drivers/lazy-records.ts'
import type { Ports } from '../../src/ports/ports.ts'
import type { Random } from '../../src/ports/random.ts'
import type { Stills } from '../../src/ports/stills.ts'
import { excessesOf } from '../checkers/bounds.ts'
import type { Household } from '../checkers/household.ts'
import { WORLD_BEGAN_UNIX_MS } from '../checkers/presses.ts'
import { MemoryRecords } from '../devices/memory-records.ts'
import { createNetwork, type Network } from '../devices/network.ts'
import { createSeededRandom, type SeededRandom } from '../devices/seeded-random.ts'
import { SimBoard } from '../devices/sim-board.ts'
import { SimVision } from '../devices/sim-vision.ts'
import { createSimBroker, type SimBroker } from '../devices/sim-broker.ts'
import { createSimHttpCaller, type SimHttpCaller } from '../devices/sim-http-caller.ts'
import { createSimProgramRunner, type SimProgramRunner } from '../devices/sim-program-runner.ts'
import { inRealTime, SimClock } from '../devices/sim-clock.ts'
import type { DiskCall, Gate, SimFiles } from '../devices/sim-files.ts'
import { SimSpeaker } from '../devices/sim-audio.ts'
import { createSimPanel, type SimPanel } from '../devices/sim-panel.ts'
import { createSimStore, type SimStore } from '../devices/sim-store.ts'
import { DrawnShow } from '../devices/drawn-show.ts'
import { FilmShow, type Film } from '../devices/film-show.ts'
import { StageCamera, type Show } from '../devices/stage-camera.ts'
import { DiskWeather } from './disk-weather.ts'
import { copyOf, idOf, noteCommitted, type Evidence, type LifeFact, type StoredObject } from './evidence.ts'
import { beginLife, type Life } from './life.ts'
import type { TraceEvent } from '../trace.ts'
import { TraceRecorder } from './recorder.ts'
import { isQuietAt } from './quiet.ts'
import { Wall } from './wall.ts'

/** What the camera sees. */
export type Scene =
  | { readonly kind: 'drawn' }
  /** There is a camera, and it is not plugged in. */
  | { readonly kind: 'none' }
  | { readonly kind: 'film'; readonly film: Film; readonly stills: Stills }

export type WorldOptions = {
  readonly seed: number
  readonly config: Config
  readonly household: Household
  readonly scene: Scene
  /** Entries of the trace that are kept; all of them are hashed. */
  readonly entriesMax: number
  readonly onTime?: (nowMs: number) => void
  readonly sectorBytes?: number
  /** Asked before each call of disk and index. */
  readonly onCall?: (call: DiskCall) => void
  /** Goes on from there, with the power off. */
  readonly from?: Snapshot
  /** Nobody will look at the trace. */
  readonly isUntraced?: boolean
  /** Disk and index take no time. */
  readonly isInstant?: boolean
}

/** What outlasts a power cut, as it was at one moment, with what was not synced still open. */
export type Snapshot = {
  readonly nowMs: number
  readonly files: SimFiles
  readonly records: MemoryRecords
  readonly objects: ReadonlyMap<string, StoredObject>
  readonly evidence: Evidence
}

/** Stories begin with a doorbell that is up: it is switched on so long before. */
const LEAD_MS = 5000
/** Between the plug and the first line of our code. */
const BOOT_MS = 2500
/** systemd waits so long before it starts again what ended by itself, each time twice as long. */
const RESTART_MS = { least: 5000, most: 80_000 }
/** A process that hangs is ended after so long. */
export const WATCHDOG_MS = 30_000
const LOG_TEXTS_MAX = 5000
/** A disk that lies writes its cache out so often. */
const CACHE_MS = 5000

export class World {
  readonly clock: SimClock
  readonly random: SeededRandom
  readonly trace: TraceRecorder
  readonly evidence: Evidence
  readonly network: Network
  readonly store: SimStore
  readonly broker: SimBroker
  readonly http: SimHttpCaller
  readonly programs: SimProgramRunner
  readonly gpio: SimPanel
  readonly speaker = new SimSpeaker()
  readonly stage: StageCamera
  readonly board = new SimBoard()
  readonly vision = new SimVision()
  readonly disk = new DiskWeather()
  readonly wall = new Wall()
  readonly files: SimFiles
  readonly records: MemoryRecords
  readonly #options: WorldOptions
  #life: Life | undefined
  #isStorageOpen = false
  #isPowered = false
  #starting: AbortController | undefined
  #failedStarts = 0
  #whyItEnded = ''

  constructor(options: WorldOptions) {
    this.#options = options
    this.clock = new SimClock({
      bootWall: unixMs(WORLD_BEGAN_UNIX_MS),
      startMs: -LEAD_MS,
      isPure: options.scene.kind !== 'film',
      ...(options.onTime === undefined ? {} : { pace: async (untilMs) => options.onTime?.(untilMs) }),
    })
    this.random = createSeededRandom(options.seed)
    this.trace = new TraceRecorder(() => this.clock.mono(), {
      entriesMax: options.entriesMax,
      isOff: options.isUntraced ?? false,
    })
    this.files = options.from?.files.clone() ?? options.household.newDisk(options.sectorBytes)
    this.records = options.from?.records.clone() ?? new MemoryRecords()
    if (options.isInstant === true) this.disk.pace = 'instant'
    this.network = createNetwork({ clock: this.clock, random: this.random.fork('network') })
    this.store = createSimStore(this.network)
    this.http = createSimHttpCaller(this.clock)
    this.programs = createSimProgramRunner(this.clock)
    this.broker = createSimBroker({ network: this.network, clock: this.clock })
    this.gpio = createSimPanel({ clock: this.clock, random: this.random.fork('gpio') })
    const chance = this.random.fork('camera')
    this.stage = new StageCamera(showOf(options.scene, this.clock, chance), {
      clock: this.clock,
      random: chance,
    })
    if (options.scene.kind === 'none') this.stage.unplug()
    if (options.from !== undefined) this.store.restore(options.from.objects)
    this.evidence = this.#newEvidence()
    if (options.from !== undefined)
      Object.assign(this.evidence, copyOf(options.from.evidence), {
        files: this.files,
        records: this.records,
        objects: this.store.objects,
      })
    this.#listen()
  }

  get now(): number {
    return this.clock.mono()
  }

  doorbell(): Doorbell | undefined {
    return this.#life?.doorbell()
  }

  isPowered(): boolean {
    return this.#isPowered
  }

  powerOn(): void {
    if (this.#isPowered) return
    this.#isPowered = true
    this.trace.add({ kind: 'power', state: 'on' })
    this.#startIn(BOOT_MS)
  }

  /** The plug is pulled. What was not synced survives or not, by chance. */
  powerCut(): void {
    if (!this.#isPowered) return
    this.#isPowered = false
    this.trace.add({ kind: 'power', state: 'cut' })
    this.#killLife('power')
    const survives = this.#survival()
    this.files.cut(survives)
    this.records.cut(survives)
  }

  /** The process hangs until the watchdog ends it; the disk keeps what it was given. */
  freeze(): void {
    if (!this.#isPowered) return
    this.#killLife('killed')
    this.#startIn(WATCHDOG_MS)
  }

  /** An orderly stop and start. */
  async restart(): Promise<void> {
    if (!this.#isPowered) return
    await this.stopLife()
    if (this.#isPowered) this.#startIn(BOOT_MS)
  }

  async stopLife(): Promise<void> {
    const life = this.#life
    this.#starting?.abort()
    if (life === undefined) return
    // From here on it hears nobody any more, however long its goodbye takes.
    const fact = this.evidence.lives.at(-1)
    if (fact !== undefined) fact.toMs ??= this.now
    let isOver = false
    const stopping = life.stop().finally(() => (isOver = true))
    await this.clock.runUntil(() => isOver)
    await stopping
    this.#life = undefined
    this.#endFact('stopped')
    this.trace.add({ kind: 'stopped', why: 'asked to' })
  }

  snapshot(): Snapshot {
    return {
      nowMs: this.now,
      files: this.files.clone(),
      records: this.records.clone(),
      objects: new Map(this.store.objects),
      evidence: copyOf(this.evidence),
    }
  }

  /** For a world that goes on from a snapshot: the power is cut right there. */
  async cutNow(survives: () => boolean): Promise<void> {
    await this.clock.advance((this.#options.from?.nowMs ?? 0) - this.now)
    const fact = this.evidence.lives.at(-1)
    if (fact !== undefined && fact.end === undefined) this.#endFact('power')
    this.files.cut(survives)
    this.records.cut(survives)
  }

  /** Up, nobody there, no clip growing, nothing waiting. */
  isAtRest(): boolean {
    const doorbell = this.doorbell()
    if (doorbell === undefined || !this.#isStorageOpen || !doorbell.isIdle()) return false
    const { uploads, messages, clips } = doorbell.waiting()
    return uploads + messages + clips === 0
  }

  /** In words, for whoever wonders why it is not at rest. */
  whatWaits(): string {
    const doorbell = this.doorbell()
    if (doorbell === undefined) return this.#whyDown()
    if (!this.#isStorageOpen)
      return `the storage is not open: ${doorbell.storageProblem() ?? 'it is still opening'}`
    const { uploads, messages, clips } = doorbell.waiting()
    return `${uploads} uploads, ${messages} messages and ${clips} clips wait, ${doorbell.isIdle() ? 'nobody is there' : 'a visit goes on'}`
  }

  #whyDown(): string {
    if (this.#failedStarts === 0) return 'the doorbell is not up: it is still starting'
    return `the doorbell is not up: it ended ${this.#failedStarts} times, the last time with “${this.#whyItEnded}”`
  }

  deadline(ms: number): MonoMs {
    return monoMs(this.now + ms)
  }

  /** The owner deletes the oldest clip that has ended. On a disk that refuses, that fails in words. */
  async deleteOldest(): Promise<void> {
    try {
      const { clips = [] } = (await this.doorbell()?.clips.list({ limit: 100 })) ?? {}
      const oldest = clips.findLast(({ phase }) => phase !== 'growing')
      const how = oldest === undefined ? 'missing' : await this.doorbell()?.clips.remove(oldest.clip)
      this.tell(`owner deletes a clip: ${how ?? 'the doorbell is not up'}`, 'once')
    } catch (error) {
      if (!isFault(error) || error.kind === 'bug')
        this.evidence.crashes.push({ atMs: this.now, message: messageOf(error) })
      this.tell(`owner could not delete a clip: ${messageOf(error)}`, 'once')
    }
  }

  /** The index is found damaged, or not at all, at the next start. */
  spoilIndex(state: 'corrupt' | 'gone'): void {
    this.evidence.excuses.spoiltIndex = true
    if (state === 'gone') this.records.putAside()
    else this.records.spoil(new Fault('corrupt', 'open the index: database disk image is malformed'))
  }

  /** Something was changed on purpose. */
  tell(what: string, state: 'begins' | 'ends' | 'once'): void {
    this.trace.add({ kind: 'trouble', what, state })
  }

  /** Fills the disk by something else's doing, or empties it again. */
  fillDisk(isFull: boolean): void {
    this.disk.isFull = isFull
    if (isFull) this.evidence.excuses.fullDisk = true
    this.files.ofBytes = isFull ? this.files.used() : DISK_BYTES
    this.#refuseIndex()
  }

  breakDisk(isBroken: boolean): void {
    this.disk.isBroken = isBroken
    if (isBroken) this.evidence.excuses.brokenDisk = true
    this.#refuseIndex()
  }

  lieAboutSyncs(isLying: boolean): void {
    this.files.isLying = isLying
    this.records.isLying = isLying
    if (!isLying) return
    this.evidence.excuses.lyingDisk = true
    void this.#flushNowAndThen()
  }

  /** What such a disk keeps in its cache gets out after some seconds: that much is lost at most. */
  async #flushNowAndThen(): Promise<void> {
    while (this.files.isLying) {
      await this.clock.sleep(CACHE_MS, forever)
      if (!this.files.isLying) return
      this.files.flush()
      this.records.flush()
    }
  }

  #refuseIndex(): void {
    this.records.refuseWrites(this.disk.indexRefusal())
  }

  #startIn(ms: number): void {
    this.#starting?.abort()
    const starting = new AbortController()
    this.#starting = starting
    void this.clock.sleep(ms, starting).then(
      () => this.#begin(),
      () => {}, // The power went before.
    )
  }

  #begin(): void {
    const { evidence } = this
    const index = evidence.lives.length
    const fact: LifeFact = { boot: index, fromMs: this.now, upMs: undefined, toMs: undefined, end: undefined }
    evidence.lives.push(fact)
    this.#isStorageOpen = false
    const clock = this.clock.openClient((nowMs) => this.wall.at(nowMs))
    this.#life = beginLife({
      clock,
      config: this.#options.config,
      gate: this.#gate,
      portsOf: (gate, log) => this.#portsOf(gate, log, clock),
      onHappening: (happening) => this.#note(happening, index, clock.startedMs),
      onLook: ({ score, moving }) =>
        this.trace.add({ kind: 'score', score: Math.round(score * 1000) / 1000, moving }),
      onLog: (level, event, fields) => this.#noteLog(level, event, fields),
      onUp: () => {
        fact.upMs = this.now
        this.#failedStarts = 0
        this.trace.add({ kind: 'boot', boot: index })
      },
      onOpen: () => (this.#isStorageOpen = true),
      onEnd: (why, { bug }) => this.#lifeEnded(why, bug),
    })
  }

  #portsOf(gate: Gate, log: Log, { clock, startedMs }: ReturnType<SimClock['openClient']>): Ports {
    const disk = createDurableDisk(this.files.openClient(gate), { mark: 'sim' })
    return {
      clock,
      random: this.random.fork(`life ${this.evidence.lives.length}`),
      gpio: this.gpio.openClient(clock),
      audio: this.speaker.openClient(clock),
      camera: this.stage.openClient({ clock, toMono: (worldMs) => monoMs(worldMs - startedMs) }),
      stills: this.stage.show.stills,
      vision: this.vision.port,
      disk,
      records: openRecordsLazily(async () => this.#openIndex(gate)),
      store: this.store.openClient(),
      broker: this.broker.openClient(WILL, clock),
      board: this.board,
      http: this.http,
      programs: this.programs,
      log,
    }
  }

  /** As the real start does: a damaged index is put aside, and an empty one takes its place; a disk that refuses is tried again. */
  #openIndex(gate: Gate): Ports['records'] {
    if (this.disk.isBroken) throw new Fault('corrupt', 'open the index: disk I/O error')
    try {
      return this.records.open(gate)
    } catch (error) {
      this.trace.add({ kind: 'log', level: 'error', event: 'index.put_aside', fields: messageOf(error) })
      this.records.putAside()
      return this.records.open(gate)
    }
  }

  readonly #gate: Gate = async (call) => {
    this.#options.onCall?.(call)
    const refusal = this.disk.refusalOf(call)
    this.#noteCall(call, refusal)
    if (refusal !== undefined) throw refusal
    const costMs = this.disk.costOf(call, () => this.random.uniform())
    if (costMs > 0) await this.clock.sleep(costMs, forever)
  }

  #noteCall({ call, path, bytes }: DiskCall, refusal: Error | undefined): void {
    if (call === 'read' || call === 'readRange' || call === 'list' || call === 'free') return
    this.trace.add({ kind: 'disk', call, path, bytes, outcome: refusal === undefined ? 'ok' : 'EIO' })
  }

  #lifeEnded(why: string, bug: boolean): void {
    this.trace.add({ kind: 'stopped', why })
    if (bug) this.evidence.crashes.push({ atMs: this.now, message: why })
    this.#life = undefined
    this.#whyItEnded = why
    this.#endFact('failed')
    if (this.#isPowered)
      this.#startIn(Math.min(RESTART_MS.most, RESTART_MS.least * 2 ** this.#failedStarts++))
  }

  #killLife(end: 'power' | 'killed'): void {
    this.#starting?.abort()
    this.#life?.kill()
    if (this.#life !== undefined) this.#endFact(end)
    this.#life = undefined
    this.gpio.killClient()
    this.store.killClient()
    this.broker.killClient()
    this.stage.killClient()
  }

  #endFact(end: LifeFact['end']): void {
    const fact = this.evidence.lives.at(-1)
    assert(fact !== undefined, 'a life that ends has begun')
    fact.toMs ??= this.now
    fact.end ??= end
  }

  /** A third of all cuts lose everything, a third nothing, the others anything. */
  #survival(): () => boolean {
    const chance = this.random.uniform()
    if (chance < 1 / 3) return () => false
    if (chance < 2 / 3) return () => true
    return () => this.random.uniform() < 0.5
  }

  #listen(): void {
    this.records.onCommitted = (changes) => noteCommitted(this.evidence, this.now, changes)
    this.gpio.onContact = (isTouched) => this.#noteFinger(isTouched)
    this.gpio.onEdge = ({ line, active }) => this.trace.add({ kind: 'input', line, active })
    this.gpio.onOutput = ({ line, active }) => {
      this.trace.add({ kind: 'output', line, active })
      if (line === 'chime' && active) this.evidence.chimes.push(this.now)
    }
    this.speaker.onPlay = () => {
      this.evidence.sounds.push(this.now)
    }
    this.store.onCall = ({ call, name, bytes, outcome }) =>
      this.trace.add({ kind: 'store', call, name, bytes, outcome })
    this.broker.onPublish = ({ message, outcome }) => {
      this.trace.add({ kind: 'message', topic: message.topic, payload: message.payload, outcome })
      if (idOf(message.payload) !== undefined)
        this.evidence.published.push({ atMs: this.now, payload: message.payload, outcome })
    }
    this.broker.listen(({ topic, payload }) => {
      this.trace.add({ kind: 'told', topic, payload })
      this.evidence.told.push({ atMs: this.now, topic, payload })
    })
  }

  #noteFinger(isTouched: boolean): void {
    const { fingers } = this.evidence
    const last = fingers.at(-1)
    if (isTouched) fingers.push({ downMs: this.now, upMs: Infinity })
    else if (last !== undefined) fingers.splice(-1, 1, { ...last, upMs: this.now })
  }

  #noteLog(level: string, event: string, fields: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(fields)
    if (level !== 'info') this.trace.add({ kind: 'log', level, event, fields: text })
    if (this.evidence.logTexts.length < LOG_TEXTS_MAX) this.evidence.logTexts.push(`${event} ${text}`)
  }

  #note(happening: Happening, life: number, startedMs: number): void {
    const { evidence } = this
    const atMs = this.now
    evidence.happenings.push({ atMs, life, happening })
    this.#noteHeld()
    if (happening.kind === 'press') {
      const pressedAtMs = startedMs + happening.at
      const { at, trusted } = this.wall.at(atMs)
      const wallAt = at - (atMs - pressedAtMs)
      evidence.presses.push({
        id: happening.id,
        visit: happening.visit,
        pressedAtMs,
        acceptedAtMs: atMs,
        closedAtMs: atMs - this.#options.config.lines.pressHoldMs,
        life,
        wallAt,
        wallTrusted: trusted,
        isQuiet: trusted && isQuietAt(this.#options.config, at),
      })
    }
    traceHappening(this.trace, happening, startedMs)
  }

  #noteHeld(): void {
    const doorbell = this.doorbell()
    if (doorbell === undefined) return
    const { presses, excesses } = this.evidence
    const messages = excessesOf(
      { ...doorbell.waiting(), ...doorbell.held() },
      {
        prerollBytesMax: this.#options.config.capture.prerollBytesMax,
        presses: presses.length,
        objects: this.records.count('part'),
        entries: this.records.count('ledger'),
      },
    )
    excesses.push(...messages.map((message) => ({ atMs: this.now, message })))
  }

  #newEvidence(): Evidence {
    return {
      household: this.#options.household,
      lives: [],
      believedOffsMs: [],
      fingers: [],
      presses: [],
      chimes: [],
      sounds: [],
      journalled: new Map(),
      parts: new Map(),
      sealedClips: new Map(),
      deletedClips: new Set(),
      told: [],
      published: [],
      happenings: [],
      excesses: [],
      crashes: [],
      logTexts: [],
      excuses: {
        lyingDisk: false,
        fullDisk: false,
        brokenDisk: false,
        spoiltIndex: false,
        corruptPackets: false,
      },
      unsettled: undefined,
      endMs: 0,
      files: this.files,
      records: this.records,
      objects: this.store.objects,
      hasStore: true,
      hasBroker: true,
    }
  }
}

function showOf(scene: Scene, clock: SimClock, random: Random): Show {
  if (scene.kind !== 'film') return new DrawnShow(random)
  return new FilmShow(scene.film, inRealTime(scene.stills, clock.real, ['jpegOf', 'pictureOf', 'encodeJpeg']))
}

const WILL = { topic: 'lintel/will', payload: 'offline', qos: 1, retain: true } as const
const DISK_BYTES = 8e9
const forever = { signal: new AbortController().signal }

/** Retells what the doorbell said of itself, in world time. */
function traceHappening(trace: TraceRecorder, it: Happening, startedMs: number): void {
  const world = (at: number): number => Math.round((startedMs + at) * 1000) / 1000
  switch (it.kind) {
    case 'motion-began':
    case 'motion-ended':
      trace.add({ kind: 'motion', state: it.kind === 'motion-began' ? 'on' : 'off' })
      return
    case 'press':
      trace.add({ kind: 'press', visit: it.visit, pressedAtMs: world(it.at) })
      return
    case 'visit-began':
      trace.add({ kind: 'visit', state: 'began', visit: it.visit, edgeMs: world(it.from), signs: [it.sign] })
      return
    case 'visit-ended':
      trace.add({ kind: 'visit', state: 'ended', visit: it.visit, edgeMs: world(it.to), signs: it.signs })
      return
    case 'part-stored':
      trace.add({ kind: 'part', clip: it.clip, part: it.part, bytes: it.bytes })
      return
    default:
      traceOther(trace, it, world)
  }
}

type OtherHappening = Exclude<
  Happening,
  { kind: 'motion-began' | 'motion-ended' | 'press' | 'visit-began' | 'visit-ended' | 'part-stored' }
>

function traceOther(trace: TraceRecorder, it: OtherHappening, world: (at: number) => number): void {
  switch (it.kind) {
    case 'clip-began':
      trace.add(clipEntry('began', it.clip, { visit: it.visit, fromMs: world(it.from) }))
      return
    case 'clip-sealed': {
      const { parts, bytes, ended, from, to, visit } = it
      const detail = { visit, parts, bytes, ended, fromMs: world(from), toMs: world(to) }
      trace.add(clipEntry('sealed', it.clip, detail))
      return
    }
    case 'clip-recovered':
      trace.add(clipEntry('recovered', it.clip, { visit: it.visit, parts: it.parts, bytes: it.bytes }))
      return
    case 'clip-uploaded':
      trace.add(clipEntry('uploaded', it.clip, {}))
      return
    case 'clip-expired':
      trace.add(clipEntry('expired', it.clip, { why: it.why, uploaded: it.uploaded }))
      return
    case 'clip-gap':
      trace.add(clipEntry('gap', it.clip, { ms: it.ms }))
      return
    case 'object-lost':
      trace.add(clipEntry('lost', it.clip, { file: it.file }))
      return
    case 'alarm':
      trace.add({ kind: 'alarm', what: `${it.what} ${it.state}` })
      return
    case 'notice':
    case 'line-free':
      trace.add({ kind: 'log', level: 'info', event: it.kind, fields: 'what' in it ? it.what : it.line })
      return
    default:
      trace.add({ kind: 'log', level: 'warn', event: it.kind, fields: '' })
  }
}

const clipEntry = (
  state: Extract<TraceEvent, { kind: 'clip' }>['state'],
  clip: string,
  detail: Readonly<Record<string, string | number | boolean>>,
): TraceEvent => ({ kind: 'clip', state, clip, detail })
