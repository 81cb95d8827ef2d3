export { openFfmpegAudio, type FfmpegAudioDeps, type FfmpegAudioOptions } from './ffmpeg-audio.ts'
export type { SoundSink, SoundSource } from './places.ts'
