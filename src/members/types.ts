import type {
  ChallengeReply,
  EnrolBody,
  EnrolOffer,
  InviteBody,
  InviteMade,
  JoinBody,
  LoginBody,
  MembersReply,
  Role,
} from '../web/index.ts'

/** Where a request comes from. */
export type Caller = {
  /** Address of the other side. */
  readonly peer: string
  /** `https://lintel.local:8443`, as the browser has it; passkeys are bound to its name. */
  readonly origin: string
  /** What its cookie of known browsers says, if it has one. */
  readonly known?: string | undefined
  /** What people would call the browser. */
  readonly device: string
}

/** A member with a session that is good now. */
export type SignedIn = {
  /** Id of the session, as in `SessionFacts`. */
  readonly session: string
  readonly member: string
  readonly name: string
  readonly role: Role
  readonly recipient?: string
  readonly fromUnixMs?: number
  readonly untilUnixMs?: number
  readonly passkeys: number
  readonly hasPassphrase: boolean
}

/** Somebody who has just come in: `token` and `known` are for their cookies, and are kept nowhere. */
export type Entered = { readonly who: SignedIn; readonly token: string; readonly known: string }

export type Refusal = {
  readonly admitted: false
  readonly why: 'wrong' | 'too-many'
  /** How long to wait before the next guess. */
  readonly retryAfterMs: number
}
/** Whether a secret was right; how it was wrong is told to nobody. */
export type Admission<T> = { readonly admitted: true; readonly it: T } | Refusal

export type MemberEvent =
  /** A device without an owner has one now: there is a list of recipients, the doorbell can start. */
  | { readonly type: 'owner-known' }
  /** Sockets and viewers of this session have to end. */
  | { readonly type: 'session-over'; readonly session: string }
  /** Somebody came, left, was invited, or the list of recipients is another. */
  | { readonly type: 'members' }

/** Input that can never work is `Fault('invalid')`, which says what was wanted. */
export interface Members {
  /** The secret of the code (`<origin>/#enrol=<secret>`) as long as it is good; undefined once it was used. */
  enrolment(): Promise<string | undefined>
  /** A new code: for the recessed button, or somebody at the terminal, and nobody else. */
  reopenEnrolment(): Promise<string>

  /** Whose session this is now. Uses it: 90 days begin anew. */
  signedIn(token: string | undefined): Promise<SignedIn | undefined>
  challenge(caller: Caller, who: SignedIn | undefined): Promise<ChallengeReply>
  checkEnrolment(secret: string, caller: Caller): Promise<Admission<EnrolOffer>>
  enrol(body: EnrolBody, caller: Caller): Promise<Admission<Entered>>
  join(body: JoinBody, caller: Caller): Promise<Admission<Entered>>
  login(body: LoginBody, caller: Caller): Promise<Admission<Entered>>
  logout(who: SignedIn): Promise<void>
  addPasskey(
    who: SignedIn,
    passkey: { readonly challengeId: string; readonly response: unknown },
    caller: Caller,
  ): Promise<void>

  list(who: SignedIn): Promise<MembersReply>
  invite(body: InviteBody): Promise<InviteMade>
  /** For whom it was; undefined: there is none. */
  cancelInvite(id: string): Promise<{ readonly name: string } | undefined>
  /** With all their sessions. The list of recipients is for an owner's page to sign anew. */
  removeMember(
    id: string,
  ): Promise<{ readonly removed: string } | { readonly refused: 'missing' | 'last-owner' }>
  /** Whose it was, and in what browser; undefined: there is none. */
  removeSession(id: string): Promise<{ readonly name: string; readonly device: string } | undefined>
  /** Takes up a newer list that the same owner signed, durably. */
  putRecipients(note: string): Promise<void>
  subscribe(take: (event: MemberEvent) => void): Disposable
}
