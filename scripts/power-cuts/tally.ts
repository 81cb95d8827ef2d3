/** What was tried and what came of it. */
import type { DiskLife } from './disk-life.ts'
import type { CutKind } from './image.ts'
import type { Refusal } from './tracer.ts'

type Counts = ReturnType<DiskLife['witness']['counts']>

const PROBLEMS_SHOWN = 20

export class Tally {
  hasFailed = false
  #cuts = 0
  readonly #kinds: Record<CutKind, number> = { 'journal-lost': 0, 'journal-written': 0, 'all-written': 0 }
  #acknowledged: Counts = { parts: 0, clips: 0, presses: 0 }
  #lost = 0
  #samples = 0
  #refused = 0
  #missed = 0
  #unstarted = 0
  readonly #calls = new Map<string, number>()
  readonly #startedAt = performance.now()

  cut(kind: CutKind): void {
    this.#cuts++
    this.#kinds[kind]++
  }

  refusal({ call, errno }: Refusal, { refused, isStarted }: { refused: number; isStarted: boolean }): void {
    if (refused === 0) {
      this.#missed++
      return
    }
    this.#samples++
    this.#refused += refused
    if (!isStarted) this.#unstarted++
    const name = `${call} ${errno}`
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1)
  }

  count({ parts, clips, presses }: Counts): void {
    const sum = this.#acknowledged
    this.#acknowledged = {
      parts: sum.parts + parts,
      clips: sum.clips + clips,
      presses: sum.presses + presses,
    }
  }

  /** Says what is wrong, if anything, and where the evidence is. */
  async failed(life: DiskLife, when: string): Promise<boolean> {
    if (life.problems.length === 0) return false
    this.hasFailed = true
    this.#lost += life.problems.length
    this.count(life.witness.counts())
    console.error(`power-cut: ${when}: ${life.problems.length} wrong`)
    for (const problem of life.problems.slice(0, PROBLEMS_SHOWN)) console.error(`  ${problem}`)
    console.error(`  the disk as it was then, and what was told: ${await life.keepEvidence()}`)
    return true
  }

  sayCuts(): string {
    const kinds = Object.entries(this.#kinds).map(([kind, count]) => `${count} ${kind.replace('-', ' ')}`)
    return `${this.#cuts} cuts (${kinds.join(', ')}): ${this.#sayAcknowledged()}`
  }

  sayRefusals(): string {
    const calls = [...this.#calls].map(([call, count]) => `${count} × ${call}`)
    const counts = `${this.#refused} calls refused, ${this.#unstarted} starts among them, ${this.#missed} more lives over before their call`
    return [
      `refused: ${calls.join(', ')}`,
      `${this.#samples} disks that refuse (${counts}): ${this.#sayAcknowledged()}`,
    ].join('\n')
  }

  #sayAcknowledged(): string {
    const { parts, presses, clips } = this.#acknowledged
    const seconds = (performance.now() - this.#startedAt) / 1000
    return `${parts} parts, ${presses} presses and ${clips} clips acknowledged, ${this.#lost} lost, in ${seconds.toFixed(0)} s`
  }
}
