/** Zones, drawn on the live picture: by finger, by mouse, or with the arrow keys. */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { SettingsReply } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp } from '../app/context.ts'
import { goTo, linkTo } from '../app/route.ts'
import { useLoaded, useTask } from '../app/use-task.ts'
import {
  addCorner,
  CORNERS_MIN,
  moveCorner,
  newZone,
  removeCorner,
  zonesFrom,
  type Zone,
  type ZoneMode,
} from '../clips/zone-shapes.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Card, Choice, Field, Heading, Problem, Show } from '../ui/parts.tsx'
import { LiveView } from './live-view.tsx'

const STEP = 0.01
const STEP_LARGE = 0.05

type Chosen = { readonly zone: number; readonly corner: number }

export function Zones(): JSX.Element {
  const { loaded, again } = useLoaded(() => ask<SettingsReply>('GET', '/api/settings'), [])
  return (
    <div class="zones">
      <a class="back-link" href={linkTo('settings')}>
        <Icon name="back" /> {texts.places.settings}
      </a>
      <header class="screen-head">
        <Heading text={texts.zones.title} />
      </header>
      <p class="muted">{texts.zones.lead}</p>
      <Show loaded={loaded} again={again}>
        {({ settings }) => (
          <Editor first={zonesFrom(settings.find(({ key }) => key === 'detect.zones')?.value)} />
        )}
      </Show>
    </div>
  )
}

function Editor({ first }: { readonly first: readonly Zone[] }): JSX.Element {
  const { notice } = useApp()
  const [zones, setZones] = useState(first)
  const [chosen, setChosen] = useState<Chosen>({ zone: 0, corner: 0 })
  const task = useTask()
  const zone = zones[chosen.zone]
  const put = (changed: Zone): void => setZones(zones.with(chosen.zone, changed))
  const save = (): void =>
    task.run(async () => {
      await ask<SettingsReply>('PUT', '/api/settings', { body: { set: { 'detect.zones': zones } } })
      notice.set(texts.settings.saved)
      goTo(linkTo('settings'))
    })
  const add = (): void => {
    setZones([...zones, newZone(zones, texts.zones.newName)])
    setChosen({ zone: zones.length, corner: 0 })
  }
  return (
    <>
      <Canvas zones={zones} chosen={chosen} onChoose={setChosen} onChange={setZones} />
      <div class="clip-tabs" role="group" aria-label={texts.zones.title}>
        {zones.map(({ name }, n) => (
          <Button key={n} isPressed={n === chosen.zone} onClick={() => setChosen({ zone: n, corner: 0 })}>
            {name}
          </Button>
        ))}
        <Button icon="add" isOff={zones.length >= 16} onClick={add}>
          {texts.zones.add}
        </Button>
      </div>
      {zone === undefined ? (
        <p class="muted">{texts.zones.none}</p>
      ) : (
        <ZoneCard
          zone={zone}
          corner={chosen.corner}
          onChange={put}
          onCorner={(corner) => setChosen({ ...chosen, corner })}
          onRemove={() => {
            setZones(zones.toSpliced(chosen.zone, 1))
            setChosen({ zone: 0, corner: 0 })
          }}
        />
      )}
      <Problem says={task.problem} />
      <div class="buttons">
        <Button kind="main" isBusy={task.isBusy} onClick={save}>
          {texts.save}
        </Button>
        <Button onClick={() => goTo(linkTo('settings'))}>{texts.cancel}</Button>
      </div>
    </>
  )
}

function ZoneCard(props: {
  readonly zone: Zone
  readonly corner: number
  readonly onChange: (zone: Zone) => void
  readonly onCorner: (corner: number) => void
  readonly onRemove: () => void
}): JSX.Element {
  const { zone, corner, onChange } = props
  const modes = (['watch', 'ignore', 'private'] as const).map((value) => ({
    value,
    text: texts.zones.modes[value] ?? value,
    about: texts.zones.modeAbout[value] ?? '',
  }))
  return (
    <Card>
      <Field
        label={texts.zones.name}
        value={zone.name}
        maxLength={40}
        onInput={(name) => onChange({ ...zone, name })}
      />
      <Choice<ZoneMode>
        label={texts.zones.mode}
        value={zone.mode}
        options={modes}
        onChange={(mode) => onChange({ ...zone, mode })}
      />
      <div class="buttons">
        <Button
          onClick={() => {
            onChange(addCorner(zone, corner))
            props.onCorner(corner + 1)
          }}
        >
          {texts.zones.addCorner}
        </Button>
        <Button
          isOff={zone.points.length <= CORNERS_MIN}
          onClick={() => {
            onChange(removeCorner(zone, corner))
            props.onCorner(0)
          }}
        >
          {texts.zones.removeCorner}
        </Button>
        <Button kind="danger" onClick={props.onRemove}>
          {texts.zones.remove}
        </Button>
      </div>
      {zone.points.length <= CORNERS_MIN && <p class="hint">{texts.zones.least}</p>}
    </Card>
  )
}

function Canvas(props: {
  readonly zones: readonly Zone[]
  readonly chosen: Chosen
  readonly onChoose: (chosen: Chosen) => void
  readonly onChange: (zones: readonly Zone[]) => void
}): JSX.Element {
  const { zones, chosen } = props
  const frame = useRef<HTMLDivElement>(null)
  return (
    <div class="zones-picture" ref={frame} role="group" aria-label={texts.zones.picture}>
      <LiveView />
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        {zones.map((zone, n) => (
          <polygon
            key={n}
            class={`zone ${zone.mode} ${n === chosen.zone ? 'is-chosen' : ''}`}
            points={zone.points.map(([x, y]) => `${x * 100},${y * 100}`).join(' ')}
            onPointerDown={() => props.onChoose({ zone: n, corner: 0 })}
          />
        ))}
      </svg>
      {zones[chosen.zone]?.points.map((_, corner) => (
        <Corner key={corner} {...props} corner={corner} frame={frame} />
      ))}
    </div>
  )
}

function Corner(props: {
  readonly zones: readonly Zone[]
  readonly chosen: Chosen
  readonly corner: number
  readonly frame: { readonly current: HTMLElement | null }
  readonly onChoose: (chosen: Chosen) => void
  readonly onChange: (zones: readonly Zone[]) => void
}): JSX.Element | null {
  const { zones, chosen, corner } = props
  const button = useRef<HTMLButtonElement>(null)
  const isChosen = corner === chosen.corner
  useEffect(() => {
    if (isChosen && document.activeElement?.classList.contains('corner') === true) button.current?.focus()
  }, [isChosen])
  const zone = zones[chosen.zone]
  const point = zone?.points[corner]
  if (zone === undefined || point === undefined) return null
  const [x, y] = point
  const choose = (): void => props.onChoose({ ...chosen, corner })
  const moveTo = (to: readonly [number, number]): void =>
    props.onChange(zones.with(chosen.zone, moveCorner(zone, corner, to)))
  const drag = (event: PointerEvent): void => {
    const box = props.frame.current?.getBoundingClientRect()
    if (box === undefined || button.current?.hasPointerCapture(event.pointerId) !== true) return
    moveTo([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height])
  }
  return (
    <button
      ref={button}
      type="button"
      class={`corner ${isChosen ? 'is-chosen' : ''}`}
      style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
      aria-label={texts.zones.corner(corner + 1, zone.name)}
      aria-pressed={isChosen}
      onClick={choose}
      onFocus={choose}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        choose()
      }}
      onPointerMove={drag}
      onKeyDown={(event) => {
        const step = event.shiftKey ? STEP_LARGE : STEP
        const by = {
          ArrowLeft: [-step, 0],
          ArrowRight: [step, 0],
          ArrowUp: [0, -step],
          ArrowDown: [0, step],
        }[event.key]
        if (by === undefined) return
        event.preventDefault()
        moveTo([x + (by[0] ?? 0), y + (by[1] ?? 0)])
      }}
    />
  )
}
