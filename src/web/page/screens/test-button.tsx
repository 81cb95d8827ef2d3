import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { TestBody, TestReply } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useSignedIn } from '../app/context.ts'
import { useTask } from '../app/use-task.ts'
import { Icon } from '../ui/icons.tsx'
import { Button, Problem } from '../ui/parts.tsx'

/** Tries it on the device, and says how it went. */
export function TestButton({
  what,
  text,
}: {
  readonly what: TestBody['what']
  readonly text: string
}): JSX.Element | null {
  const { me } = useSignedIn()
  const [reply, setReply] = useState<TestReply>()
  const task = useTask()
  if (me.role !== 'owner') return null
  const test = (): void =>
    task.run(async () => {
      setReply(undefined)
      setReply(await ask<TestReply>('POST', '/api/settings/test', { body: { what } }))
    })
  return (
    <div class="test">
      <Button isBusy={task.isBusy} onClick={test}>
        {text}
      </Button>
      {reply !== undefined && (
        <p class={`verdict ${reply.ok ? 'genuine' : 'wrong'}`} role="status">
          <Icon name={reply.ok ? 'check' : 'warn'} />
          <span>{reply.message}</span>
        </p>
      )}
      <Problem says={task.problem} />
    </div>
  )
}
