/** The first owner: the key is made here, its words are written down, and only its public half leaves the page. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Credential, EnrolBody, EnrolOffer, Me } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp } from '../app/context.ts'
import { forgetCode } from '../app/route.ts'
import { beginSession } from '../app/session.ts'
import { useTask } from '../app/use-task.ts'
import { signRecipients } from '../crypto/documents.ts'
import { keyFromSecret, makeSecret, type HouseKey } from '../keys/house-key.ts'
import { proveKey } from '../keys/proof.ts'
import { secretOf } from '../keys/words.ts'
import { texts } from '../texts.ts'
import { Button, Field, Problem, Waiting } from '../ui/parts.tsx'
import { ChooseCredential } from './choose-credential.tsx'
import { Gate } from './gate.tsx'
import { NewKey } from './new-key.tsx'

type Step =
  | { readonly at: 'name' }
  | { readonly at: 'words'; readonly name: string; readonly secret: Uint8Array }
  | { readonly at: 'credential'; readonly name: string; readonly key: HouseKey }

export function Enrol({ secret }: { readonly secret: string }): JSX.Element {
  const app = useApp()
  const [offer, setOffer] = useState<EnrolOffer>()
  const [step, setStep] = useState<Step>({ at: 'name' })
  const checking = useTask()
  useEffect(
    () =>
      checking.run(async () =>
        setOffer(await ask<EnrolOffer>('POST', '/api/enrol/check', { body: { secret } })),
      ),
    [secret],
  )
  const enrol = async (name: string, key: HouseKey, credential: Credential): Promise<void> => {
    const body = await enrolBody({ secret, name, key, credential, hasOwner: offer?.hasOwner === true })
    const me = await ask<Me>('POST', '/api/enrol', { body })
    await beginSession(app.session, me, { key })
    forgetCode()
    app.notice.set(texts.enrol.sealed)
  }
  if (offer === undefined)
    return (
      <Gate title={texts.enrol.title}>
        {checking.problem === undefined ? (
          <Waiting says={texts.enrol.checking} />
        ) : (
          <Problem says={`${texts.enrol.wrongCode} (${checking.problem})`} />
        )}
      </Gate>
    )
  if (step.at === 'name')
    return (
      <NameStep
        offer={offer}
        onNew={(name) => setStep({ at: 'words', name, secret: makeSecret() })}
        onKnown={(name, key) => setStep({ at: 'credential', name, key })}
      />
    )
  if (step.at === 'words')
    return (
      <Gate title={texts.enrol.wordsTitle}>
        <NewKey secret={step.secret} onReady={(key) => setStep({ at: 'credential', name: step.name, key })} />
      </Gate>
    )
  return (
    <Gate title={texts.credential.title}>
      <ChooseCredential
        finish={texts.credential.finish}
        onChosen={(credential) => enrol(step.name, step.key, credential)}
      />
    </Gate>
  )
}

/** On a new device the first signed list of recipients; on one that has an owner, a proof that the key is theirs. */
async function enrolBody(given: {
  readonly secret: string
  readonly name: string
  readonly key: HouseKey
  readonly credential: Credential
  readonly hasOwner: boolean
}): Promise<EnrolBody> {
  const { secret, name, key, credential } = given
  const shared = { secret, name, recipient: key.recipient, credential }
  if (!given.hasOwner)
    return { ...shared, recipients: await signRecipients([{ key: key.recipient, name }], key.signer) }
  const { challenge } = await ask<EnrolOffer>('POST', '/api/enrol/check', { body: { secret } })
  return { ...shared, proof: await proveKey(challenge, key.signer) }
}

function NameStep(props: {
  readonly offer: EnrolOffer
  readonly onNew: (name: string) => void
  readonly onKnown: (name: string, key: HouseKey) => void
}): JSX.Element {
  const { offer } = props
  const [name, setName] = useState('')
  const [typed, setTyped] = useState('')
  const task = useTask()
  const go = (): void => {
    const trimmed = name.trim()
    if (offer.hasOwner) task.run(async () => props.onKnown(trimmed, await keyFromSecret(secretOf(typed))))
    else props.onNew(trimmed)
  }
  return (
    <Gate title={texts.enrol.title}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          go()
        }}
      >
        <p class="lead">{offer.hasOwner ? texts.enrol.hasOwner : texts.enrol.lead(offer.device.name)}</p>
        <Field
          label={texts.enrol.name}
          hint={texts.enrol.nameHint}
          value={name}
          onInput={setName}
          autocomplete="nickname"
          maxLength={60}
        />
        {offer.hasOwner && (
          <Field
            label={texts.words.label}
            hint={texts.words.hint}
            value={typed}
            onInput={setTyped}
            lines={5}
          />
        )}
        <Problem says={task.problem} />
        <Button
          type="submit"
          kind="main"
          wide
          isBusy={task.isBusy}
          isOff={name.trim() === '' || (offer.hasOwner && typed.trim() === '')}
        >
          {offer.hasOwner ? texts.next : texts.enrol.begin}
        </Button>
      </form>
    </Gate>
  )
}
