export { decodeLuma, type LiveLumaOptions } from './decode-live.ts'
export { framesWithTimes, lumaFilters, lumaOutputs, type TimedLuma } from './luma-pipe.ts'
export { hidingFilters, type Outline } from './hide.ts'
export { chunksOf, runTool, startTool, type Program, type Tool } from './run-tool.ts'
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
export { SOURCE_TIMES, TRUE_TIMES, type Sample, type SampleSource } from './samples.ts'
export { ffmpegReencoder } from './reencoder.ts'
export { ffmpegStills } from './stills.ts'
export { thumbnailsOf, type Thumbnail } from './thumbnails.ts'
