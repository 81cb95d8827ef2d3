export { openFfmpegAudio, type FfmpegAudioDeps, type FfmpegAudioOptions } from './ffmpeg-audio.ts'
export { hasSound, type SoundSink, type SoundSource } from './places.ts'
