/** Below a live picture: hear the door, and talk there. Nothing where the doorbell has neither microphone nor speaker. */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useApp, useSignedIn } from '../app/context.ts'
import { useStore } from '../app/store.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Problem } from '../ui/parts.tsx'

/** Held longer, the button is let go of to stop; tapped, it stays on until the next tap. */
const TAP_MS_MAX = 400

export function TalkBar({ hearsAtOnce = false }: { readonly hearsAtOnce?: boolean }): JSX.Element | null {
  const { sound } = useApp()
  const { me } = useSignedIn()
  const facts = useStore(sound.facts)
  const line = useStore(sound.line)
  const { isHearing, problem } = useStore(sound.state)
  useEffect(() => {
    if (!hearsAtOnce || !facts.canHear) return undefined
    sound.hear(true)
    return () => sound.hear(false)
  }, [hearsAtOnce, facts.canHear])
  const mayTalk = facts.canTalk && me.role !== 'guest'
  if (!facts.canHear && !mayTalk) return null
  if (line === undefined) return <p class="hint talk-none">{texts.sound.noLine}</p>
  return (
    <div class="talk-bar">
      {facts.canHear && (
        <Button
          icon={isHearing ? 'sound' : 'mute'}
          isPressed={isHearing}
          label={texts.sound.hear}
          onClick={() => sound.hear(!isHearing)}
        >
          {texts.sound.hearShort}
        </Button>
      )}
      {mayTalk && <TalkButton />}
      <Problem says={problem} />
    </div>
  )
}

function TalkButton(): JSX.Element {
  const { sound } = useApp()
  const { talker } = useStore(sound.facts)
  const { talk } = useStore(sound.state)
  const viewer = useStore(sound.line)?.viewer
  const downAt = useRef<number | undefined>(undefined)
  const other = talker !== undefined && talker.viewer !== viewer ? talker.name : undefined
  const isOn = talk !== 'off'
  useEffect(() => () => void sound.talk(false), [])
  const down = (event: PointerEvent): void => {
    if (isOn || event.button !== 0) return
    downAt.current = event.timeStamp
    void sound.talk(true)
  }
  const up = (event: PointerEvent): void => {
    const since = downAt.current
    // A tap is told by the click that follows.
    if (since !== undefined && event.timeStamp - since > TAP_MS_MAX) void sound.talk(false)
  }
  const click = (): void => {
    // The first tap has begun it when it went down.
    if (downAt.current === undefined) void sound.talk(!isOn)
    downAt.current = undefined
  }
  return (
    <button
      type="button"
      class={`button talk ${isOn ? 'is-on' : ''}`}
      aria-pressed={isOn}
      aria-busy={talk === 'starting'}
      disabled={other !== undefined}
      onPointerDown={down}
      onPointerUp={up}
      onPointerCancel={() => void sound.talk(false)}
      onClick={click}
    >
      <Icon name="talk" />
      <span>
        <b>{other === undefined ? texts.sound.talks[talk] : texts.sound.taken(other)}</b>
        {other === undefined && <small>{texts.sound.hows[talk]}</small>}
      </span>
    </button>
  )
}
