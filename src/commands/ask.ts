import { Fault } from '../base/fault.ts'

/** Whether somebody sits there who can be asked. */
export const isInteractive = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true

const ENTER = /[\r\n]/
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const RUB_OUT = /^[\u0008\u007f]$/

/** Asks on the terminal without showing what is typed. */
export async function askSecret(question: string): Promise<string> {
  process.stderr.write(question)
  process.stdin.setRawMode(true)
  process.stdin.setEncoding('utf8')
  try {
    return await typedLine(process.stdin)
  } finally {
    process.stdin.setRawMode(false)
    process.stdin.pause()
    process.stderr.write('\n')
  }
}

/** Asks twice for a passphrase to be set; undefined when the answer is empty. */
export async function askNewPassphrase(): Promise<string | undefined> {
  const first = await askSecret('Passphrase for the key (empty for none): ')
  if (first === '') return undefined
  const second = await askSecret('The same again: ')
  if (first !== second) throw new Fault('invalid', 'the two passphrases differ; nothing was made')
  return first
}

/** What was pasted behind the last answer: the answer to the next question. */
let pasted = ''

function typedLine(input: NodeJS.ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const finish = (outcome: () => void): void => {
      input.off('data', take).off('end', giveUp)
      outcome()
    }
    const giveUp = (): void => finish(() => reject(new Fault('aborted', 'nothing was typed')))
    const take = (text: string): void => {
      const letters = [...text]
      for (const [i, letter] of letters.entries()) {
        if (letter === CTRL_C || letter === CTRL_D) return giveUp()
        if (ENTER.test(letter)) {
          pasted = letters.slice(i + 1).join('')
          return finish(() => resolve(typed))
        }
        typed = RUB_OUT.test(letter) ? [...typed].slice(0, -1).join('') : typed + letter
      }
    }
    input.on('data', take).on('end', giveUp)
    const waiting = pasted
    pasted = ''
    take(waiting)
    input.resume()
  })
}
