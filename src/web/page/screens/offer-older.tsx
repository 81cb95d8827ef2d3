/** Opens older clips for somebody who has joined: a note for each, no video is copied. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Member } from '../../api.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { useStore } from '../app/store.ts'
import { useTask } from '../app/use-task.ts'
import { grantFor } from '../clips/take-away.ts'
import { texts } from '../texts.ts'
import { Button, Card, Problem } from '../ui/parts.tsx'

export function OfferOlder({
  member,
  onDone,
}: {
  readonly member: Member
  readonly onDone: () => void
}): JSX.Element {
  const { shelf, notice } = useApp()
  const { key } = useSignedIn()
  const { clips } = useStore(shelf.now)
  const [done, setDone] = useState(0)
  const task = useTask()
  const open = clips.filter(({ facts, problem }) => problem === undefined && facts.phase !== 'growing')
  const give = (): void =>
    task.run(async () => {
      const to = member.recipient
      if (key === undefined || to === undefined) return
      for (const [n, { facts }] of open.entries()) {
        const grant = await grantFor(shelf.opener, facts, { key, to })
        await shelf.source.tell(facts.clip, { what: 'shared', grant, to: member.name })
        setDone(n + 1)
      }
      notice.set(texts.people.given(open.length))
      onDone()
    })
  return (
    <Card title={texts.people.offerOld(member.name)} name="asks">
      <p>{texts.people.offerOldAbout(open.length)}</p>
      <Problem says={task.problem} />
      <div class="buttons">
        <Button kind="main" isBusy={task.isBusy} isOff={open.length === 0} onClick={give}>
          {task.isBusy ? texts.people.giving(done, open.length) : texts.people.giveOld}
        </Button>
        <Button isOff={task.isBusy} onClick={onDone}>
          {texts.people.notOld}
        </Button>
      </div>
    </Card>
  )
}
