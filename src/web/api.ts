/**
 * What the owner's page and the device say to each other: the bodies of `/api/…` and the messages of its sockets.
 * Types only; the device checks with zod what comes in (`bodies.ts`), the page believes what its own device sends.
 *
 * Times: `…UnixMs` milliseconds since 1970 UTC. Binary values: base64url without padding, ids: hexadecimal. Errors: any status ≥ 400 with `ApiError`.
 */

export type Role = 'owner' | 'household' | 'guest'

/** `message` says what was wanted, what came and where; `field` names the member of the body. */
export type ApiError = { readonly error: string; readonly message: string; readonly field?: string }

/* ---- who is there ------------------------------------------------------------------------------------------- */

export type Me = {
  readonly member: string
  readonly name: string
  readonly role: Role
  /** `age1…` that this member opens clips with; guests have none. */
  readonly recipient?: string
  /** Guests: when they may look. */
  readonly fromUnixMs?: number
  readonly untilUnixMs?: number
  readonly device: DeviceFacts
  readonly passkeys: number
  readonly hasPassphrase: boolean
}

export type DeviceFacts = {
  /** What the household calls it. */
  readonly name: string
  /** Name of its signing key, as in manifests. */
  readonly keyName: string
  /** Base64url of its raw Ed25519 public key: pinned by the page when it enrols. */
  readonly publicKey: string
  readonly version: string
  /** True in the simulator: the page shows a button to press. */
  readonly simulated: boolean
}

/** How somebody will sign in. `passkey` is the answer of `navigator.credentials.create` as @simplewebauthn/browser gives it. */
export type Credential =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'passkey'; readonly challengeId: string; readonly response: unknown }

/**
 * `POST /api/enrol`. The first owner: `secret` from the code. On a device without an owner `recipients` is the first signed list (a note);
 * on one whose owner is known already, `proof` is the owner's signature instead. → `Me`, and a session.
 */
export type EnrolBody = {
  readonly secret: string
  readonly name: string
  readonly recipient: string
  readonly recipients?: string
  readonly proof?: KeyProof
  readonly credential: Credential
}

/** `POST /api/enrol/check` with `{ secret }` → this; wrong secrets are told no more than that they are wrong. */
export type EnrolOffer = {
  readonly device: DeviceFacts
  readonly hasOwner: boolean
  readonly challenge: Challenge
}

/** An Ed25519 signature with the owner's key over `lintel-login/1\n<challenge>\n`; `publicKey` as in the list of recipients. */
export type KeyProof = {
  readonly challengeId: string
  readonly publicKey: string
  readonly signature: string
}
export type Challenge = { readonly id: string; readonly challenge: string }

/** `POST /api/challenge` → `Challenge` with WebAuthn options for creating and for using a passkey. Anybody may ask; few at a time. */
export type ChallengeReply = Challenge & { readonly create: unknown; readonly get: unknown }

/** `POST /api/login` → `Me`, and a session. */
export type LoginBody =
  | { readonly kind: 'passphrase'; readonly name: string; readonly passphrase: string }
  | { readonly kind: 'passkey'; readonly challengeId: string; readonly response: unknown }
  | ({ readonly kind: 'key' } & KeyProof)

/* ---- members ------------------------------------------------------------------------------------------------- */

export type Member = {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly recipient?: string
  readonly fromUnixMs?: number
  readonly untilUnixMs?: number
  readonly passkeys: number
  readonly hasPassphrase: boolean
  readonly sessions: readonly SessionFacts[]
}
export type SessionFacts = {
  readonly id: string
  readonly device: string
  readonly sinceUnixMs: number
  readonly seenUnixMs: number
  readonly isThis: boolean
}
export type Invite = {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly expiresUnixMs: number
}

/** `POST /api/invites` → `InviteMade`; the code is shown once, as a link `<origin>/#join=<code>`. */
export type InviteBody = {
  readonly name: string
  readonly role: Role
  readonly fromUnixMs?: number
  readonly untilUnixMs?: number
}
export type InviteMade = Invite & { readonly code: string }
/** `POST /api/join` → `Me`, and a session. Until an owner's page has put `recipient` into the list, `Member.recipient` waits there. */
export type JoinBody = { readonly code: string; readonly recipient?: string; readonly credential: Credential }

/** `GET /api/members` → `MembersReply`. `waiting`: ids of members whose recipient the signed list does not have yet. */
export type MembersReply = {
  readonly members: readonly Member[]
  readonly invites: readonly Invite[]
  /** The signed list of recipients as it is now (a note), for the owner's page to extend. */
  readonly recipients: string
  readonly waiting: readonly string[]
}
/** `PUT /api/recipients`: a newer list, signed by the same owner. */
export type RecipientsBody = { readonly note: string }

/* ---- clips ---------------------------------------------------------------------------------------------------- */

/** What the index knows; everything else is sealed in `meta.age`. Newest first. */
export type ClipFacts = {
  readonly clip: string
  readonly order: number
  readonly phase: 'growing' | 'sealed' | 'uploaded'
  readonly held: boolean
  readonly objects: readonly ClipObject[]
}
/** `file`: `0000.age` …, `meta.age`, `poster.age`, `manifest.note`; `name`: in the store. */
export type ClipObject = {
  readonly file: string
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly uploaded: boolean
}
/** `GET /api/clips?before=<order>&limit=<n ≤ 100>` */
export type ClipsReply = { readonly clips: readonly ClipFacts[]; readonly more: boolean }
/** `PUT /api/clips/<id>/hold` */
export type HoldBody = { readonly held: boolean }
/** `POST /api/clips/<id>/told`: what the page did with a clip, for the activity list. `shared` brings the signed grant (a note). */
export type ToldBody =
  | { readonly what: 'played' | 'downloaded' }
  | { readonly what: 'shared'; readonly grant: string; readonly to: string }
/** `GET /api/clips/<id>/grants`: notes of grants to me, so that I can open a clip that was sealed before I joined. */
export type GrantsReply = { readonly grants: readonly string[] }

/* ---- what happened --------------------------------------------------------------------------------------------- */

/** Every access stands in the ledger as a salted hash; the words stand on the device. */
export type Activity = {
  readonly id: string
  readonly atUnixMs: number
  readonly trustedClock: boolean
  readonly member: string
  /** Name of the member at that time. */
  readonly name: string
  readonly what:
    | 'signed-in'
    | 'signed-out'
    | 'enrolled'
    | 'invited'
    | 'joined'
    | 'withdrew-invite'
    | 'removed-member'
    | 'removed-session'
    | 'changed-recipients'
    | 'watched-live'
    | 'talked'
    | 'fetched'
    | 'played'
    | 'downloaded'
    | 'shared'
    | 'deleted'
    | 'held'
    | 'released'
    | 'changed-settings'
    | 'answered'
    | 'ignored'
  readonly clip?: string
  readonly detail?: string
}
/** `GET /api/activity?before=<id>&limit=` newest first. */
export type ActivityReply = { readonly activity: readonly Activity[]; readonly more: boolean }

/* ---- settings and status --------------------------------------------------------------------------------------- */

/** One row a setting, as in the README's table, with its value now. */
export type SettingRow = {
  readonly key: string
  readonly about: string
  readonly value: unknown
  readonly fallback: unknown
  readonly wanted: string
  /** It is set on the device only: what this page may not change. */
  readonly isFixed: boolean
  /** False: it takes effect at the next start only. */
  readonly live: boolean
}
export type SettingsReply = {
  readonly settings: readonly SettingRow[]
  /** Changed and kept; it applies as soon as nobody is at the door any more. */
  readonly waits?: true
  readonly averageVisitBytes?: number
  readonly visitsPerDay?: number
}
/** `PUT /api/settings`: dotted keys and their new values; all or none. → `SettingsReply` */
export type SettingsBody = { readonly set: Readonly<Record<string, unknown>> }
/** `POST /api/settings/test` → `TestReply` */
export type TestBody = { readonly what: 'store' | 'broker' | 'push' | 'chime' }
export type TestReply = { readonly ok: boolean; readonly message: string }

/** `GET /api/status`: in plain words, what is well and what somebody should look after, with what to do. */
export type StatusReply = { readonly rows: readonly StatusRow[]; readonly alarms: readonly string[] }
export type StatusRow = {
  readonly key:
    | 'camera'
    | 'disk'
    | 'uploads'
    | 'messages'
    | 'temperature'
    | 'clock'
    | 'detector'
    | 'decoding'
    | 'version'
    | 'broker'
    | 'store'
    | 'live'
    | 'sound'
    | 'quiet'
  readonly state: 'well' | 'warn' | 'bad' | 'off'
  readonly says: string
  readonly todo?: string
}

/* ---- push ------------------------------------------------------------------------------------------------------- */

/** `GET /api/push` → the VAPID public key. `PUT /api/push` with `PushBody`, `DELETE /api/push` with `{ endpoint }`. */
export type PushReply = { readonly publicKey: string }
export type PushBody = { readonly endpoint: string; readonly p256dh: string; readonly auth: string }
/** What a push message carries, encrypted: nothing that names anybody or shows anything. ≤ 1 kB. */
export type PushPayload = { readonly v: 1; readonly what: 'press' | 'notice'; readonly press?: string }

/* ---- the socket of events: `GET /api/events` (WebSocket) --------------------------------------------------------- */

export type DeviceEvent =
  | { readonly type: 'hello'; readonly nowUnixMs: number }
  /** `picture`: `GET /api/presses/<press>/picture` gives a JPEG sealed to the household (an age file); 404 while it is being made. */
  | {
      readonly type: 'press'
      readonly press: string
      readonly visit: string
      readonly atUnixMs: number
      readonly hasPicture: boolean
      /** Quiet hours: it is shown without a sound. */
      readonly silent?: true
    }
  | { readonly type: 'press-picture'; readonly press: string }
  /** Somebody answered, or chose not to; other pages stop ringing. */
  | {
      readonly type: 'press-over'
      readonly press: string
      readonly how: 'answered' | 'ignored' | 'timed-out'
      readonly by?: string
    }
  | {
      readonly type: 'visit'
      readonly state: 'began' | 'ended'
      readonly visit: string
      readonly atUnixMs: number
    }
  | {
      readonly type: 'clip'
      readonly state: 'began' | 'grew' | 'sealed' | 'uploaded' | 'expired'
      readonly clip: string
    }
  | { readonly type: 'alarms'; readonly alarms: readonly string[] }
  /** Only while asked for with `{ type: 'watch-looks', on: true }`: what the detector makes of the picture now. */
  | {
      readonly type: 'look'
      readonly atUnixMs: number
      readonly score: number
      readonly moving: boolean
      readonly boxes: readonly {
        readonly x: number
        readonly y: number
        readonly width: number
        readonly height: number
      }[]
    }
  | ({ readonly type: 'sound' } & SoundFacts)
  | { readonly type: 'settings' }
  | { readonly type: 'members' }

/** `half`: while somebody talks, nobody hears the door. */
export type SoundFacts = {
  readonly canHear: boolean
  readonly canTalk: boolean
  readonly duplex: 'half' | 'full'
  /** Whose voice is heard at the door now. */
  readonly talker?: { readonly viewer: string; readonly name: string }
}

export type PageEvent =
  | { readonly type: 'press-over'; readonly press: string; readonly how: 'answered' | 'ignored' }
  | { readonly type: 'watch-looks'; readonly on: boolean }

/* ---- live -------------------------------------------------------------------------------------------------------- */

/**
 * `POST /api/live/webrtc` with the page's SDP offer → the answer. `signature`: the device's Ed25519 key over
 * `lintel-webrtc/1\n<sha-256 fingerprint of the offer>\n<sha-256 fingerprint of the answer>\n` (fingerprints as in `a=fingerprint`, upper case), so that
 * whoever carries the signalling cannot watch.
 */
export type WebrtcBody = { readonly offer: string }
export type WebrtcReply = { readonly answer: string; readonly viewer: string; readonly signature: string }

/**
 * `PUT /api/live/listen`: whether this view by WebRTC wants to hear; the device's microphone is open only while some do. `PUT /api/live/talk`:
 * whether what this view says is heard at the door; one at a time. `viewer`: of `WebrtcReply`. Who talks is told by `sound` events.
 */
export type SoundBody = { readonly viewer: string; readonly on: boolean }

/**
 * `GET /api/live/fmp4` (WebSocket): first a text `LiveHello`, then binary messages, each one run of `ftyp moov` (when `hello` said so) or one
 * `moof mdat` with whole pictures, beginning with the preroll's key frame. `GET /api/live/mpeg1` (WebSocket): binary MPEG-TS with MPEG-1 video.
 */
export type LiveHello = {
  readonly type: 'run'
  readonly mime: string
  readonly width: number
  readonly height: number
}
