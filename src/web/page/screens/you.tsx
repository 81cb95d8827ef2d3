/** Oneself: the key in this browser, how one signs in, appearance, signing out. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Me } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { whenText } from '../app/format.ts'
import { beginSession, endSession, isOwnKey } from '../app/session.ts'
import { useTask } from '../app/use-task.ts'
import { keyFromSecret } from '../keys/house-key.ts'
import { askChallenge, hasPasskeys, makePasskey } from '../keys/passkeys.ts'
import { texts } from '../texts.ts'
import { Button, Card, CopyButton, Field, Heading, LinkButton, Problem } from '../ui/parts.tsx'
import { Appearance } from './appearance.tsx'

export function You(): JSX.Element {
  const { me } = useSignedIn()
  return (
    <div class="you">
      <header class="screen-head">
        <Heading text={me.name} />
        <p class="muted">
          {texts.people.roles[me.role]}
          {me.untilUnixMs !== undefined && ` · ${texts.you.guestUntil(whenText(me.untilUnixMs))}`}
        </p>
      </header>
      {me.role !== 'guest' && <KeyCard />}
      <SignInCard />
      <Appearance />
      <Card title={texts.you.rootCertificate}>
        <p>{texts.you.rootAbout}</p>
        <LinkButton to="./root.crt">{texts.you.rootGet}</LinkButton>
      </Card>
      <SignOut />
    </div>
  )
}

function KeyCard(): JSX.Element {
  const { me, key } = useSignedIn()
  const says =
    key === undefined
      ? texts.you.keyMissing
      : !isOwnKey(me, key)
        ? texts.you.keyOther
        : key.kept.kind === 'native'
          ? texts.you.keyHere
          : texts.you.keyWrapped
  const recipient = me.recipient ?? key?.recipient
  return (
    <Card title={texts.you.key}>
      <p>{says}</p>
      {recipient !== undefined && (
        <>
          <p class="hint">{texts.you.recipient}</p>
          <p class="code">{recipient}</p>
          <CopyButton value={recipient} />
        </>
      )}
      {(key === undefined || !isOwnKey(me, key)) && <TypeWords />}
    </Card>
  )
}

function TypeWords(): JSX.Element {
  const { session, notice, shelf } = useApp()
  const { me } = useSignedIn()
  const [typed, setTyped] = useState('')
  const task = useTask()
  const put = (): void =>
    task.run(async () => {
      const { secretOf } = await import('../keys/words.ts')
      const key = await keyFromSecret(secretOf(typed))
      if (!isOwnKey(me, key)) throw new Error(texts.you.wrongKey)
      await beginSession(session, me, { key })
      notice.set(texts.you.keyPut)
      await shelf.load()
    })
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        put()
      }}
    >
      <Field label={texts.you.typeWords} hint={texts.words.hint} value={typed} onInput={setTyped} lines={5} />
      <Problem says={task.problem} />
      <Button type="submit" kind="main" isBusy={task.isBusy} isOff={typed.trim() === ''}>
        {texts.you.putKey}
      </Button>
    </form>
  )
}

function SignInCard(): JSX.Element {
  const { session, notice } = useApp()
  const { me } = useSignedIn()
  const task = useTask()
  const add = (): void =>
    task.run(async () => {
      const challenge = await askChallenge()
      if (!hasPasskeys(challenge)) throw new Error(texts.credential.noPasskey)
      await ask<undefined>('POST', '/api/passkeys', { body: await makePasskey(challenge) })
      await beginSession(session, await ask<Me>('GET', '/api/me'))
      notice.set(texts.you.passkeyAdded)
    })
  return (
    <Card title={texts.you.signIn}>
      <p>
        {texts.you.passkeys(me.passkeys)} {me.hasPassphrase && texts.you.hasPassphrase}
      </p>
      <Problem says={task.problem} />
      <Button isBusy={task.isBusy} onClick={add}>
        {texts.you.addPasskey}
      </Button>
    </Card>
  )
}

function SignOut(): JSX.Element {
  const { session } = useApp()
  const task = useTask()
  const end = (forget: boolean): void => task.run(() => endSession(session, { forget }))
  return (
    <Card>
      <Problem says={task.problem} />
      <div class="buttons">
        <Button isBusy={task.isBusy} onClick={() => end(false)}>
          {texts.you.signOut}
        </Button>
        <Button kind="danger" isBusy={task.isBusy} onClick={() => end(true)}>
          {texts.you.forget}
        </Button>
      </div>
      <p class="hint">{texts.you.forgetMeans}</p>
    </Card>
  )
}
