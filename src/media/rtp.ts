/** Access units as RTP payloads: H.264 in packetisation mode 1 (RFC 6184), HEVC (RFC 7798). Pure bytes; headers, numbers and keys are others' work. */
import { concatBytes } from '../base/bytes.ts'
import { nalUnits, type NalCodec } from './nal.ts'

/** Leaves room for RTP, SRTP, UDP and IPv6 in the 1280 bytes that every network carries. */
export const RTP_PAYLOAD_BYTES_MAX = 1180

export type RtpAccessUnit = {
  readonly codec: NalCodec
  /** Units with four-byte lengths before them. */
  readonly data: Uint8Array
  /** Put before a key picture that does not bring its own, so that decoding may begin with it. */
  readonly parameterSets: readonly Uint8Array[]
  readonly isKey: boolean
}

/** The payloads of one picture, in the order in which they are sent. The last one gets the marker. */
export function rtpPayloads(unit: RtpAccessUnit): readonly Uint8Array[] {
  const form = FORMS[unit.codec]
  const payloads: Uint8Array[] = []
  let small: Uint8Array[] = []
  const flush = (): void => {
    if (small.length > 0)
      payloads.push(small.length === 1 ? (small[0] ?? new Uint8Array()) : form.together(small))
    small = []
  }
  for (const nal of unitsToSend(unit)) {
    if (nal.length > RTP_PAYLOAD_BYTES_MAX) {
      flush()
      payloads.push(...fragments(nal, form))
      continue
    }
    if (togetherBytes([...small, nal], form) > RTP_PAYLOAD_BYTES_MAX) flush()
    small.push(nal)
  }
  flush()
  return payloads
}

type Form = {
  readonly headBytes: number
  readonly isSent: (nal: Uint8Array) => boolean
  readonly isParameterSet: (nal: Uint8Array) => boolean
  /** Several small units in one payload. */
  readonly together: (units: readonly Uint8Array[]) => Uint8Array
  /** What stands before each piece of a unit that is too long. */
  readonly pieceHead: (
    nal: Uint8Array,
    edge: { readonly isFirst: boolean; readonly isLast: boolean },
  ) => Uint8Array
}

const edgeBits = ({ isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean }): number =>
  (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0)

const h264Type = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f
const hevcType = (nal: Uint8Array): number => ((nal[0] ?? 0) >> 1) & 0x3f

const FORMS: Readonly<Record<NalCodec, Form>> = {
  h264: {
    headBytes: 1,
    isSent: (nal) => h264Type(nal) !== 9 && h264Type(nal) !== 12, // Delimiters and filler say nothing to anybody.
    isParameterSet: (nal) => h264Type(nal) === 7 || h264Type(nal) === 8,
    together: (units) => {
      const importance = Math.max(...units.map((nal) => (nal[0] ?? 0) & 0x60))
      return concatBytes([Uint8Array.of(importance | 24), ...units.flatMap(withLength)]) // STAP-A
    },
    pieceHead: (nal, edge) => Uint8Array.of(((nal[0] ?? 0) & 0xe0) | 28, edgeBits(edge) | h264Type(nal)), // FU-A
  },
  hevc: {
    headBytes: 2,
    isSent: (nal) => hevcType(nal) !== 35 && hevcType(nal) !== 38,
    isParameterSet: (nal) => hevcType(nal) >= 32 && hevcType(nal) <= 34,
    together: (units) => concatBytes([Uint8Array.of(48 << 1, 1), ...units.flatMap(withLength)]),
    pieceHead: (nal, edge) =>
      Uint8Array.of(((nal[0] ?? 0) & 0x81) | (49 << 1), nal[1] ?? 1, edgeBits(edge) | hevcType(nal)),
  },
}

function unitsToSend({ codec, data, parameterSets, isKey }: RtpAccessUnit): readonly Uint8Array[] {
  const form = FORMS[codec]
  const units = [...nalUnits(data)].filter((nal) => nal.length > form.headBytes && form.isSent(nal))
  return isKey && !units.some(form.isParameterSet) ? [...parameterSets, ...units] : units
}

const withLength = (nal: Uint8Array): readonly Uint8Array[] => [
  Uint8Array.of(nal.length >> 8, nal.length & 0xff),
  nal,
]

const togetherBytes = (units: readonly Uint8Array[], { headBytes }: Form): number =>
  units.reduce((sum, nal) => sum + 2 + nal.length, headBytes)

function fragments(nal: Uint8Array, form: Form): readonly Uint8Array[] {
  const content = nal.subarray(form.headBytes)
  const room = RTP_PAYLOAD_BYTES_MAX - form.headBytes - 1
  const pieces: Uint8Array[] = []
  for (let at = 0; at < content.length; at += room) {
    const edge = { isFirst: at === 0, isLast: at + room >= content.length }
    pieces.push(concatBytes([form.pieceHead(nal, edge), content.subarray(at, at + room)]))
  }
  return pieces
}
