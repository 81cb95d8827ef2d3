/** One disk through many lives and cuts, and what was acknowledged on it. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openNodeDisk } from '../../src/drivers/node-disk.ts'
import { enrolOwner, formatIdentity, makeSecret } from '../../src/owner/index.ts'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { Image, type CutKind, type DataMode } from './image.ts'
import type { Recorder } from './recorder.ts'
import { Witness } from './witness.ts'
import type { Found, Report } from './wire.ts'

const EVENTS_KEPT = 3000

export type LifeRules = {
  /** The disk does what it is told: whatever fails is a mistake of ours. */
  readonly healthy: boolean
  /** How long those outside take for their `n`-th answer, in milliseconds. */
  readonly answerMs?: (n: number) => number
}

export class DiskLife implements AsyncDisposable {
  readonly image: Image
  readonly witness = new Witness()
  /** What is wrong. Empty: nothing acknowledged was lost so far. */
  readonly problems: string[] = []
  #events: string[] = []
  #answers = 0
  #lastWords: () => string = () => ''

  private constructor(image: Image) {
    this.image = image
  }

  /** A new disk with a data folder that has an owner; mounted. */
  static async begin(data: DataMode): Promise<DiskLife> {
    const image = await Image.make()
    await image.mount(data)
    await mkdir(image.root)
    const disk = await openNodeDisk(image.root)
    const identityText = await formatIdentity(await makeSecret(), '2026-01-01T00:00:00Z')
    await enrolOwner({ disk, identityText, name: 'Household' })
    await disk.syncFolder('')
    await image.unmount() // The folder itself is durable.
    await image.mount(data)
    return new DiskLife(image)
  }

  /** From now on listens to this process, and answers for the cloud. */
  listenTo(recorder: Recorder, rules: LifeRules, onReport: (report: Report) => void = () => {}): void {
    this.#lastWords = () => recorder.lastWords
    recorder.onReport = (report) => {
      this.#note(report)
      this.#serve(recorder, report, rules)
      this.#judge(report, rules)
      onReport(report)
    }
  }

  /**
   * Cuts the power under a running process and turns it on again. The process is stopped first: an fsync that is under way
   * while the file system is shut down may come back without an error although nothing was written, so the process could
   * acknowledge what no power cut would have let it acknowledge.
   */
  async cut(
    recorder: Recorder,
    { kind, next }: { readonly kind: CutKind; readonly next: DataMode },
  ): Promise<void> {
    await recorder.freeze()
    await this.image.cut(kind)
    recorder.kill()
    await recorder.ended()
    await this.image.unmount()
    await this.image.keepCopy()
    await this.image.mount(next)
    this.#note({ cut: kind, next })
  }

  /** Lets everything that waits be told and uploaded, without a new visit, and holds the outcome against what was acknowledged. */
  async settle(recorder: Recorder, seed: number): Promise<void> {
    let last: Found | undefined
    this.listenTo(recorder, { healthy: true }, (report) => {
      if (report.tell === 'found') last = report.found
    })
    const { root, scratch } = this.image
    recorder.live({ root, scratch, seed, pressesAtMs: [], until: 'all-told', look: true, thenClose: true })
    const end = await recorder.until('closed', 'crashed', 'start-refused')
    if (end?.tell !== 'closed') this.problems.push('a start on a healthy disk did not come to its end')
    else if (last !== undefined) this.problems.push(...this.witness.judgeSettled(last))
  }

  /** Leaves the image as it was at the last cut, and what was told before and after, in `folder`. */
  async keepEvidence(): Promise<string> {
    const { folder } = this.image
    await writeFile(path.join(folder, 'events.jsonl'), `${this.#events.join('\n')}\n`)
    await writeFile(
      path.join(folder, 'problems.txt'),
      `${this.problems.join('\n')}\n\n${this.#lastWords()}\n`,
    )
    this.image.takeDown()
    return folder
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.image[Symbol.asyncDispose]()
  }

  #note(event: unknown): void {
    this.#events.push(JSON.stringify(event))
    if (this.#events.length > 2 * EVENTS_KEPT) this.#events = this.#events.slice(-EVENTS_KEPT)
  }

  #judge(report: Report, { healthy }: LifeRules): void {
    if (report.tell === 'found') this.problems.push(...this.witness.judgeFound(report.found))
    if (report.tell === 'recovered')
      this.problems.push(...this.witness.judgeRecovered(report.found, { healthy }))
    if (report.tell === 'crashed') this.problems.push(`a loop of the runtime crashed: ${report.problem}`)
    if (report.tell === 'start-refused' && healthy)
      this.problems.push(`the start was refused: ${report.problem}`)
    if (report.tell === 'write-refused' && healthy)
      this.problems.push(`a write was refused: ${report.problem}`)
  }

  #answerTo(report: Report): Answer | undefined {
    switch (report.tell) {
      case 'put': {
        const isThere = this.witness.stored(report.name) !== undefined
        return { call: report.call, value: report.ifAbsent && isThere ? 'already-there' : 'stored' }
      }
      case 'head':
        return { call: report.call, value: this.witness.stored(report.name) ?? null }
      case 'remove':
      case 'publish':
        return { call: report.call, value: null }
      default:
        return undefined
    }
  }

  /** Of requests that take their time, every other one is still on its way when it is answered, and lost with the power. */
  #serve(recorder: Recorder, report: Report, { answerMs }: LifeRules): void {
    const answer = this.#answerTo(report)
    const n = answer === undefined ? 0 : this.#answers++
    const ms = answer === undefined ? 0 : (answerMs?.(n) ?? 0)
    const arrivesAtOnce = ms === 0 || n % 2 === 0
    if (arrivesAtOnce) this.witness.hear(report)
    if (answer === undefined) return
    const order = { do: 'answer', ...answer } as const
    if (ms === 0) recorder.send(order)
    else {
      void sleepFor(ms).then(() => {
        if (recorder.isKilled) return
        if (!arrivesAtOnce) this.witness.hear(report)
        recorder.send(order)
      })
    }
  }
}

type Answer = { readonly call: number; readonly value: unknown }
