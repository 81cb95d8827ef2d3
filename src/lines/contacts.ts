import { laterBy, type MonoMs } from '../base/time.ts'
import type { Edge, InputLine } from '../ports/gpio.ts'
import {
  buttonDeadline,
  openButton,
  stepButton,
  type ButtonEffect,
  type ButtonEvent,
  type ButtonRules,
  type ButtonState,
} from './button.ts'
import {
  pirDeadline,
  quietPir,
  stepPir,
  type PirEffect,
  type PirEvent,
  type PirRules,
  type PirState,
} from './pir.ts'
import { TRACE_AROUND_MS } from './trace.ts'

export type LineRules = ButtonRules &
  PirRules & {
    /** The recessed button has to be held for so long: nobody does that by accident. */
    readonly resetHoldMs: number
  }

export type LineSign =
  | { readonly kind: 'press'; readonly at: MonoMs }
  | { readonly kind: 'pir'; readonly active: boolean; readonly at: MonoMs }
  /** Somebody held the recessed button long enough to mean it. */
  | { readonly kind: 'reset'; readonly at: MonoMs }
  /** All edges of the half second after a press are known now. */
  | { readonly kind: 'traced'; readonly at: MonoMs }
  | { readonly kind: 'line-stuck' | 'line-free'; readonly line: InputLine; readonly at: MonoMs }

/** All contacts together: what an edge, or time alone, says of them. Does no I/O and asks no clock. */
export class Contacts {
  readonly #rules: LineRules
  readonly #resetRules: ButtonRules
  /** The PIR says nothing that counts before that: it is still warming up. */
  readonly #warmAt: MonoMs
  #button: ButtonState = openButton
  #reset: ButtonState = openButton
  #pir: PirState = quietPir
  #tracedAt: MonoMs | undefined

  constructor(rules: LineRules, warmAt: MonoMs) {
    this.#rules = rules
    this.#resetRules = {
      ...rules,
      pressHoldMs: rules.resetHoldMs,
      stuckMs: rules.resetHoldMs + rules.stuckMs,
    }
    this.#warmAt = warmAt
  }

  edge({ line, active, at, found }: Edge): readonly LineSign[] {
    switch (line) {
      case 'button':
        return this.#stepButton({ kind: 'edge', active, at, found })
      case 'reset':
        return this.#stepReset({ kind: 'edge', active, at, found })
      case 'pir':
        return at < this.#warmAt ? [] : this.#stepPir({ kind: 'edge', active, at })
    }
  }

  tick(at: MonoMs): readonly LineSign[] {
    const event = { kind: 'tick', at } as const
    return [...this.#stepButton(event), ...this.#stepReset(event), ...this.#stepPir(event)]
  }

  /** When time alone changes something next; undefined when it never does. */
  deadline(): MonoMs | undefined {
    return [
      buttonDeadline(this.#button, this.#rules),
      buttonDeadline(this.#reset, this.#resetRules),
      pirDeadline(this.#pir, this.#rules),
      this.#tracedAt,
    ].reduce((a, b) => (a === undefined || b === undefined ? (a ?? b) : a < b ? a : b))
  }

  #stepButton(event: ButtonEvent): readonly LineSign[] {
    const { state, effects } = stepButton(this.#button, event, this.#rules)
    this.#button = state
    const traced = this.#tracedBy(event.at)
    for (const { do: what, at } of effects)
      if (what === 'press') this.#tracedAt = laterBy(at, TRACE_AROUND_MS)
    return [...traced, ...effects.map((effect) => signOfButton('button', effect))]
  }

  #tracedBy(now: MonoMs): readonly LineSign[] {
    const at = this.#tracedAt
    if (at === undefined || now < at) return []
    this.#tracedAt = undefined
    return [{ kind: 'traced', at }]
  }

  #stepReset(event: ButtonEvent): readonly LineSign[] {
    const { state, effects } = stepButton(this.#reset, event, this.#resetRules)
    this.#reset = state
    return effects.map((effect) => signOfButton('reset', effect))
  }

  #stepPir(event: PirEvent): readonly LineSign[] {
    const { state, effects } = stepPir(this.#pir, event, this.#rules)
    this.#pir = state
    return effects.map(signOfPir)
  }
}

function signOfButton(line: 'button' | 'reset', { do: what, at }: ButtonEffect): LineSign {
  if (what === 'press') return { kind: line === 'button' ? 'press' : 'reset', at }
  return { kind: what === 'tell-stuck' ? 'line-stuck' : 'line-free', line, at }
}

function signOfPir({ do: what, at }: PirEffect): LineSign {
  if (what === 'active' || what === 'inactive') return { kind: 'pir', active: what === 'active', at }
  return { kind: what === 'tell-stuck' ? 'line-stuck' : 'line-free', line: 'pir', at }
}
