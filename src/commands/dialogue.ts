import { createInterface } from 'node:readline'

/** Questions and answers, a line each: on a terminal, or from a pipe. */
export interface Dialogue extends Disposable {
  say(text: string): void
  /** The answer; `fallback` for an empty one, and when nobody answers any more. */
  ask(question: string, fallback: string): Promise<string>
}

/** With `assumed` nobody is asked: every answer is its fallback. */
export function openDialogue({ assumed }: { readonly assumed: boolean }): Dialogue {
  const reader = assumed ? undefined : createInterface({ input: process.stdin, terminal: false })
  const lines = reader?.[Symbol.asyncIterator]()
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  return {
    say,
    async ask(question, fallback) {
      process.stdout.write(`${question} [${fallback}] `)
      const answer = await lines?.next()
      const typed = answer === undefined || answer.done === true ? '' : answer.value.trim()
      if (process.stdin.isTTY !== true || assumed) say(typed === '' ? fallback : typed) // Who reads the log sees what was answered.
      return typed === '' ? fallback : typed
    },
    [Symbol.dispose]: () => reader?.close(),
  }
}

/** A yes or a no; anything else is asked again. */
export async function askYesNo(
  dialogue: Dialogue,
  question: string,
  fallback: 'yes' | 'no' = 'yes',
): Promise<boolean> {
  for (;;) {
    const answer = (await dialogue.ask(question, fallback)).toLowerCase()
    if (['y', 'yes'].includes(answer)) return true
    if (['n', 'no'].includes(answer)) return false
    dialogue.say('  Please type yes or no.')
  }
}
