import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { pushState, switchPushOff, switchPushOn, type PushState } from '../app/push.ts'
import { useTask } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Button, Card, Problem } from '../ui/parts.tsx'
import { WordsSetting } from './setting-fields.tsx'
import type { Desk } from './settings.tsx'
import { TestButton } from './test-button.tsx'

export function Notices({ desk }: { readonly desk: Desk }): JSX.Element {
  return (
    <Card title={texts.settings.notices}>
      <WordsSetting desk={desk} setting="visit.notify" label={texts.settings.notifyAbout} />
      <PushHere />
    </Card>
  )
}

function PushHere(): JSX.Element {
  const [state, setState] = useState<PushState>()
  const task = useTask()
  useEffect(() => task.run(async () => setState(await pushState())), [])
  const words: Readonly<Record<PushState, string>> = {
    missing: texts.settings.pushMissing,
    denied: texts.settings.pushDenied,
    off: texts.settings.pushAbout,
    on: texts.settings.pushIsOn,
  }
  return (
    <div class="stack">
      <h3>{texts.settings.push}</h3>
      <p class="hint">{state === undefined ? texts.loading : words[state]}</p>
      <Problem says={task.problem} />
      {state === 'off' && (
        <Button isBusy={task.isBusy} onClick={() => task.run(async () => setState(await switchPushOn()))}>
          {texts.settings.pushOn}
        </Button>
      )}
      {state === 'on' && (
        <>
          <Button isBusy={task.isBusy} onClick={() => task.run(async () => setState(await switchPushOff()))}>
            {texts.settings.pushOff}
          </Button>
          <TestButton what="push" text={texts.settings.testPush} />
        </>
      )}
    </div>
  )
}
