import type { SocketPeer } from '../ports/web-server.ts'
import type { SignedIn } from '../members/index.ts'
import type { DeviceEvent, PageEvent, SoundFacts } from './api.ts'
import { readPageEvent } from './bodies.ts'
import type { DoorbellForWeb } from './deps.ts'
import { doerOf, type WebDesk } from './desk.ts'
import type { Call } from './route.ts'

/** https://www.iana.org/assignments/websocket: policy, try again later. */
const POLICY = 1008
const LATER = 1013

/** What guests hear: that somebody is there, and that it is over. */
const FOR_GUESTS: ReadonlySet<DeviceEvent['type']> = new Set([
  'hello',
  'press',
  'press-over',
  'visit',
  'sound',
])

export async function serveEvents(
  { desk, who }: Call<'member'>,
  socket: SocketPeer,
  signal: AbortSignal,
): Promise<void> {
  const send = (event: DeviceEvent): void => {
    if (who.role === 'guest' && !FOR_GUESTS.has(event.type)) return
    if (!socket.send(JSON.stringify(event))) socket.close(LATER, 'too slow')
  }
  send({ type: 'hello', nowUnixMs: desk.clock.wall().at })
  const doorbell = desk.doorbell()
  using _members = desk.members.subscribe(({ type }) => {
    if (type === 'members') send({ type })
  })
  using _events = doorbell?.presses.subscribe(send)
  const canTalk = who.role !== 'guest'
  const sendSound = (state: SoundFacts): void =>
    send({ type: 'sound', ...state, canTalk: state.canTalk && canTalk })
  using _sound = doorbell?.talk.subscribe(sendSound)
  if (doorbell !== undefined) sendSound(doorbell.talk.state()) // A page that opens now has missed how it was found.
  using looks = new Looks(doorbell, who.role === 'guest' ? undefined : send)
  for await (const message of socket.messages) {
    if (signal.aborted) return
    const said = readPageEvent(message)
    if (said === undefined) return socket.close(POLICY, 'not understood')
    await hear({ desk, who, doorbell, looks }, said)
  }
}

type Ear = {
  readonly desk: WebDesk
  readonly who: SignedIn
  readonly doorbell: DoorbellForWeb | undefined
  readonly looks: Looks
}

async function hear({ desk, who, doorbell, looks }: Ear, said: PageEvent): Promise<void> {
  switch (said.type) {
    case 'watch-looks':
      return looks.watch(said.on)
    case 'press-over':
      doorbell?.presses.over(said.press, said.how, who.name)
      return desk.activity.note(doerOf(who), said.how, { detail: said.press })
  }
}

/** What the detector sees, while the page wants to know. */
class Looks implements Disposable {
  readonly #doorbell: DoorbellForWeb | undefined
  readonly #send: ((event: DeviceEvent) => void) | undefined
  #subscription: Disposable | undefined

  constructor(doorbell: DoorbellForWeb | undefined, send: ((event: DeviceEvent) => void) | undefined) {
    this.#doorbell = doorbell
    this.#send = send
  }

  watch(on: boolean): void {
    if (!on) return this[Symbol.dispose]()
    if (this.#send !== undefined) this.#subscription ??= this.#doorbell?.presses.subscribeLooks(this.#send)
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]()
    this.#subscription = undefined
  }
}
