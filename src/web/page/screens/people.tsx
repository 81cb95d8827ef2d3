/** Who belongs here: members, guests, invitations, and where they are signed in. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Invite, Member, MembersReply, SessionFacts } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { useApp, useSignedIn } from '../app/context.ts'
import { whenText } from '../app/format.ts'
import { useLoaded, useTask } from '../app/use-task.ts'
import { changeRecipients, mayChange, withMember, withoutMember } from '../keys/recipients.ts'
import { texts } from '../texts.ts'
import { Button, Card, Dialog, Heading, Problem, Show } from '../ui/parts.tsx'
import { InviteCard } from './invite.tsx'
import { OfferOlder } from './offer-older.tsx'

type Loaded = { readonly reply: MembersReply; readonly canSign: boolean }

export function People(): JSX.Element {
  const { key } = useSignedIn()
  const { events } = useApp()
  const { loaded, again } = useLoaded<Loaded>(async () => {
    const reply = await ask<MembersReply>('GET', '/api/members')
    return { reply, canSign: await mayChange(reply.recipients, key) }
  }, [key])
  /** They are on the list now; what is left is the question of older visits. */
  const [added, setAdded] = useState<Member>()
  useEffect(() => events.hear((event) => (event.type === 'members' ? again() : undefined)), [])
  return (
    <div class="people">
      <header class="screen-head">
        <Heading text={texts.people.title} />
      </header>
      <Show loaded={loaded} again={again}>
        {({ reply, canSign }) => (
          <>
            {added !== undefined && <OfferOlder member={added} onDone={() => setAdded(undefined)} />}
            {reply.waiting.map((id) => {
              const member = reply.members.find((each) => each.id === id)
              return member && <Waiting key={id} member={member} canSign={canSign} onAdded={setAdded} />
            })}
            <Card title={texts.people.members}>
              <ul class="members">
                {reply.members.map((member) => (
                  <MemberRow key={member.id} member={member} canSign={canSign} onChanged={again} />
                ))}
              </ul>
            </Card>
            <Invites invites={reply.invites} onChanged={again} />
            <InviteCard onMade={again} />
          </>
        )}
      </Show>
    </div>
  )
}

/** Somebody joined: the owner's signature puts their key on the list, and may open older visits for them. */
function Waiting(props: {
  readonly member: Member
  readonly canSign: boolean
  readonly onAdded: (member: Member) => void
}): JSX.Element {
  const { member, canSign } = props
  const { key } = useSignedIn()
  const task = useTask()
  const add = (): void =>
    task.run(async () => {
      if (key === undefined) return
      await changeRecipients(key, (entries) => withMember(entries, member))
      props.onAdded(member)
    })
  return (
    <Card title={texts.people.waitingAbout(member.name)} name="asks">
      <p>{canSign ? texts.people.waitingWhy : texts.people.onlyFirst}</p>
      <Problem says={task.problem} />
      {canSign && (
        <Button kind="main" isBusy={task.isBusy} onClick={add}>
          {texts.people.addKey}
        </Button>
      )}
    </Card>
  )
}

function MemberRow(props: {
  readonly member: Member
  readonly canSign: boolean
  readonly onChanged: () => void
}): JSX.Element {
  const { member } = props
  const { me } = useSignedIn()
  const [isAsking, setAsking] = useState(false)
  const isMe = member.id === me.member
  return (
    <li class="member">
      <div class="member-head">
        <div>
          <b>{member.name}</b>
          <span class="muted">
            {texts.people.roles[member.role]}
            {isMe && ` · ${texts.people.you}`}
            {member.role === 'guest' && ` · ${guestTime(member)}`}
          </span>
        </div>
        {!isMe && (
          <Button kind="danger" onClick={() => setAsking(true)}>
            {texts.people.remove}
          </Button>
        )}
      </div>
      {member.sessions.length > 0 && (
        <details>
          <summary>
            {texts.people.signIns} ({member.sessions.length})
          </summary>
          <ul class="sessions">
            {member.sessions.map((session) => (
              <SessionRow key={session.id} session={session} onEnded={props.onChanged} />
            ))}
          </ul>
        </details>
      )}
      {isAsking && (
        <RemoveDialog
          member={member}
          canSign={props.canSign}
          onClose={() => setAsking(false)}
          onRemoved={props.onChanged}
        />
      )}
    </li>
  )
}

const guestTime = ({ fromUnixMs, untilUnixMs }: Member): string =>
  fromUnixMs === undefined || untilUnixMs === undefined
    ? texts.people.always
    : texts.people.guestTime(whenText(fromUnixMs), whenText(untilUnixMs))

function SessionRow({
  session,
  onEnded,
}: {
  readonly session: SessionFacts
  readonly onEnded: () => void
}): JSX.Element {
  const task = useTask()
  const end = (): void =>
    task.run(async () => {
      await ask<undefined>('DELETE', `/api/sessions/${session.id}`)
      onEnded()
    })
  return (
    <li>
      <span>
        {session.device}{' '}
        <small class="muted">
          {session.isThis ? texts.people.thisDevice : texts.people.seen(whenText(session.seenUnixMs))}
        </small>
      </span>
      {!session.isThis && (
        <Button isBusy={task.isBusy} onClick={end}>
          {texts.people.signOut}
        </Button>
      )}
      <Problem says={task.problem} />
    </li>
  )
}

function RemoveDialog(props: {
  readonly member: Member
  readonly canSign: boolean
  readonly onClose: () => void
  readonly onRemoved: () => void
}): JSX.Element {
  const { member } = props
  const { key } = useSignedIn()
  const task = useTask()
  const remove = (): void =>
    task.run(async () => {
      // The list first: nothing is sealed to them any more, whatever happens next.
      if (props.canSign && key !== undefined && member.recipient !== undefined)
        await changeRecipients(key, (entries) => withoutMember(entries, member))
      await ask<undefined>('DELETE', `/api/members/${member.id}`)
      props.onClose()
      props.onRemoved()
    })
  return (
    <Dialog title={texts.people.removeTitle(member.name)} onClose={props.onClose}>
      <p>{texts.people.removeMeans(member.name)}</p>
      {!props.canSign && member.recipient !== undefined && <p class="box warn">{texts.people.removeNoKey}</p>}
      <Problem says={task.problem} />
      <div class="dialog-buttons">
        <Button onClick={props.onClose}>{texts.cancel}</Button>
        <Button kind="danger" isBusy={task.isBusy} onClick={remove}>
          {texts.people.remove}
        </Button>
      </div>
    </Dialog>
  )
}

function Invites(props: {
  readonly invites: readonly Invite[]
  readonly onChanged: () => void
}): JSX.Element | null {
  const task = useTask()
  if (props.invites.length === 0) return null
  const withdraw = (id: string): void =>
    task.run(async () => {
      await ask<undefined>('DELETE', `/api/invites/${id}`)
      props.onChanged()
    })
  return (
    <Card title={texts.people.invites}>
      <ul class="sessions">
        {props.invites.map((invite) => (
          <li key={invite.id}>
            <span>
              {invite.name}{' '}
              <small class="muted">
                {texts.people.roles[invite.role]} · {texts.people.expires(whenText(invite.expiresUnixMs))}
              </small>
            </span>
            <Button isBusy={task.isBusy} onClick={() => withdraw(invite.id)}>
              {texts.people.withdraw}
            </Button>
          </li>
        ))}
      </ul>
      <Problem says={task.problem} />
    </Card>
  )
}
