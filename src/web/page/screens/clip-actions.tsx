/** Download, share, keep, delete: each says what it means before it is done. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ask } from '../app/api-client.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { goTo, linkTo } from '../app/route.ts'
import { useTask } from '../app/use-task.ts'
import { grantFor, saveFile } from '../clips/take-away.ts'
import type { KnownClip, Visit } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Button, Dialog, Field, Problem } from '../ui/parts.tsx'
import { Download } from './download.tsx'

export function ClipActions(props: {
  readonly clip: KnownClip
  readonly visit: Visit
  readonly fromUnixMs?: number
}): JSX.Element {
  const { facts, problem } = props.clip
  const { me, key } = useSignedIn()
  const [asking, setAsking] = useState<'share' | 'delete'>()
  const isOwner = me.role === 'owner'
  const canOpen = problem === undefined && key !== undefined
  return (
    <div class="actions">
      {canOpen && <Download clip={props.clip} fromUnixMs={props.fromUnixMs ?? 0} />}
      {canOpen && isOwner && (
        <Button icon="share" isOff={facts.phase === 'growing'} onClick={() => setAsking('share')}>
          {texts.player.share}
        </Button>
      )}
      <Hold clip={props.clip} />
      {isOwner && (
        <Button icon="delete" kind="danger" onClick={() => setAsking('delete')}>
          {texts.player.delete}
        </Button>
      )}
      {facts.held && <p class="hint">{texts.player.held}</p>}
      {asking === 'share' && <ShareDialog clip={props.clip} onClose={() => setAsking(undefined)} />}
      {asking === 'delete' && <DeleteDialog visit={props.visit} onClose={() => setAsking(undefined)} />}
    </div>
  )
}

function Hold({ clip }: { readonly clip: KnownClip }): JSX.Element {
  const { shelf } = useApp()
  const task = useTask()
  const { clip: id, held } = clip.facts
  const turn = (): void =>
    task.run(async () => {
      await ask<undefined>('PUT', `/api/clips/${id}/hold`, { body: { held: !held } })
      await shelf.refresh(id)
    })
  return (
    <>
      <Button icon="hold" isBusy={task.isBusy} isPressed={held} onClick={turn}>
        {held ? texts.player.release : texts.player.hold}
      </Button>
      <Problem says={task.problem} />
    </>
  )
}

function ShareDialog({
  clip,
  onClose,
}: {
  readonly clip: KnownClip
  readonly onClose: () => void
}): JSX.Element {
  const { shelf } = useApp()
  const { key } = useSignedIn()
  const [name, setName] = useState('')
  const [to, setTo] = useState('')
  const [isDone, setDone] = useState(false)
  const task = useTask()
  const share = (): void =>
    task.run(async () => {
      if (key === undefined) throw new Error(texts.player.shareNoKey)
      const grant = await grantFor(shelf.opener, clip.facts, { key, to: to.trim() })
      await shelf.source.tell(clip.facts.clip, { what: 'shared', grant, to: name.trim() })
      saveFile(new Blob([grant], { type: 'text/plain' }), `clip-${clip.facts.clip.slice(0, 8)}.grant`)
      setDone(true)
    })
  return (
    <Dialog title={texts.player.shareTitle} onClose={onClose}>
      {isDone ? (
        <p role="status">{texts.player.shareDone}</p>
      ) : (
        <>
          <p>{texts.player.shareMeans}</p>
          <Field label={texts.player.shareName} value={name} onInput={setName} maxLength={60} />
          <Field label={texts.player.shareTo} hint={texts.player.shareToHint} value={to} onInput={setTo} />
          <Problem says={task.problem} />
        </>
      )}
      <div class="dialog-buttons">
        <Button onClick={onClose}>{isDone ? texts.close : texts.cancel}</Button>
        {!isDone && (
          <Button
            kind="main"
            isBusy={task.isBusy}
            isOff={to.trim() === '' || name.trim() === ''}
            onClick={share}
          >
            {texts.player.shareGo}
          </Button>
        )}
      </div>
    </Dialog>
  )
}

function DeleteDialog({
  visit,
  onClose,
}: {
  readonly visit: Visit
  readonly onClose: () => void
}): JSX.Element {
  const { shelf } = useApp()
  const task = useTask()
  const obstacle = visit.isHeld
    ? texts.player.deleteHeld
    : visit.isGrowing
      ? texts.player.deleteGrowing
      : undefined
  const remove = (): void =>
    task.run(async () => {
      for (const { facts } of visit.clips) {
        await ask<undefined>('DELETE', `/api/clips/${facts.clip}`)
        shelf.forget(facts.clip)
      }
      goTo(linkTo('visits'))
    })
  return (
    <Dialog title={texts.player.deleteTitle} onClose={onClose}>
      <p>{obstacle ?? texts.player.deleteMeans}</p>
      <Problem says={task.problem} />
      <div class="dialog-buttons">
        <Button onClick={onClose}>{texts.cancel}</Button>
        {obstacle === undefined && (
          <Button kind="danger" isBusy={task.isBusy} onClick={remove}>
            {texts.player.delete}
          </Button>
        )}
      </div>
    </Dialog>
  )
}
