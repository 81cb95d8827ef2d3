/** 24 recovery words (BIP 39, English): another spelling of the 32 bytes of the household's key. As `src/owner/words.ts`, in the browser. */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { Fault } from '../../../base/fault.ts'
import { nearestName } from '../../../base/nearest.ts'

export const WORDS = 24

export const wordsOf = (secret: Uint8Array): readonly string[] =>
  entropyToMnemonic(secret, wordlist).split(' ')

/** Takes what people type: any case, line breaks, numbers before words. */
export function secretOf(typed: string): Uint8Array {
  const words = typed
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  words.forEach(checkWord)
  if (words.length !== WORDS)
    throw new Fault('invalid', `There are ${WORDS} words; you have typed ${words.length}.`)
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch (cause) {
    throw new Fault(
      'invalid',
      'Every word is known, but together they do not fit: two may be swapped, or one misread.',
      { cause },
    )
  }
}

function checkWord(word: string, index: number): void {
  if (wordlist.includes(word)) return
  const near = nearestName(word, wordlist)
  throw new Fault(
    'invalid',
    `Word ${index + 1}, “${word}”, is not in the list.${near === undefined ? '' : ` Did you mean “${near}”?`}`,
  )
}
