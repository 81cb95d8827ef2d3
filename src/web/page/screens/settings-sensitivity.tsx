/** How much has to move, with what the detector makes of the picture now. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { DeviceEvent } from '../../api.ts'
import { useApp } from '../app/context.ts'
import { texts } from '../texts.ts'
import { Button } from '../ui/parts.tsx'
import { LiveView } from './live-view.tsx'
import type { Desk } from './settings.tsx'

type Look = Extract<DeviceEvent, { type: 'look' }>

export function Sensitivity({ desk }: { readonly desk: Desk }): JSX.Element | null {
  const value = desk.row('detect.sensitivity')?.value
  const [draft, setDraft] = useState<number>()
  const [isTrying, setTrying] = useState(false)
  if (typeof value !== 'number') return null
  const shown = draft ?? value
  return (
    <div class="sensitivity">
      <label class="range">
        <b>{texts.settings.sensitivity}</b>
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={shown}
          disabled={!desk.canChange}
          aria-valuetext={`${Math.round(shown * 100)} %`}
          onInput={({ currentTarget }) => setDraft(Number(currentTarget.value))}
          onChange={({ currentTarget }) => {
            desk.change({ 'detect.sensitivity': Number(currentTarget.value) })
            setDraft(undefined)
          }}
        />
      </label>
      <p class="range-ends" aria-hidden="true">
        <span>{texts.settings.sensitivityLow}</span>
        <span>{texts.settings.sensitivityHigh}</span>
      </p>
      <Button isPressed={isTrying} onClick={() => setTrying(!isTrying)}>
        {isTrying ? texts.settings.stopTrying : texts.settings.tryIt}
      </Button>
      {isTrying && <Looks />}
    </div>
  )
}

/** The live picture with frames around what moves. */
function Looks(): JSX.Element {
  const { events } = useApp()
  const [look, setLook] = useState<Look>()
  useEffect(() => {
    const forget = events.hear((event) => (event.type === 'look' ? setLook(event) : undefined))
    const watch = (): void => events.tell({ type: 'watch-looks', on: true })
    watch()
    const again = events.isOpen.subscribe((isOpen) => (isOpen ? watch() : undefined))
    return () => {
      events.tell({ type: 'watch-looks', on: false })
      forget()
      again()
    }
  }, [])
  const says =
    look === undefined
      ? texts.settings.sensitivityWaits
      : look.moving
        ? texts.settings.sensitivityMoves
        : texts.settings.sensitivityStill
  return (
    <div class="looks">
      <div class="looks-picture">
        <LiveView />
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {look?.boxes.map(({ x, y, width, height }, n) => (
            <rect key={n} x={x * 100} y={y * 100} width={width * 100} height={height * 100} />
          ))}
        </svg>
      </div>
      <meter
        min={0}
        max={1}
        value={Math.min(1, look?.score ?? 0)}
        aria-label={texts.settings.sensitivityLive}
      />
      <p class={look?.moving === true ? 'is-moving' : ''}>{says}</p>
    </div>
  )
}
