/** Two tones, made here: a page may sound only after somebody has touched it, so the first touch prepares it. */
type Tone = { readonly hertz: number; readonly fromS: number; readonly lastsS: number }

const DING_DONG: readonly Tone[] = [
  { hertz: 659.25, fromS: 0, lastsS: 0.9 },
  { hertz: 523.25, fromS: 0.45, lastsS: 1.4 },
]
const LOUDNESS = 0.35
const AGAIN_MS = 3000

let context: AudioContext | undefined

export function prepareChime(): void {
  const prepare = (): void => {
    context ??= new AudioContext()
    void context.resume()
  }
  addEventListener('pointerdown', prepare)
  addEventListener('keydown', prepare)
}

export const canChime = (): boolean => context?.state === 'running'

/** Rings until `signal` is aborted. */
export function ring(signal: AbortSignal): void {
  const once = (): void => {
    if (context?.state === 'running') for (const tone of DING_DONG) play(context, tone)
    if ('vibrate' in navigator) navigator.vibrate([300, 150, 300])
  }
  once()
  const timer = setInterval(once, AGAIN_MS)
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

function play(audio: AudioContext, { hertz, fromS, lastsS }: Tone): void {
  const [from, until] = [audio.currentTime + fromS, audio.currentTime + fromS + lastsS]
  const [source, volume] = [audio.createOscillator(), audio.createGain()]
  source.type = 'triangle'
  source.frequency.value = hertz
  volume.gain.setValueAtTime(0, from)
  volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.01)
  volume.gain.exponentialRampToValueAtTime(0.001, until)
  source.connect(volume).connect(audio.destination)
  source.start(from)
  source.stop(until)
}
