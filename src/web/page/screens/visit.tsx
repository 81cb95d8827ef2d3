/** One visit: its clips, and what one may do with them. */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { spanText, whenText } from '../app/format.ts'
import { linkTo } from '../app/route.ts'
import { useShelf } from '../app/shelf-context.ts'
import { useStore } from '../app/store.ts'
import { groupVisits, visitNamed, type KnownClip, type Visit } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Heading, LinkButton, Problem, Waiting } from '../ui/parts.tsx'
import { Player } from './player.tsx'
import { visitTitle } from './visit-row.tsx'

/** What one may do with a clip: more at the doorbell than with the store alone. */
export type ActionsProps = {
  readonly clip: KnownClip
  readonly visit: Visit
  readonly fromUnixMs?: number
}
type Actions = ComponentType<ActionsProps>

export function VisitScreen(props: {
  readonly visit: string
  readonly hasKey: boolean
  readonly actions: Actions
}): JSX.Element {
  const { visit: id, ...rest } = props
  const shelf = useShelf()
  const { clips, state, more } = useStore(shelf.now)
  const visits = useMemo(() => groupVisits(clips), [clips])
  const visit = visitNamed(visits, id)
  useEffect(() => {
    // An address that was kept may lead to a visit from long ago.
    if (visit === undefined && state === 'there' && more) void shelf.loadOlder()
  }, [visit, state, more, clips.length])
  if (visit !== undefined) return <Shown visit={visit} {...rest} />
  return (
    <div class="visit-screen">
      <BackLink />
      {state === 'there' && !more ? <p class="muted">{texts.player.gone}</p> : <Waiting />}
    </div>
  )
}

const BackLink = (): JSX.Element => (
  <a class="back-link" href={linkTo('visits')}>
    <Icon name="back" /> {texts.places.visits}
  </a>
)

function Shown(props: {
  readonly visit: Visit
  readonly hasKey: boolean
  readonly actions: Actions
}): JSX.Element {
  const { visit, hasKey, actions: ClipActions } = props
  const [index, setIndex] = useState(0)
  const clip = visit.clips[Math.min(index, visit.clips.length - 1)]
  const meta = clip?.meta
  return (
    <div class="visit-screen">
      <BackLink />
      <header class="screen-head">
        <Heading text={visitTitle(visit)} />
        <p class="muted">
          {visit.problem === undefined && whenText(visit.fromUnixMs)}
          {visit.problem === undefined && ` · ${spanText(visit.toUnixMs - visit.fromUnixMs)}`}
        </p>
      </header>
      {!hasKey ? (
        <>
          <Problem says={texts.player.noKeyHere} />
          <LinkButton to={linkTo('you')}>{texts.player.typeWords}</LinkButton>
        </>
      ) : (
        <Problem says={visit.problem} />
      )}
      {clip !== undefined && clip.problem === undefined && (
        <Player
          key={clip.facts.clip}
          clip={clip}
          onEnded={() => {
            if (index < visit.clips.length - 1) setIndex(index + 1)
          }}
        />
      )}
      {visit.clips.length > 1 && (
        <div class="clip-tabs" role="group" aria-label={texts.player.title}>
          {visit.clips.map(({ facts }, n) => (
            <Button key={facts.clip} isPressed={n === index} onClick={() => setIndex(n)}>
              {texts.player.clipOf(n + 1, visit.clips.length)}
            </Button>
          ))}
        </div>
      )}
      {clip !== undefined && (
        <ClipActions
          clip={clip}
          visit={visit}
          {...(meta === undefined ? {} : { fromUnixMs: meta.fromUnixMs })}
        />
      )}
    </div>
  )
}
