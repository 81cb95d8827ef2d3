import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ChallengeReply, LoginBody, Me } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp } from '../app/context.ts'
import { beginSession } from '../app/session.ts'
import { useTask } from '../app/use-task.ts'
import { keyFromSecret, type HouseKey } from '../keys/house-key.ts'
import { askChallenge, hasPasskeys, usePasskey } from '../keys/passkeys.ts'
import { proveKey } from '../keys/proof.ts'
import { texts } from '../texts.ts'
import { Button, Field, Problem } from '../ui/parts.tsx'
import { Gate } from './gate.tsx'

type Way = 'choose' | 'passphrase' | 'words'

export function Login({ problem }: { readonly problem: string | undefined }): JSX.Element {
  const app = useApp()
  const [way, setWay] = useState<Way>('choose')
  const [challenge, setChallenge] = useState<ChallengeReply>()
  const task = useTask()
  useEffect(() => {
    if (problem === undefined) task.run(async () => setChallenge(await askChallenge()))
  }, [problem])
  const login = async (body: LoginBody, key?: HouseKey): Promise<void> => {
    const me = await ask<Me>('POST', '/api/login', { body })
    await beginSession(app.session, me, key === undefined ? {} : { key })
  }
  const byPasskey = (): void => task.run(async () => login(await usePasskey(await askChallenge())))
  const byWords = (typed: string): void =>
    task.run(async () => {
      const { secretOf } = await import('../keys/words.ts')
      const key = await keyFromSecret(secretOf(typed))
      await login({ kind: 'key', ...(await proveKey(await askChallenge(), key.signer)) }, key)
    })
  return (
    <Gate title={texts.login.title}>
      <div class="stack">
        <p class="hint">{texts.login.stranger}</p>
        <Problem says={task.problem ?? problem} />
        {problem !== undefined && <Button onClick={() => location.reload()}>{texts.again}</Button>}
        {challenge !== undefined && hasPasskeys(challenge) && (
          <Button kind="main" wide isBusy={task.isBusy} onClick={byPasskey}>
            {texts.login.passkey}
          </Button>
        )}
        {way === 'passphrase' ? (
          <ByPassphrase isBusy={task.isBusy} onGo={(body) => task.run(() => login(body))} />
        ) : (
          <Button wide onClick={() => setWay('passphrase')}>
            {texts.login.passphrase}
          </Button>
        )}
        {way === 'words' ? (
          <ByWords isBusy={task.isBusy} onGo={byWords} />
        ) : (
          <Button wide onClick={() => setWay('words')}>
            {texts.login.words}
          </Button>
        )}
      </div>
    </Gate>
  )
}

function ByPassphrase(props: {
  readonly isBusy: boolean
  readonly onGo: (body: LoginBody) => void
}): JSX.Element {
  const [name, setName] = useState('')
  const [passphrase, setPassphrase] = useState('')
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        props.onGo({ kind: 'passphrase', name: name.trim(), passphrase })
      }}
    >
      <Field label={texts.login.name} value={name} onInput={setName} autocomplete="username" />
      <Field
        label={texts.credential.passphraseLabel}
        type="password"
        value={passphrase}
        onInput={setPassphrase}
        autocomplete="current-password"
      />
      <Button type="submit" kind="main" wide isBusy={props.isBusy} isOff={name === '' || passphrase === ''}>
        {texts.login.go}
      </Button>
    </form>
  )
}

function ByWords(props: { readonly isBusy: boolean; readonly onGo: (typed: string) => void }): JSX.Element {
  const [typed, setTyped] = useState('')
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        props.onGo(typed)
      }}
    >
      <Field
        label={texts.words.label}
        hint={`${texts.words.hint}. ${texts.login.byWords}`}
        value={typed}
        onInput={setTyped}
        lines={5}
      />
      <Button type="submit" kind="main" wide isBusy={props.isBusy} isOff={typed.trim() === ''}>
        {texts.login.go}
      </Button>
    </form>
  )
}
