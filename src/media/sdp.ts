/** Session descriptions (RFC 8866) as RTSP cameras send them; of it, what is needed to ask for the video. */
import { Fault } from '../base/fault.ts'
import type { NalCodec } from './nal.ts'

const LINES_MAX = 1000

/** The first video track that we can read. */
export type SdpVideo = {
  readonly codec: NalCodec
  readonly payloadType: number
  /** Ticks of the RTP time stamps in a second: 90,000. */
  readonly clockRate: number
  /** `a=control`: a name relative to the session's address, or a whole address; undefined: the session itself. */
  readonly control: string | undefined
  /** SPS, PPS and VPS that the description brings, in the order in which a decoder wants them. */
  readonly parameterSets: readonly Uint8Array[]
}

type Section = { readonly media: string; readonly attributes: readonly string[] }

/** Throws `Fault('invalid')` when there is no H.264 or HEVC video in it, and says what there is. */
export function parseSdpVideo(text: string): SdpVideo {
  const sections = sectionsOf(text.split(/\r?\n/).slice(0, LINES_MAX))
  const offered: string[] = []
  for (const section of sections) {
    const [, types = ''] = /^video \d+(?:\/\d+)? RTP\/S?AVPF?((?: \d+)+)$/.exec(section.media) ?? []
    for (const type of types.trim().split(' ')) {
      const found = videoIn(section, type)
      if (typeof found === 'object') return found
      if (found !== undefined) offered.push(found)
    }
  }
  const got = offered.length > 0 ? offered.join(', ') : `${sections.length} tracks without video`
  throw new Fault('invalid', `wanted a stream with H.264 or HEVC video over RTP, got ${got}`)
}

function sectionsOf(lines: readonly string[]): readonly Section[] {
  const sections: { media: string; attributes: string[] }[] = []
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push({ media: line.slice(2).trim(), attributes: [] })
    else if (line.startsWith('a=')) sections.at(-1)?.attributes.push(line.slice(2).trim())
  }
  return sections
}

/** The video, or the name of a codec that is none of ours. */
function videoIn({ attributes }: Section, type: string): SdpVideo | string | undefined {
  const valueOf = (name: string): string | undefined =>
    attributes.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1)
  const ofType = (name: string): string | undefined =>
    attributes.find((line) => line.startsWith(`${name}:${type} `))?.slice(name.length + type.length + 2)
  const [, encoding, rate] = /^([\w.-]+)\/(\d{1,7})/.exec(ofType('rtpmap') ?? '') ?? []
  if (type === '' || encoding === undefined) return undefined
  const codec = CODECS[encoding.toUpperCase()]
  const clockRate = Number(rate)
  if (codec === undefined || clockRate === 0) return encoding
  const control = valueOf('control')
  const parameterSets = spropSets(codec, ofType('fmtp') ?? '')
  return { codec, payloadType: Number(type), clockRate, control: control?.trim(), parameterSets }
}

const CODECS: Readonly<Record<string, NalCodec>> = { H264: 'h264', H265: 'hevc', HEVC: 'hevc' }
const SPROP: Readonly<Record<NalCodec, readonly string[]>> = {
  h264: ['sprop-parameter-sets'],
  hevc: ['sprop-vps', 'sprop-sps', 'sprop-pps'],
}

function spropSets(codec: NalCodec, fmtp: string): readonly Uint8Array[] {
  const values = new Map(
    fmtp.split(';').map((field) => {
      const equals = field.indexOf('=')
      return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()] as const
    }),
  )
  return SPROP[codec]
    .flatMap((name) => (values.get(name) ?? '').split(','))
    .map((base64) => new Uint8Array(Buffer.from(base64, 'base64')))
    .filter((bytes) => bytes.length > 2)
}

/**
 * What to call a track in `SETUP` (RFC 2326, C.1.1). `base`: `Content-Base`, else `Content-Location`, else what was asked for.
 * Only a name on the connection that stands: nobody connects to another host because of it.
 */
export function controlUrl(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base
  if (/^rtsps?:\/\//i.test(control)) return control
  // By the letter a relative address replaces what stands after the last slash; cameras mean it to be appended.
  return `${base.replace(/\/$/, '')}/${control.replace(/^\//, '')}`
}
