/** The door as it is now. The same picture serves the home screen and the ring. */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../../../base/fault.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { useStore } from '../app/store.ts'
import { connectLive, type LiveState, type PageSound } from '../live/connect.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Waiting } from '../ui/parts.tsx'

/** What `connectLive` says; `broken` when it could not even begin. */
type Shown = LiveState | { readonly phase: 'broken'; readonly why: string }

export function LiveView(props: {
  readonly withControls?: boolean
  /** The ring's own: it covers the others, which stop meanwhile. */
  readonly isOnTop?: boolean
}): JSX.Element {
  const { me } = useSignedIn()
  const frame = useRef<HTMLDivElement>(null)
  const video = useRef<HTMLVideoElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [state, setState] = useState<Shown>({ phase: 'ended' })
  const { rings, sound } = useApp()
  const isCovered = useStore(rings) !== undefined && props.isOnTop !== true
  const isSeen = useIsVisible() && !isCovered
  const devicePublicKey = me.device.publicKey
  useEffect(() => {
    if (video.current === null || canvas.current === null || !isSeen) return undefined
    const ended = new AbortController()
    const onState = (next: Shown): void => {
      if (!ended.signal.aborted) setState(next)
    }
    const stage = { video: video.current, canvas: canvas.current }
    const onSound = (line: PageSound | undefined): void => sound.setLine(line)
    connectLive(stage, { devicePublicKey, onState, onSound, signal: ended.signal }).catch((error: unknown) =>
      onState({ phase: 'broken', why: messageOf(error) }),
    )
    return () => ended.abort()
  }, [isSeen, devicePublicKey])
  const isCanvas = 'transport' in state && state.transport === 'mpeg1'
  const label = texts.door.pictureOf(me.device.name)
  return (
    <div class="live" ref={frame} data-phase={state.phase}>
      <video ref={video} class={isCanvas ? 'is-hidden' : ''} muted autoplay playsInline aria-label={label} />
      <canvas ref={canvas} class={isCanvas ? '' : 'is-hidden'} role="img" aria-label={label} />
      <LiveWords state={state} isSeen={isSeen} />
      {props.withControls === true && (
        <div class="live-controls">
          {}
          <Button
            icon="full"
            label={texts.door.fullScreen}
            onClick={() => void frame.current?.requestFullscreen()}
          />
        </div>
      )}
    </div>
  )
}

function LiveWords({ state, isSeen }: { readonly state: Shown; readonly isSeen: boolean }): JSX.Element {
  if (!isSeen) return <p class="live-badge">{texts.door.paused}</p>
  switch (state.phase) {
    case 'showing': {
      const name = texts.door.transports[state.transport]
      const refused = state.refused.map(({ transport, why }) => `${texts.door.transports[transport]}: ${why}`)
      return (
        <p class="live-badge" title={[texts.door.transportAbout(name), ...refused].join('\n')}>
          <span class="live-dot" aria-hidden="true" />
          {texts.door.live} · {name}
        </p>
      )
    }
    case 'connecting':
    case 'ended':
      return (
        <div class="live-middle">
          <Waiting says={texts.door.connecting} />
        </div>
      )
    case 'waiting':
      return <NoPicture says={state.refused.map(({ why }) => why).join(' · ')} isTried />
    case 'forged':
      return <NoPicture says={`${texts.door.forged} (${state.why})`} />
    case 'broken':
      return <NoPicture says={state.why} />
  }
}

function NoPicture({
  says,
  isTried = false,
}: {
  readonly says: string
  readonly isTried?: boolean
}): JSX.Element {
  return (
    <div class="live-middle" role="alert">
      <p>
        <Icon name="warn" /> {texts.door.failed}
      </p>
      <p class="small">{says}</p>
      {isTried && <Waiting says={texts.door.again} />}
    </div>
  )
}

/** A page that nobody looks at watches nothing: the camera is not kept busy for it. */
function useIsVisible(): boolean {
  const [isSeen, setSeen] = useState(document.visibilityState === 'visible')
  useEffect(() => {
    const hear = (): void => setSeen(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', hear)
    return () => document.removeEventListener('visibilitychange', hear)
  }, [])
  return isSeen
}
