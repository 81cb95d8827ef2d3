/** Somebody who was invited: a key of their own, and how they sign in. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Credential, JoinBody, Me } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp } from '../app/context.ts'
import { forgetCode } from '../app/route.ts'
import { beginSession } from '../app/session.ts'
import { makeSecret, type HouseKey } from '../keys/house-key.ts'
import { texts } from '../texts.ts'
import { Button } from '../ui/parts.tsx'
import { ChooseCredential } from './choose-credential.tsx'
import { Gate } from './gate.tsx'
import { NewKey } from './new-key.tsx'

type Step =
  | { readonly at: 'begin' }
  | { readonly at: 'words'; readonly secret: Uint8Array }
  | { readonly at: 'credential'; readonly key?: HouseKey }

export function Join({ code }: { readonly code: string }): JSX.Element {
  const app = useApp()
  const [step, setStep] = useState<Step>({ at: 'begin' })
  const join = async (credential: Credential, key: HouseKey | undefined): Promise<void> => {
    const body: JoinBody = { code, credential, ...(key === undefined ? {} : { recipient: key.recipient }) }
    const me = await ask<Me>('POST', '/api/join', { body })
    await beginSession(app.session, me, key === undefined ? {} : { key })
    forgetCode()
  }
  if (step.at === 'begin')
    return (
      <Gate title={texts.join.title}>
        <div class="stack">
          <p class="lead">{texts.join.lead}</p>
          <p class="hint">{texts.join.ownKey}</p>
          <Button kind="main" wide onClick={() => setStep({ at: 'words', secret: makeSecret() })}>
            {texts.enrol.begin}
          </Button>
          <Button wide onClick={() => setStep({ at: 'credential' })}>
            {texts.join.guest}
          </Button>
        </div>
      </Gate>
    )
  if (step.at === 'words')
    return (
      <Gate title={texts.enrol.wordsTitle}>
        <NewKey secret={step.secret} onReady={(key) => setStep({ at: 'credential', key })} />
      </Gate>
    )
  return (
    <Gate title={texts.credential.title}>
      <ChooseCredential finish={texts.join.go} onChosen={(credential) => join(credential, step.key)} />
    </Gate>
  )
}
