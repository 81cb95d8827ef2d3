/**
 * Live pictures in the page: WebRTC, else fMP4 through Media Source, else MPEG-1 on a canvas. Tried in this order until one
 * shows a picture in time; begun again when it breaks.
 */
import { showFmp4 } from './fmp4.ts'
import { showMpeg1 } from './mpeg1.ts'
import {
  ForgedAnswer,
  LIVE_TRANSPORTS,
  NotNow,
  type LiveRefusal,
  type LiveStage,
  type LiveState,
  type LiveTransport,
  type PageSound,
  type Show,
} from './types.ts'
import { pause, untilAborted, why } from './waiting.ts'
import { showWebrtc } from './webrtc.ts'

export type { LiveRefusal, LiveStage, LiveState, LiveTransport, PageSound } from './types.ts'

export type LiveOptions = {
  /** As in `DeviceFacts`: base64url of 32 raw bytes. */
  readonly devicePublicKey: string
  readonly transports?: readonly LiveTransport[]
  /** How long each may take to show something; left out: as long as people wait. */
  readonly patienceMs?: number
  readonly onState: (state: LiveState) => void
  /** There is a way for sound, or (undefined) there is none any more. */
  readonly onSound?: (sound: PageSound | undefined) => void
  readonly signal: AbortSignal
}

const SHOW: Readonly<Record<LiveTransport, Show>> = { webrtc: showWebrtc, fmp4: showFmp4, mpeg1: showMpeg1 }
/** When no picture has come by then, the next transport gets its turn. */
const PATIENCE_MS: Readonly<Record<LiveTransport, number>> = { webrtc: 4000, fmp4: 6000, mpeg1: 10_000 }
const AGAIN_MS_MIN = 500
const AGAIN_MS_MAX = 8000

/** Resolves when `signal` is aborted, or when somebody between us and the device was found out. */
export async function connectLive(stage: LiveStage, options: LiveOptions): Promise<void> {
  const { onState, signal, transports = LIVE_TRANSPORTS } = options
  let againInMs = AGAIN_MS_MIN
  while (!signal.aborted) {
    const outcome = await showBest(stage, transports, options)
    if (signal.aborted) break
    if (outcome.kind === 'forged') {
      onState({ phase: 'forged', why: outcome.why })
      return
    }
    againInMs = outcome.kind === 'broke' ? AGAIN_MS_MIN : Math.min(AGAIN_MS_MAX, againInMs * 2)
    onState({ phase: 'waiting', refused: outcome.refused, againInMs })
    await pause(againInMs, signal)
  }
  onState({ phase: 'ended' })
}

type Outcome =
  | { readonly kind: 'forged'; readonly why: string }
  /** `broke`: something was shown, or soon will be; `nothing`: nothing was. */
  | { readonly kind: 'broke' | 'nothing'; readonly refused: readonly LiveRefusal[] }

async function showBest(
  stage: LiveStage,
  transports: readonly LiveTransport[],
  { onState, onSound, signal, devicePublicKey, patienceMs }: LiveOptions,
): Promise<Outcome> {
  const refused: LiveRefusal[] = []
  for (const transport of transports) {
    if (signal.aborted) break
    onState({ phase: 'connecting', transport, refused: [...refused] })
    const begunAt = performance.now()
    let hasShown = false
    const onPicture = (): void => {
      if (hasShown || signal.aborted) return
      hasShown = true
      onState({
        phase: 'showing',
        transport,
        refused: [...refused],
        firstPictureMs: performance.now() - begunAt,
      })
    }
    const problem = await tryOne(SHOW[transport], stage, {
      onPicture,
      onSound,
      signal,
      devicePublicKey,
      patienceMs: patienceMs ?? PATIENCE_MS[transport],
    })
    if (problem instanceof ForgedAnswer) return { kind: 'forged', why: problem.message }
    refused.push({ transport, why: why(problem) })
    if (hasShown || problem instanceof NotNow) return { kind: 'broke', refused }
  }
  return { kind: 'nothing', refused }
}

/** Gives why it ended. */
async function tryOne(
  show: Show,
  stage: LiveStage,
  options: Parameters<Show>[1] & { readonly patienceMs: number },
): Promise<unknown> {
  const { patienceMs, onPicture, onSound, signal, devicePublicKey } = options
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const patience = setTimeout(
    () => stop.abort(new Error(`no picture within ${patienceMs / 1000} seconds`)),
    patienceMs,
  )
  const onFirst = (): void => {
    clearTimeout(patience)
    if (!either.aborted) onPicture()
  }
  try {
    return await Promise.race([
      show(stage, { onPicture: onFirst, onSound, signal: either, devicePublicKey }),
      untilAborted(either),
    ])
  } catch (error) {
    return error
  } finally {
    clearTimeout(patience)
    stop.abort(new Error('over'))
  }
}
