/** Checks of what is read, strict: a member that is not understood cannot be vouched for. As zod does on the device, in a tenth of its size. */
import { Fault, messageOf } from '../../../base/fault.ts'

/** Throws a sentence that says what was wanted; gives the value as its type. */
export type Shape<T> = (value: unknown, where: string) => T
export type Shaped<S> = S extends Shape<infer T> ? T : never

const wanted = (where: string, what: string): Error => new Error(`${where || 'document'}: wanted ${what}`)

export const text =
  (pattern = /^/, what = 'text'): Shape<string> =>
  (value, where) => {
    if (typeof value === 'string' && pattern.test(value)) return value
    throw wanted(where, what)
  }

export const number =
  (what = 'a number', test: (n: number) => boolean = Number.isFinite): Shape<number> =>
  (value, where) => {
    if (typeof value === 'number' && test(value)) return value
    throw wanted(where, what)
  }

export const whole = number('a whole number', Number.isSafeInteger)
export const count = number('a whole number from 0', (n) => Number.isSafeInteger(n) && n >= 0)

export const yesNo: Shape<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value
  throw wanted(where, 'true or false')
}

export const oneOf =
  <const T extends string>(...words: readonly T[]): Shape<T> =>
  (value, where) => {
    const found = words.find((word) => word === value)
    if (found !== undefined) return found
    throw wanted(where, words.join(', '))
  }

export const nullOr =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, where) =>
    value === null ? null : shape(value, where)

export const list =
  <T>(item: Shape<T>, { least = 0, most = 100_000 } = {}): Shape<readonly T[]> =>
  (value, where) => {
    if (!Array.isArray(value) || value.length < least || value.length > most)
      throw wanted(where, `a list of ${least} to ${most}`)
    return value.map((each, index) => item(each, `${where}.${index}`))
  }

type Members = Readonly<Record<string, Shape<unknown>>>
type Whole<R extends Members, O extends Members> = { readonly [K in keyof R]: Shaped<R[K]> } & {
  readonly [K in keyof O]?: Shaped<O[K]>
}

export const members =
  <R extends Members, O extends Members = Record<never, never>>(
    required: R,
    optional?: O,
  ): Shape<Whole<R, O>> =>
  (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wanted(where, 'members')
    const given = Object.entries(value)
    const shapes: Members = { ...optional, ...required }
    const unknown = given.find(([name]) => !Object.hasOwn(shapes, name))
    if (unknown !== undefined) throw new Error(`${where || 'document'}: “${unknown[0]}” is not known`)
    const missing = Object.keys(required).find((name) => !Object.hasOwn(value, name))
    if (missing !== undefined) throw wanted(`${where}.${missing}`, 'something')
    const read = given.map(([name, each]) => [name, shapes[name]?.(each, `${where}.${name}`)] as const)
    return Object.fromEntries(read) as Whole<R, O> // Each member has just passed its own shape.
  }

/** Throws `Fault('corrupt')`; `what` names the document in the message. */
export function parse<T>(what: string, shape: Shape<T>, json: string): T {
  try {
    return shape(JSON.parse(json), '')
  } catch (cause) {
    throw new Fault('corrupt', `${what}: ${messageOf(cause).replace(/^[.]/, '')}`, { cause })
  }
}
