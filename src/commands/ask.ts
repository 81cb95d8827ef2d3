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

function typedLine(input: NodeJS.ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: string[] = []
    const finish = (outcome: () => void): void => {
      input.off('data', take)
      outcome()
    }
    const take = (text: string): void => {
      for (const [i, letter] of [...text].entries()) {
        if (ENTER.test(letter)) {
          finish(() => resolve(typed.join('')))
          const rest = [...text].slice(i + 1).join('')
          if (rest !== '') input.unshift(rest, 'utf8') // Pasted: the next question's answer came along.
          return
        }
        if (letter === CTRL_C || letter === CTRL_D)
          return finish(() => reject(new Fault('aborted', 'nothing was typed')))
        if (RUB_OUT.test(letter)) typed.pop()
        else typed.push(letter)
      }
    }
    input.on('data', take)
    input.resume()
  })
}
