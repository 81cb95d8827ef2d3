import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { Fault } from '../base/fault.ts'
import { nearestName } from '../base/nearest.ts'
import { secretBytes, secretFromBytes } from './identity.ts'

const WORDS = 24
const COLUMNS = 4

/** The secret key as 24 words of BIP 39's English list; the last one carries a checksum. */
export const wordsOfSecret = (secret: string): readonly string[] =>
  entropyToMnemonic(secretBytes(secret), wordlist).split(' ')

/** Accepts what people write down: any case, line breaks, numbers before words, lines beginning with `#`. */
export function secretOfWords(text: string): string {
  const words = wordsIn(text)
  words.forEach(checkWord)
  if (words.length !== WORDS)
    throw new Fault('invalid', `the recovery kit has ${WORDS} words, got ${words.length}`)
  try {
    return secretFromBytes(mnemonicToEntropy(words.join(' '), wordlist))
  } catch (cause) {
    throw new Fault(
      'invalid',
      'every word is known, but together they do not fit: two may be swapped or one misread',
      {
        cause,
      },
    )
  }
}

/** The sheet to print or copy by hand. */
export function recoveryKit(secret: string, recipient: string): string {
  const words = wordsOfSecret(secret)
  const rows = Array.from({ length: WORDS / COLUMNS }, (_, row) =>
    words
      .slice(row * COLUMNS, (row + 1) * COLUMNS)
      .map((word, column) => `${String(row * COLUMNS + column + 1).padStart(2)} ${word.padEnd(10)}`)
      .join(' ')
      .trimEnd(),
  )
  return [
    '# Lintel recovery kit. Whoever has these words can watch every recording: keep them on paper.',
    `# They rebuild the key ${recipient}`,
    '# with: lintel owner recover --words-file FILE --owner FILE',
    ...rows,
    '',
  ].join('\n')
}

const wordsIn = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .filter((line) => !line.trim().startsWith('#'))
    .join(' ')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')

function checkWord(word: string, index: number): void {
  if (wordlist.includes(word)) return
  const near = nearestName(word, wordlist)
  throw new Fault(
    'invalid',
    `word ${index + 1}, “${word}”, is not in the list${near === undefined ? '' : ` (did you mean “${near}”?)`}`,
  )
}
