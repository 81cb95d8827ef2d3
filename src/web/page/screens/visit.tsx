/** One visit: its clips, and what one may do with them. */
import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useApp, useSignedIn } from '../app/context.ts'
import { spanText, whenText } from '../app/format.ts'
import { linkTo } from '../app/route.ts'
import { useStore } from '../app/store.ts'
import { groupVisits, visitNamed, type Visit } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Heading, LinkButton, Problem, Waiting } from '../ui/parts.tsx'
import { ClipActions } from './clip-actions.tsx'
import { Player } from './player.tsx'
import { visitTitle } from './visit-row.tsx'

export function VisitScreen({ visit: id }: { readonly visit: string }): JSX.Element {
  const { shelf } = useApp()
  const { clips, state, more } = useStore(shelf.now)
  const visits = useMemo(() => groupVisits(clips), [clips])
  const visit = visitNamed(visits, id)
  useEffect(() => {
    // An address that was kept may lead to a visit from long ago.
    if (visit === undefined && state === 'there' && more) void shelf.loadOlder()
  }, [visit, state, more, clips.length])
  if (visit !== undefined) return <Shown visit={visit} />
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

function Shown({ visit }: { readonly visit: Visit }): JSX.Element {
  const { key } = useSignedIn()
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
      {key === undefined ? (
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
