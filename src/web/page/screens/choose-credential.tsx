/** How somebody will sign in: a passkey where there can be one, else a passphrase. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ChallengeReply, Credential } from '../../api.ts'
import { useTask } from '../app/use-task.ts'
import { askChallenge, hasPasskeys, makePasskey } from '../keys/passkeys.ts'
import { texts } from '../texts.ts'
import { Button, Field, Problem, Waiting } from '../ui/parts.tsx'

export const PASSPHRASE_LETTERS_MIN = 12

export function ChooseCredential(props: {
  readonly onChosen: (credential: Credential) => Promise<void>
  readonly finish: string
}): JSX.Element {
  const [challenge, setChallenge] = useState<ChallengeReply>()
  const [passphrase, setPassphrase] = useState('')
  const task = useTask()
  useEffect(() => task.run(async () => setChallenge(await askChallenge())), [])
  const byPasskey = (): void =>
    task.run(async () => {
      // A challenge is good once: ask for a fresh one when this one was used up.
      const fresh = challenge ?? (await askChallenge())
      setChallenge(undefined)
      try {
        await props.onChosen(await makePasskey(fresh))
      } finally {
        setChallenge(await askChallenge())
      }
    })
  const byPassphrase = (): void => task.run(() => props.onChosen({ kind: 'passphrase', passphrase }))
  if (challenge === undefined && !task.isBusy && task.problem === undefined) return <Waiting />
  const canPasskey = challenge === undefined || hasPasskeys(challenge)
  const isShort = passphrase.length < PASSPHRASE_LETTERS_MIN
  return (
    <div class="stack">
      {canPasskey ? (
        <>
          <Button kind="main" wide isBusy={task.isBusy} onClick={byPasskey}>
            {texts.credential.passkey}
          </Button>
          <p class="hint">{texts.credential.passkeyHint}</p>
        </>
      ) : (
        <p class="hint">{texts.credential.noPasskey}</p>
      )}
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          byPassphrase()
        }}
      >
        <Field
          label={texts.credential.passphraseLabel}
          type="password"
          autocomplete="new-password"
          value={passphrase}
          onInput={setPassphrase}
          hint={texts.credential.passphraseHint}
          problem={passphrase !== '' && isShort ? texts.credential.short(passphrase.length) : undefined}
        />
        <Button type="submit" wide kind={canPasskey ? 'plain' : 'main'} isOff={isShort} isBusy={task.isBusy}>
          {props.finish}
        </Button>
      </form>
      <Problem says={task.problem} />
    </div>
  )
}
