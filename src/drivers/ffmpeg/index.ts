export { decodeLuma, lumaFilters, lumaOutputs, smallSize, type LiveLumaOptions } from './decode-live.ts'
export { colourFrames, encodeColourFilm, type FilmShape } from './colour-film.ts'
export { encodeOnce, isEncodedFor } from './encode-once.ts'
export { encodePictures, type Pictures } from './encode-pictures.ts'
export { openLumaFrames, openPackets, type LumaOptions, type OpenOptions } from './packets.ts'
export { pictureAt, picturesEachSecond } from './picture-at.ts'
export { probeVideo, type VideoFacts } from './probe.ts'
export { GAP_S_MAX } from './packet-times.ts'
export { createLoopingCamera, type LoopingCameraOptions } from './looping-camera.ts'
export {
  checkStep,
  codecOf,
  DECODING_MS,
  FRAME_WIDTH_MAX,
  FRAMES_PER_S,
  SAME_MS,
  spanS,
  whatToSkip,
  type ReplayVideo,
} from './replay.ts'
export type { Sample, SampleSource } from './samples.ts'
export { ffmpegReencoder } from './reencoder.ts'
export { ffmpegStills } from './stills.ts'
export { thumbnailsOf, type Thumbnail } from './thumbnails.ts'
