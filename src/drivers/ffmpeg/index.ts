export { encodeOnce } from './encode-once.ts'
export { openLumaFrames, openPackets, type Sample, type SampleSource } from './packets.ts'
export { probeVideo, type VideoFacts } from './probe.ts'
export { ffmpegStills } from './stills.ts'
