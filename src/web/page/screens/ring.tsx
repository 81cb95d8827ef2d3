/** Somebody has pressed the button: over everything else, with a picture at once and the live view already connecting. */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Fault } from '../../../base/fault.ts'
import { askBytes, isStatus } from '../app/api-client.ts'
import { canChime, ring as ringChime } from '../app/chime.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { timeText } from '../app/format.ts'
import type { Ring, RingStore } from '../app/rings.ts'
import { useStore } from '../app/store.ts'
import { openAge } from '../crypto/age-open.ts'
import { own } from '../crypto/bytes.ts'
import { texts } from '../texts.ts'
import { Button } from '../ui/parts.tsx'
import { LiveView } from './live-view.tsx'
import { TalkBar } from './talk-bar.tsx'

const OVER_SHOWN_MS = 2500

export function RingScreen(): JSX.Element | null {
  const { rings } = useApp()
  const ring = useStore(rings)
  return ring === undefined ? null : <Ringing key={ring.press} ring={ring} rings={rings} />
}

function Ringing({ ring, rings }: { readonly ring: Ring; readonly rings: RingStore }): JSX.Element {
  const { events } = useApp()
  const dialog = useRef<HTMLDialogElement>(null)
  const isRinging = !ring.isMine && ring.over === undefined
  const close = (): void => rings.set(undefined)
  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => {
    if (!isRinging || ring.isSilent) return undefined
    const ended = new AbortController()
    ringChime(ended.signal)
    return () => ended.abort()
  }, [isRinging])
  useEffect(() => {
    if (ring.over === undefined) return undefined
    const timer = setTimeout(close, OVER_SHOWN_MS)
    return () => clearTimeout(timer)
  }, [ring.over])
  const end = (how: 'answered' | 'ignored'): void => {
    events.tell({ type: 'press-over', press: ring.press, how })
    if (how === 'ignored') close()
    else rings.set({ ...ring, isMine: true })
  }
  return (
    <dialog
      class="ring"
      ref={dialog}
      aria-labelledby="ring-title"
      onCancel={(event) => {
        event.preventDefault()
        if (isRinging) end('ignored')
        else close()
      }}
    >
      <header>
        <h2 id="ring-title">{ring.isMine ? texts.ring.talking : texts.ring.title}</h2>
        <p>{timeText(ring.atUnixMs)}</p>
      </header>
      <div class="ring-pictures">
        <PressPicture ring={ring} isSmall={ring.isMine} />
        <LiveView isOnTop />
      </div>
      {isRinging && soundHint(ring) !== undefined && <p class="hint">{soundHint(ring)}</p>}
      {ring.isMine && <TalkBar hearsAtOnce />}
      <RingButtons ring={ring} onEnd={end} onClose={close} />
    </dialog>
  )
}

function soundHint({ isSilent }: Ring): string | undefined {
  if (isSilent) return texts.ring.quiet
  return canChime() ? undefined : texts.ring.silent
}

function RingButtons(props: {
  readonly ring: Ring
  readonly onEnd: (how: 'answered' | 'ignored') => void
  readonly onClose: () => void
}): JSX.Element {
  const { ring, onEnd } = props
  if (ring.over !== undefined)
    return (
      <p class="ring-over" role="status">
        {overText(ring.over)}
      </p>
    )
  if (ring.isMine)
    return (
      <footer class="ring-buttons">
        <Button kind="main" onClick={props.onClose}>
          {texts.ring.done}
        </Button>
      </footer>
    )
  return (
    <footer class="ring-buttons">
      <Button kind="plain" icon="ignore" onClick={() => onEnd('ignored')}>
        {texts.ring.ignore}
      </Button>
      <Button kind="main" icon="answer" onClick={() => onEnd('answered')}>
        {texts.ring.answer}
      </Button>
    </footer>
  )
}

function overText({ how, by }: NonNullable<Ring['over']>): string {
  if (how === 'ignored') return texts.ring.ignored
  if (how === 'timed-out') return texts.ring.timedOut
  return by === undefined ? texts.ring.answered : texts.ring.answeredBy(by)
}

/** Sealed to the household, so it is opened here; a guest has no key, and sees the live picture. */
function PressPicture({
  ring,
  isSmall,
}: {
  readonly ring: Ring
  readonly isSmall: boolean
}): JSX.Element | null {
  const { key } = useSignedIn()
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    if (key === undefined || ring.pictureRound === 0) return undefined
    const ended = new AbortController()
    askBytes(`/api/presses/${ring.press}/picture`, { signal: ended.signal })
      .then((sealed) => openAge(sealed, key.holder))
      .then((jpeg) => {
        if (!ended.signal.aborted)
          setAddress(URL.createObjectURL(new Blob([own(jpeg)], { type: 'image/jpeg' })))
      })
      .catch((error: unknown) => {
        // Not made yet: `press-picture` tells when. Not ours: the live picture is there.
        if (!ended.signal.aborted && !isStatus(error, 404, 403) && !(error instanceof Fault)) throw error
      })
    return () => ended.abort()
  }, [ring.press, ring.pictureRound, key])
  useEffect(() => () => (address === undefined ? undefined : URL.revokeObjectURL(address)), [address])
  if (key === undefined || ring.pictureRound === 0) return null
  if (address === undefined) return <p class="ring-picture waiting">{texts.ring.waiting}</p>
  return <img class={`ring-picture ${isSmall ? 'is-small' : ''}`} src={address} alt={texts.ring.picture} />
}
