/**
 * What contract suites use of vitest, on Node's own runner: a board has no vitest, and starting one there would take minutes. The board's
 * disk has this as its package `vitest`.
 */
import assert from 'node:assert/strict'
export { afterEach, beforeEach, describe, it } from 'node:test'

type Matchers = Readonly<Record<string, (wanted?: unknown, digits?: number) => void>>

const numberOf = (value: unknown): number => {
  assert.equal(typeof value, 'number', `wanted a number, got ${String(value)}`)
  return Number(value)
}

/** Node's comparison wants the same class; an error that is wanted is described by its members. */
const membersOf = (got: unknown): unknown =>
  got instanceof Error ? { ...got, name: got.name, message: got.message } : got

export function expect(got: unknown): Matchers {
  const compare = (isRight: (a: number, b: number) => boolean, words: string) => (wanted?: unknown) => {
    assert.ok(
      isRight(numberOf(got), numberOf(wanted)),
      `wanted ${words} ${String(wanted)}, got ${String(got)}`,
    )
  }
  return {
    toBe: (wanted) => assert.ok(Object.is(got, wanted), `wanted ${String(wanted)}, got ${String(got)}`),
    toEqual: (wanted) => assert.deepEqual(got, wanted),
    toMatchObject: (wanted) => assert.partialDeepStrictEqual(membersOf(got), wanted),
    toContain: (wanted) =>
      assert.ok((got as readonly unknown[]).includes(wanted), `wanted ${String(wanted)} in ${String(got)}`), // Lists and texts have it.
    toBeGreaterThan: compare((a, b) => a > b, 'more than'),
    toBeGreaterThanOrEqual: compare((a, b) => a >= b, 'at least'),
    toBeLessThan: compare((a, b) => a < b, 'less than'),
    toBeLessThanOrEqual: compare((a, b) => a <= b, 'at most'),
    toBeCloseTo: (wanted, digits = 2) =>
      assert.ok(
        Math.abs(numberOf(got) - numberOf(wanted)) < 10 ** -digits / 2,
        `wanted about ${String(wanted)}, got ${String(got)}`,
      ),
  }
}
