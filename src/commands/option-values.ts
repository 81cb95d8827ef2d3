import { InvalidArgumentError } from 'commander'

/** A parser for commander: a whole number in a range, or a sentence about what was wanted. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`wanted a whole number from ${least} to ${most}, got “${text}”`)
    return value
  }

/** For an option that may be given often. */
export const repeated = (text: string, before: readonly string[]): readonly string[] => [...before, text]
