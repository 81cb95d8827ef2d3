/** An invitation: for one person, shown once, as a link and as a QR code. */
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { encode } from 'uqr'
import type { InviteBody, InviteMade, Role } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { whenText } from '../app/format.ts'
import { useTask } from '../app/use-task.ts'
import { texts } from '../texts.ts'
import { Button, Card, Choice, CopyButton, Field, Problem } from '../ui/parts.tsx'

const DAY_MS = 86_400_000

export function InviteCard({ onMade }: { readonly onMade: () => void }): JSX.Element {
  const [made, setMade] = useState<InviteMade>()
  return (
    <Card title={made === undefined ? texts.people.invite : texts.people.invited(made.name)}>
      {made === undefined ? (
        <InviteForm
          onMade={(invite) => {
            setMade(invite)
            onMade()
          }}
        />
      ) : (
        <Made invite={made} onClose={() => setMade(undefined)} />
      )}
    </Card>
  )
}

function InviteForm({ onMade }: { readonly onMade: (made: InviteMade) => void }): JSX.Element {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('household')
  const [from, setFrom] = useState(() => localText(Date.now()))
  const [until, setUntil] = useState(() => localText(Date.now() + DAY_MS))
  const task = useTask()
  const make = (): void =>
    task.run(async () => {
      const times = { fromUnixMs: new Date(from).getTime(), untilUnixMs: new Date(until).getTime() }
      const body: InviteBody = { name: name.trim(), role, ...(role === 'guest' ? times : {}) }
      onMade(await ask<InviteMade>('POST', '/api/invites', { body }))
    })
  const options = (['household', 'guest', 'owner'] as const).map((value) => ({
    value,
    text: texts.people.roles[value],
    about: texts.people.roleAbout[value],
  }))
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        make()
      }}
    >
      <Field label={texts.people.inviteName} value={name} onInput={setName} maxLength={60} />
      <Choice label={texts.people.inviteRole} value={role} options={options} onChange={setRole} />
      {role === 'guest' && (
        <div class="pair">
          <Field label={texts.people.from} type="datetime-local" value={from} onInput={setFrom} />
          <Field label={texts.people.until} type="datetime-local" value={until} onInput={setUntil} />
        </div>
      )}
      <Problem says={task.problem} />
      <Button type="submit" kind="main" icon="add" isBusy={task.isBusy} isOff={name.trim() === ''}>
        {texts.people.makeInvite}
      </Button>
    </form>
  )
}

function Made({
  invite,
  onClose,
}: {
  readonly invite: InviteMade
  readonly onClose: () => void
}): JSX.Element {
  const link = `${location.origin}${location.pathname}#join=${invite.code}`
  return (
    <div class="stack">
      <p>
        {texts.people.inviteOnce} ({texts.people.expires(whenText(invite.expiresUnixMs))})
      </p>
      <QrCode text={link} label={texts.people.qr} />
      <p class="code" aria-label={texts.people.link}>
        {link}
      </p>
      <div class="buttons">
        <CopyButton value={link} />
        <Button onClick={onClose}>{texts.close}</Button>
      </div>
    </div>
  )
}

/** Drawn as one path of squares. */
function QrCode({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const { size, path } = useMemo(() => {
    const { data, size: width } = encode(text, { border: 2 })
    const squares = data.flatMap((row, y) =>
      row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
    )
    return { size: width, path: squares.join('') }
  }, [text])
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

/** As `datetime-local` wants it: in the time of this place. */
function localText(unixMs: number): string {
  const offsetMs = new Date(unixMs).getTimezoneOffset() * 60_000
  return new Date(unixMs - offsetMs).toISOString().slice(0, 16)
}
