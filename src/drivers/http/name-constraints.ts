/** What a root may vouch for (RFC 5280, 4.2.1.10), written byte by byte: the library has no extension of that name. */
import { isIP } from 'node:net'
import { Extension } from '@peculiar/x509'
import { concatBytes, utf8 } from '../../base/bytes.ts'

const NAME_CONSTRAINTS = '2.5.29.30'
const SEQUENCE = 0x30
const PERMITTED = 0xa0
const DNS = 0x82
const IP = 0x87

/** Networks that are not the Internet's: RFC 1918, RFC 3927, RFC 4193, RFC 4291, loopback. Address, then mask. */
const HOME_NETWORKS: readonly Uint8Array[] = [
  Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0),
  Uint8Array.of(172, 16, 0, 0, 255, 240, 0, 0),
  Uint8Array.of(192, 168, 0, 0, 255, 255, 0, 0),
  Uint8Array.of(169, 254, 0, 0, 255, 255, 0, 0),
  Uint8Array.of(127, 0, 0, 0, 255, 0, 0, 0),
  v6Network([0xfc], [0xfe]),
  v6Network([0xfe, 0x80], [0xff, 0xc0]),
  v6Network(
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    Array.from({ length: 16 }, () => 0xff),
  ),
]

function v6Network(address: readonly number[], mask: readonly number[]): Uint8Array {
  const both = new Uint8Array(32)
  both.set(address, 0)
  both.set(mask, 16)
  return both
}

/** These names and all below them, and addresses of home networks; nothing else. */
export function nameConstraints(names: readonly string[]): Extension {
  const hosts = [
    ...new Set(names.filter((name) => isIP(name) === 0).map((name) => name.toLowerCase())),
  ].sort()
  const trees = [
    ...(hosts.length === 0 ? ['invalid'] : hosts).map((name) => der(DNS, utf8(name))),
    ...HOME_NETWORKS.map((network) => der(IP, network)),
  ]
  const permitted = der(PERMITTED, ...trees.map((base) => der(SEQUENCE, base)))
  return new Extension(NAME_CONSTRAINTS, true, der(SEQUENCE, permitted))
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = concatBytes(parts)
  const { length } = body
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Uint8Array.from([...head, ...body])
}
