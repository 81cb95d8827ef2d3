/** Of a browser's SDP offer, as much as is needed to choose from it. */
import { Fault } from '../../base/fault.ts'
import { PEER_LIMITS } from '../../ports/peers.ts'

export type OfferedH264 = {
  readonly payloadType: number
  readonly parameters: string
  readonly rtx: number | undefined
}

/** Throws `Fault('invalid')` when it is no offer of a browser that wants to see. */
export function checkOffer(offer: string): void {
  const problem = problemOf(offer)
  if (problem !== undefined) throw new Fault('invalid', `the offer: ${problem}`)
}

function problemOf(offer: string): string | undefined {
  if (offer.length > PEER_LIMITS.offerBytesMax)
    return `wanted at most ${PEER_LIMITS.offerBytesMax} characters, got ${offer.length}`
  if (!offer.startsWith('v=0')) return 'wanted SDP that begins with v=0'
  const videos = offer.match(/^m=video /gm)?.length ?? 0
  return videos === 1 ? undefined : `wanted one m=video, got ${videos}`
}

/**
 * The H.264 in packetisation mode 1 that fits best: the same profile, else the first (decoders take any, and levels may differ).
 * Throws `Fault('invalid')` where there is none.
 */
export function chooseH264(offer: string, profileLevelId: string): OfferedH264 {
  const video = /^m=video [\s\S]*?(?=^m=|$(?![\s\S]))/m.exec(offer)?.[0] ?? ''
  const types = [...video.matchAll(/^a=rtpmap:(\d+) H264\/90000/gim)].map(([, type]) => Number(type))
  const offered = types.flatMap((payloadType) => {
    const parameters = new RegExp(`^a=fmtp:${payloadType} (.*?)\\s*$`, 'm').exec(video)?.[1] ?? ''
    if (!/(^|;)\s*packetization-mode=1/.test(parameters)) return []
    return [{ payloadType, parameters, rtx: rtxOf(video, payloadType) }]
  })
  const profile = profileLevelId.slice(0, 2).toLowerCase()
  const same = offered.find(({ parameters }) => profileOf(parameters) === profile)
  const chosen = same ?? offered[0]
  if (chosen === undefined)
    throw new Fault('invalid', 'the offer: wanted H264 with packetization-mode=1, got none of it')
  return chosen
}

/** The payload type of Opus, where the browser offers to hear or to speak; undefined: it does neither. */
export function chooseOpus(offer: string): number | undefined {
  const audio = /^m=audio [\s\S]*?(?=^m=|$(?![\s\S]))/m.exec(offer)?.[0] ?? ''
  const found = /^a=rtpmap:(\d+) opus\/48000\/2\s*$/im.exec(audio)?.[1]
  return found === undefined ? undefined : Number(found)
}

const profileOf = (parameters: string): string | undefined =>
  /profile-level-id=([0-9a-f]{2})/i.exec(parameters)?.[1]?.toLowerCase()

function rtxOf(video: string, payloadType: number): number | undefined {
  const found = new RegExp(`^a=fmtp:(\\d+) apt=${payloadType}\\s*$`, 'm').exec(video)?.[1]
  return found === undefined ? undefined : Number(found)
}

/**
 * Without the candidates that nobody but the browser's own machine can resolve (`….local`, which browsers put in place of
 * addresses): its packets come to us, and then we know where it is.
 */
export const withoutHiddenCandidates = (offer: string): string =>
  offer.replace(/^a=candidate:.*\.local .*\r?\n/gim, '')
