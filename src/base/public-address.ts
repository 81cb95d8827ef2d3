/** Which addresses belong to everybody: whoever asks us to call somebody must not make us call the house's own devices. */

/** Names that never leave a house. */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|lan|home|home\.arpa|localdomain|intranet|corp|private)$/

/** False for what is no public `https:` address on the face of it; what a name stands for has to be looked at when it is called. */
export function isPublicHttps(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false
  // WHATWG URLs write every way to say an IPv4 address (decimal, octal, short) as four numbers.
  const host = url.hostname.replace(/\.$/, '')
  if (host.startsWith('[')) return isPublicAddress(host.slice(1, -1))
  if (/^\d+(\.\d+){3}$/.test(host)) return isPublicAddress(host)
  return host.includes('.') && !PRIVATE_NAME.test(host)
}

/** Of an IPv4 or IPv6 address in its usual text. What is not understood is not public. */
export function isPublicAddress(address: string): boolean {
  if (!address.includes(':')) {
    const bytes = address.split('.').map(Number)
    return bytes.length === 4 && bytes.every(isByte) && isPublicV4(bytes)
  }
  const groups = groupsOf(address)
  return groups !== undefined && isPublicV6(groups)
}

const isByte = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= 255

/** https://www.iana.org/assignments/iana-ipv4-special-registry */
function isPublicV4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100 && b >= 64 && b <= 127) return false
  if (a === 169 && b === 254) return false
  if (a === 172 && b >= 16 && b <= 31) return false
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)))) return false
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return false
  return !(a === 203 && b === 0 && c === 113)
}

/** Global unicast (2000::/3) only, without documentation, and what carries an IPv4 address: as that address. */
function isPublicV6(groups: readonly number[]): boolean {
  const [first = 0, second = 0] = groups
  const v4In = (at: number): boolean => {
    const [high = 0, low = 0] = groups.slice(at, at + 2)
    return isPublicV4([high >> 8, high & 255, low >> 8, low & 255])
  }
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return v4In(6)
  if (first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0)) return v4In(6)
  if (first === 0x2002) return v4In(1)
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false
  return first >> 13 === 1
}

function groupsOf(address: string): readonly number[] | undefined {
  const text = (address.split('%')[0] ?? '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((it) => Number.parseInt(it, 16))
  const [front, back] = [groups(head), tail === undefined ? [] : groups(tail)]
  const zeros = 8 - front.length - back.length
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined
  const all = [...front, ...Array.from({ length: zeros }, () => 0), ...back]
  return all.every((group) => group >= 0 && group <= 0xffff) ? all : undefined
}
