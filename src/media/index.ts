/**
 * Media: encoded video and sound as bytes.
 *
 * Owns: ISO BMFF boxes, fragmented MP4 in and out, what a NAL unit is, access units as RTP payloads and back,
 * RTSP messages and session descriptions; Opus in Ogg; samples of sound, and the chime as such.
 * Promises: samples come out exactly as they went in; times are whole ticks of the track's own time scale, never rounded.
 * When full: a box over 64 MiB is refused.
 * When it fails: `Fault('corrupt')` says what was wanted and what came.
 * Stopping: nothing runs.
 * Not its job: decoding, encoding, files, pipes, clocks.
 * See: ISO/IEC 14496-12 (boxes), 14496-15 (sample entries), ITU-T H.264 and H.265, RFC 6184 and 7798 (RTP), 2326 (RTSP), 8866 (SDP),
 * 3533, 6716 and 7845 (Ogg, Opus).
 */
export { filmOf, type FilmPacket } from './film.ts'
export { BOX_BYTES_MAX, Fmp4Reader, type FragmentInit, type FragmentOutput } from './fmp4-reader.ts'
export { fragment, initSegment, type FragmentSample, type SegmentTrack } from './fmp4-writer.ts'
export {
  isRandomAccessPicture,
  isReferencePicture,
  isWholePacket,
  nalUnits,
  unitLengthBytes,
  type NalCodec,
} from './nal.ts'
export { oggChecksum, OpusOggReader, OpusOggWriter } from './ogg.ts'
export { OPUS_HZ, opusSamples } from './opus.ts'
export { chimeSamples, mixSamples, SAMPLES_PER_S } from './samples.ts'
export {
  pictureShape,
  sampleEntry,
  setKind,
  type ParameterSets,
  type PictureShape,
  type SetKind,
} from './parameter-sets.ts'
export { RTP_PAYLOAD_BYTES_MAX, rtpPayloads, type RtpAccessUnit } from './rtp.ts'
export { parseRtp, RtpDepacketiser, UNIT_BYTES_MAX, type RtpPacket, type RtpUnits } from './rtp-receive.ts'
export {
  encodeReply,
  encodeRequest,
  interleaved,
  RTP_TYPE,
  RtspReader,
  type RtspItem,
  type RtspReply,
  type RtspRequest,
} from './rtsp-message.ts'
export { controlUrl, parseSdpVideo, type SdpVideo } from './sdp.ts'
export { codecName, parameterSets, profileLevelId } from './sample-entry.ts'
