/** Before the recordings: where they are, and the key that opens them. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Store } from '../app/store.ts'
import { useTask } from '../app/use-task.ts'
import type { CloudAccess, KeptAccess } from '../cloud/access.ts'
import { keyFromSecret } from '../keys/house-key.ts'
import { Gate } from '../screens/gate.tsx'
import { texts } from '../texts.ts'
import { Button, Card, Field, Problem, Switch } from '../ui/parts.tsx'
import { takeAccess, takeKey, type Stage } from './start.ts'

type Props = { readonly stage: Store<Stage> }
const t = texts.cloud

export function AccessGate({
  stage,
  problem,
}: Props & { readonly problem: string | undefined }): JSX.Element {
  const [isTyping, setTyping] = useState(false)
  const task = useTask()
  const take = (json: string): void => task.run(() => takeAccess(stage, json))
  return (
    <Gate title={t.openTitle}>
      <p class="lead">{t.openLead}</p>
      <Problem says={task.problem ?? problem} />
      <Card title={t.accessTitle}>
        <div class="field">
          <label for="access-file">{t.accessFile}</label>
          <input
            id="access-file"
            type="file"
            accept=".json,application/json"
            aria-describedby="access-file-hint"
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? []
              if (file !== undefined) task.run(async () => takeAccess(stage, await file.text()))
            }}
          />
          <p class="hint" id="access-file-hint">
            {t.accessFileHint}
          </p>
        </div>
        {isTyping ? (
          <TypedAccess isBusy={task.isBusy} onGo={take} />
        ) : (
          <Button wide onClick={() => setTyping(true)}>
            {t.accessType}
          </Button>
        )}
      </Card>
    </Gate>
  )
}

const EMPTY: CloudAccess = {
  format: 'lintel-cloud-access/1',
  endpoint: '',
  bucket: '',
  region: 'us-east-1',
  pathStyle: true,
  accessKeyId: '',
  secretAccessKey: '',
}

function TypedAccess(props: {
  readonly isBusy: boolean
  readonly onGo: (json: string) => void
}): JSX.Element {
  const [typed, setTyped] = useState(EMPTY)
  const field = (name: 'endpoint' | 'bucket' | 'region' | 'accessKeyId' | 'secretAccessKey') => ({
    value: typed[name],
    onInput: (value: string) => setTyped({ ...typed, [name]: value.trim().replace(/\/$/, '') }),
  })
  const isWhole =
    typed.endpoint !== '' && typed.bucket !== '' && typed.accessKeyId !== '' && typed.secretAccessKey !== ''
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        props.onGo(JSON.stringify(typed))
      }}
    >
      <Field label={t.endpoint} hint={t.endpointHint} {...field('endpoint')} />
      <Field label={t.bucket} {...field('bucket')} />
      <Field label={t.region} {...field('region')} />
      <Field label={t.keyId} {...field('accessKeyId')} />
      <Field label={t.secret} hint={t.secretHint} type="password" {...field('secretAccessKey')} />
      <Switch
        label={t.pathStyle}
        isOn={typed.pathStyle}
        onChange={(pathStyle) => setTyped({ ...typed, pathStyle })}
      />
      <Button type="submit" kind="main" wide isBusy={props.isBusy} isOff={!isWhole}>
        {t.connect}
      </Button>
    </form>
  )
}

export function KeyGate({ stage, access }: Props & { readonly access: KeptAccess }): JSX.Element {
  const [typed, setTyped] = useState('')
  const task = useTask()
  const put = (): void =>
    task.run(async () => {
      const { secretOf } = await import('../keys/words.ts')
      await takeKey(stage, access, await keyFromSecret(secretOf(typed)))
    })
  return (
    <Gate title={t.keyTitle}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          put()
        }}
      >
        <p class="lead">{t.keyWhy}</p>
        <Field label={texts.words.label} hint={texts.words.hint} value={typed} onInput={setTyped} lines={5} />
        <Problem says={task.problem} />
        <Button type="submit" kind="main" wide isBusy={task.isBusy} isOff={typed.trim() === ''}>
          {t.putKey}
        </Button>
      </form>
    </Gate>
  )
}
