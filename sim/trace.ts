/** What happened in a world, entry by entry. Times are milliseconds of the world's clock, which no power cut sets back. */
import type { InputLine, OutputLine } from '../src/ports/gpio.ts'
import type { Area } from '../src/ports/vision.ts'

export type TraceEntry = { readonly atMs: number } & TraceEvent

export type TraceEvent =
  | { readonly kind: 'power'; readonly state: 'cut' | 'on' }
  /** The doorbell is up. `boot` counts from 0. */
  | { readonly kind: 'boot'; readonly boot: number }
  /** It ended by itself or was stopped in an orderly way. */
  | { readonly kind: 'stopped'; readonly why: string }
  | { readonly kind: 'input'; readonly line: InputLine; readonly active: boolean }
  | { readonly kind: 'output'; readonly line: OutputLine; readonly active: boolean }
  /** The world was changed on purpose: `network down`, `disk full`. `begins`: until something else ends it. */
  | { readonly kind: 'trouble'; readonly what: string; readonly state: 'begins' | 'ends' | 'once' }
  | { readonly kind: 'motion'; readonly state: 'on' | 'off' }
  | { readonly kind: 'press'; readonly visit: string; readonly pressedAtMs: number }
  | {
      readonly kind: 'visit'
      readonly state: 'began' | 'ended'
      readonly visit: string
      readonly edgeMs: number
      readonly signs: readonly string[]
    }
  | {
      readonly kind: 'clip'
      readonly state: 'began' | 'sealed' | 'recovered' | 'uploaded' | 'expired' | 'gap' | 'lost'
      readonly clip: string
      readonly detail: Readonly<Record<string, string | number | boolean>>
    }
  | { readonly kind: 'part'; readonly clip: string; readonly part: number; readonly bytes: number }
  /** A call to the store and what came of it: `stored`, `already-there`, or the kind of fault. */
  | {
      readonly kind: 'store'
      readonly call: string
      readonly name: string
      readonly bytes: number
      readonly outcome: string
    }
  /** What the doorbell told the broker, and what came of it: `acknowledged`, or the kind of fault. */
  | { readonly kind: 'message'; readonly topic: string; readonly payload: string; readonly outcome: string }
  /** The household's phone rang, or a message of another kind came through to it. */
  | { readonly kind: 'told'; readonly topic: string; readonly payload: string }
  /** A call that changes the disk or the index, and what came of it: `ok` or the kind of fault. */
  | {
      readonly kind: 'disk'
      readonly call: string
      readonly path: string
      readonly bytes: number
      readonly outcome: string
    }
  | { readonly kind: 'alarm'; readonly what: string }
  | { readonly kind: 'log'; readonly level: string; readonly event: string; readonly fields: string }
  /** Motion score of one picture, 0 to 1. */
  | { readonly kind: 'score'; readonly score: number; readonly moving: boolean }
  | { readonly kind: 'violation'; readonly checker: string; readonly message: string }

export type Violation = {
  readonly checker: string
  /** What the checker stands for, in a sentence. */
  readonly promise?: string
  readonly atMs: number
  readonly message: string
}

/** Whether an expectation of the story came true, and if not, when that was certain. */
export type Verdict = {
  /** The line of the story's file. */
  readonly line: number
  readonly text: string
  readonly holds: boolean
  readonly atMs: number | undefined
  /** What was wanted and what came; empty when it holds. */
  readonly why: string
}

/** One finger on the button, and what became of it. */
export type PressFact = {
  readonly pressedAtMs: number
  /** The visit it belongs to. */
  readonly visit?: string
  /** The chime rang for it. */
  readonly chimedAtMs: number | undefined
  /** It stood in the outbox, for good. */
  readonly acknowledgedAtMs: number | undefined
  /** The household heard of it for the first time. */
  readonly notifiedAtMs: number | undefined
}

export type VisitFact = {
  readonly id: string
  readonly fromMs: number
  readonly toMs: number | undefined
  readonly signs: readonly string[]
  readonly labels?: readonly LabelFact[]
}

export type LabelFact = {
  readonly label: string
  readonly score: number
  readonly atMs: number
  readonly box: Area
  readonly zones: readonly string[]
}

export type ClipFact = {
  readonly id: string
  readonly visit: string
  /** When the light of the first and the last picture hit the sensor. */
  readonly fromMs: number
  readonly toMs: number | undefined
  readonly parts: number
  readonly bytes: number
  /** As the owner reads it in the clip's meta: it ended, and no part is missing. */
  readonly complete: boolean
  readonly ended: string | undefined
  readonly sealedAtMs: number | undefined
  readonly uploadedAtMs: number | undefined
  readonly expired: boolean
}

/** All that is known of a story when it is over. */
export type StoryOutcome = {
  readonly title: string
  readonly seed: number
  /** Hexadecimal SHA-256 of the trace. */
  readonly hash: string
  readonly endMs: number
  /** How often the doorbell began to start. */
  readonly boots: number
  /** Parts that were acknowledged. */
  readonly parts?: number
  readonly entries: readonly TraceEntry[]
  readonly presses: readonly PressFact[]
  readonly visits: readonly VisitFact[]
  readonly clips: readonly ClipFact[]
  readonly verdicts: readonly Verdict[]
  readonly violations: readonly Violation[]
}
