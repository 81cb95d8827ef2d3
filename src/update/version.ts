/** Versions as https://semver.org/spec/v2.0.0.html orders them, build metadata left out. */
import { Fault } from '../base/fault.ts'

const VERSION = /^(0|[1-9]\d{0,8})[.](0|[1-9]\d{0,8})[.](0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]{1,64}))?$/

/** Throws `Fault('invalid')`. */
export function checkVersion(text: string): string {
  if (VERSION.test(text)) return text
  throw new Fault('invalid', `version: wanted three numbers such as 1.4.0, got “${text.slice(0, 80)}”`)
}

/** Below zero: `one` is older. Both must have been checked. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)]
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (a.before.length === 0 || b.before.length === 0) return b.before.length - a.before.length // A release is newer.
  return compareIdentifiers(a.before, b.before)
}

type Parts = { readonly numbers: readonly number[]; readonly before: readonly string[] }

function partsOf(version: string): Parts {
  const [, major, minor, patch, before] = VERSION.exec(version) ?? []
  return { numbers: [Number(major), Number(minor), Number(patch)], before: before?.split('.') ?? [] }
}

function compareIdentifiers(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [a, b] = [one[at], other[at]]
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1
    if (a === b) continue
    const [isNumber, otherIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
    if (isNumber && otherIsNumber) return Number(a) - Number(b)
    if (isNumber !== otherIsNumber) return isNumber ? -1 : 1
    return a < b ? -1 : 1
  }
  return 0
}
