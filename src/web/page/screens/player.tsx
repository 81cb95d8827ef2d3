/** Plays one clip, opened in the page; says whether it is genuine. */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { clockText } from '../app/format.ts'
import { useShelf } from '../app/shelf-context.ts'
import { useStore } from '../app/store.ts'
import type { Verdict } from '../clips/genuine.ts'
import { Playback } from '../clips/playback.ts'
import type { KnownClip } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Problem, Waiting } from '../ui/parts.tsx'

const STEP_S = 5
const SPEEDS = [1, 2, 4] as const

export function Player(props: { readonly clip: KnownClip; readonly onEnded: () => void }): JSX.Element {
  const shelf = useShelf()
  const video = useRef<HTMLVideoElement>(null)
  const [playback, setPlayback] = useState<Playback>()
  const { facts, meta } = props.clip
  useEffect(() => {
    if (video.current === null) return undefined
    const made = new Playback({ opener: shelf.opener, video: video.current, facts, meta })
    setPlayback(made)
    made.start()
    void video.current.play().catch(() => undefined) // Then a finger has to begin it.
    void shelf.source.tell(facts.clip, { what: 'played' }).catch(() => undefined)
    return () => made.dispose()
  }, [facts.clip])
  useEffect(() => playback?.update(facts), [facts, playback])
  const toggle = (): void => {
    if (video.current?.paused === true) void video.current.play()
    else video.current?.pause()
  }
  return (
    <div
      class="player"
      role="group"
      aria-label={texts.player.title}
      onKeyDown={(event) => {
        if (event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement) return
        if (event.key === ' ') toggle()
      }}
    >
      <div class="player-picture">
        <video ref={video} playsInline muted onEnded={props.onEnded} onClick={toggle} />
        {playback !== undefined && <Over playback={playback} />}
      </div>
      {video.current !== null && (
        <Controls
          video={video.current}
          durationMs={meta?.durationMs ?? 0}
          presses={meta?.presses ?? []}
          onToggle={toggle}
        />
      )}
      {playback !== undefined && <VerdictLine playback={playback} />}
    </div>
  )
}

function Over({ playback }: { readonly playback: Playback }): JSX.Element | null {
  const state = useStore(playback.state)
  if (state.phase === 'ready') return null
  return (
    <div class="live-middle">
      {state.phase === 'opening' ? <Waiting says={texts.player.opening} /> : <Problem says={state.problem} />}
    </div>
  )
}

/** What the video element says of itself, drawn again whenever it changes. */
function useVideo(video: HTMLVideoElement): {
  readonly at: number
  readonly all: number
  readonly isPaused: boolean
} {
  const [, draw] = useState(0)
  useEffect(() => {
    const hear = (): void => draw((n) => n + 1)
    const events = ['timeupdate', 'play', 'pause', 'durationchange', 'seeking', 'ratechange'] as const
    for (const event of events) video.addEventListener(event, hear)
    return () => {
      for (const event of events) video.removeEventListener(event, hear)
    }
  }, [video])
  return { at: video.currentTime, all: video.duration, isPaused: video.paused }
}

function Controls(props: {
  readonly video: HTMLVideoElement
  readonly durationMs: number
  readonly presses: readonly number[]
  readonly onToggle: () => void
}): JSX.Element {
  const { video } = props
  const { at, all, isPaused } = useVideo(video)
  const seconds = Number.isFinite(all) && all > 0 ? all : props.durationMs / 1000
  const seek = (to: number): void => {
    video.currentTime = Math.min(Math.max(0, to), Math.max(0, seconds - 0.05))
  }
  const speed = SPEEDS[(SPEEDS.findIndex((each) => each === video.playbackRate) + 1) % SPEEDS.length] ?? 1
  return (
    <div class="player-controls">
      <Track at={at} seconds={seconds} presses={props.presses} onSeek={seek} />
      <div class="player-buttons">
        <Button kind="quiet" icon="back" label={texts.player.back5} onClick={() => seek(at - STEP_S)} />
        <Button
          kind="main"
          icon={isPaused ? 'play' : 'pause'}
          label={isPaused ? texts.player.play : texts.player.pause}
          onClick={props.onToggle}
        />
        <Button kind="quiet" icon="ahead" label={texts.player.ahead5} onClick={() => seek(at + STEP_S)} />
        <span class="player-time">{texts.player.of(clockText(at), clockText(seconds))}</span>
        <button
          type="button"
          class="button quiet"
          aria-label={texts.player.faster(video.playbackRate)}
          onClick={() => {
            video.playbackRate = speed
          }}
        >
          {video.playbackRate}×
        </button>
        <Button
          kind="quiet"
          icon="full"
          label={texts.player.fullScreen}
          onClick={() => void video.requestFullscreen()}
        />
      </div>
    </div>
  )
}

function Track(props: {
  readonly at: number
  readonly seconds: number
  readonly presses: readonly number[]
  readonly onSeek: (to: number) => void
}): JSX.Element {
  const { at, seconds } = props
  return (
    <div class="track">
      <input
        type="range"
        min={0}
        max={Math.max(0.1, seconds)}
        step={0.1}
        value={at}
        aria-label={texts.player.position}
        aria-valuetext={texts.player.of(clockText(at), clockText(seconds))}
        onInput={({ currentTarget }) => props.onSeek(Number(currentTarget.value))}
      />
      {props.presses.map((ms) => (
        <span
          key={ms}
          class="track-press"
          style={{ left: `${Math.min(100, ms / 10 / Math.max(1, seconds))}%` }}
          title={texts.player.press}
          aria-hidden="true"
        />
      ))}
    </div>
  )
}

function VerdictLine({ playback }: { readonly playback: Playback }): JSX.Element {
  const verdict = useStore(playback.verdict)
  const { kind, title, about } = verdictWords(verdict)
  return (
    <p class={`verdict ${kind}`} role="status">
      <Icon name={kind === 'wrong' || verdict.is === 'unsigned' ? 'warn' : 'check'} />
      <span>
        <b>{title}</b> {about}
      </span>
    </p>
  )
}

function verdictWords(verdict: Verdict): {
  readonly kind: 'genuine' | 'wrong' | 'open'
  readonly title: string
  readonly about: string
} {
  switch (verdict.is) {
    case 'checking':
      return { kind: 'open', title: texts.player.checking, about: '' }
    case 'growing':
      return { kind: 'open', title: texts.player.growing, about: texts.player.growingAbout }
    case 'unsigned':
      return { kind: 'open', title: texts.player.unsigned, about: texts.player.unsignedAbout }
    case 'genuine':
      return {
        kind: 'genuine',
        title: texts.player.genuine,
        about: texts.player.genuineAbout(verdict.checked, verdict.of),
      }
    case 'wrong':
      return { kind: 'wrong', title: texts.player.notGenuine, about: texts.player.wrong(verdict.problem) }
  }
}
