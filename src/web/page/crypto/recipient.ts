/** `age1…`: an X25519 public key in Bech32 (BIP 173), the same text as `src/formats/x25519.ts` writes and reads. */
import { Fault } from '../../../base/fault.ts'

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const PREFIX = 'age'
const KEY_BYTES = 32
const CHECK_LETTERS = 6

export function formatRecipient(publicKey: Uint8Array): string {
  const fives = regroup([...publicKey], { from: 8, to: 5, pad: true })
  return `${PREFIX}1${[...fives, ...checksum(fives)].map((five) => LETTERS.charAt(five)).join('')}`
}

export function parseRecipient(text: string): Uint8Array {
  const bytes = /^age1[0-9a-z]{58}$/.test(text) ? decode(text.slice(PREFIX.length + 1)) : undefined
  if (bytes?.length === KEY_BYTES) return bytes
  throw new Fault('invalid', `“${text.slice(0, 80)}”: wanted a recipient age1… of 62 characters`)
}

function decode(letters: string): Uint8Array | undefined {
  const fives = [...letters].map((letter) => LETTERS.indexOf(letter))
  if (fives.includes(-1)) return undefined
  const body = fives.slice(0, -CHECK_LETTERS)
  if (checksum(body).join() !== fives.slice(-CHECK_LETTERS).join()) return undefined
  const bytes = Uint8Array.from(regroup(body, { from: 5, to: 8, pad: false }))
  return formatRecipient(bytes).endsWith(letters) ? bytes : undefined
}

function regroup(
  values: readonly number[],
  { from, to, pad }: { readonly from: number; readonly to: number; readonly pad: boolean },
): readonly number[] {
  const groups: number[] = []
  let [held, bits] = [0, 0]
  for (const value of values) {
    held = ((held << from) | value) & 0xfff
    for (bits += from; bits >= to;) {
      bits -= to
      groups.push((held >> bits) & ((1 << to) - 1))
    }
  }
  if (pad && bits > 0) groups.push((held << (to - bits)) & ((1 << to) - 1))
  return groups
}

const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

function polymod(values: readonly number[]): number {
  let check = 1
  for (const value of values) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (const [bit, generator] of GENERATORS.entries()) if (((top >>> bit) & 1) === 1) check ^= generator
  }
  return check
}

function checksum(fives: readonly number[]): readonly number[] {
  const letters = [...PREFIX].map((letter) => letter.charCodeAt(0))
  const expanded = [...letters.map((code) => code >> 5), 0, ...letters.map((code) => code & 31)]
  const check = polymod([...expanded, ...fives, 0, 0, 0, 0, 0, 0]) ^ 1
  return Array.from({ length: CHECK_LETTERS }, (_, i) => (check >>> (5 * (5 - i))) & 31)
}
