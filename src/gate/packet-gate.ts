import { Fault } from '../base/fault.ts'
import { laterBy, type MonoMs } from '../base/time.ts'
import { createEvidence, type Evidence, type Trust } from './evidence.ts'
import { createUnease, type Unease } from './unease.ts'

/** What is known of a packet without decoding it. `reference`: other pictures depend on it. */
export type PacketFact = {
  readonly at: MonoMs
  readonly bytes: number
  readonly kind: 'key' | 'reference' | 'other'
}

export type GateAdvice = {
  /** Decode now? */
  readonly decode: boolean
  /** From the last key frame at or before this time: what is suspected began a little before it was noticed. */
  readonly since: MonoMs
  readonly why: 'untrusted' | 'suspicion' | 'movement' | 'sampling' | 'sign' | 'calm'
}

/** What the decoder and the motion detector made of a picture. `onset`: when the movement began that is going on. */
export type GateLook = {
  readonly at: MonoMs
  readonly moving: boolean
  readonly onset: MonoMs | undefined
}

export type GateStatus = Trust & {
  /** Of all time so far. */
  readonly decodedShare: number
  /** Seconds of video that were not decoded. */
  readonly savedS: number
}

export interface PacketGate {
  /** Every packet, in decoding order. */
  packet(fact: PacketFact): GateAdvice
  /** Every picture that was decoded. */
  looked(look: GateLook): void
  /** PIR or press: worth a look, and a test of the gate if movement follows. */
  sign(at: MonoMs): void
  /**
   * Another run of the camera: sizes are learnt anew; what was learnt about trust stays if it is the same `stream`. Undefined: there
   * is nothing to decide, its pictures come whether they are wanted or not.
   */
  restart(stream: string | undefined): void
  status(): GateStatus
}

/** Onset and notice lie so far apart at most. */
const BEFORE_MS = 2000
/** After the last suspicion or movement pictures are decoded for so long. */
const AFTER_MS = 4000
const SIGN_MS = 10_000
/** A sample reaches from the last key frame to so much after now. */
const SAMPLE_MS = 300
const SAMPLE_EVERY_MS = { first: 90_000, most: 300_000, growth: 1.5 }
/** A suspicion that nothing confirms for so long is how this camera is now. */
const UNCONFIRMED_MS = 15_000
/** No packet lasts longer than this in the account of what was saved. */
const STEP_MS_MAX = 1000

/** Throws `Fault('invalid')` for a packet of less than no bytes. Pure: time is that of the packets. */
export function createPacketGate(): PacketGate {
  return new Gate()
}

class Gate implements PacketGate {
  #evidence: Evidence = createEvidence()
  #stream: string | undefined = ''
  #unease: Unease = createUnease()
  #now = -Infinity as MonoMs
  #suspectedSince: MonoMs | undefined
  #suspectedAt = -Infinity
  #movedAt = -Infinity
  #isMoving = false
  #onset: MonoMs | undefined
  #signAt = -Infinity
  #sampleUntil = -Infinity
  #sampleAt = Infinity
  #sampleEveryMs = SAMPLE_EVERY_MS.first
  #wasTrusted = false
  #seenMs = 0
  #decodedMs = 0

  packet({ at, bytes, kind }: PacketFact): GateAdvice {
    if (!(bytes >= 0)) throw new Fault('invalid', `packet: wanted a size, got ${bytes} bytes`)
    const stepMs = Math.min(STEP_MS_MAX, Math.max(0, at - this.#now)) || 0
    this.#now = at > this.#now ? at : this.#now
    const level = this.#unease.take({ at, bytes, kind }, { isMoving: this.#isMoving })
    this.#evidence.note({ at: this.#now, level, usual: this.#unease.usual, stepMs })
    this.#noteTrust()
    this.#suspect(level)
    const why = this.#why()
    this.#seenMs += stepMs
    if (why !== 'calm') this.#decodedMs += stepMs
    return { decode: why !== 'calm', since: this.#sinceOf(why), why }
  }

  looked({ at, moving, onset }: GateLook): void {
    // A movement may pause for a picture or two; it is the same one as long as its onset is.
    if (onset !== undefined && onset !== this.#onset) this.#evidence.found(onset)
    this.#onset = onset
    this.#isMoving = moving
    if (moving) this.#movedAt = Math.max(this.#movedAt, at)
    this.#evidence.looked(at, moving)
  }

  sign(at: MonoMs): void {
    this.#signAt = Math.max(this.#signAt, at)
  }

  restart(stream: string | undefined): void {
    this.#unease = createUnease()
    if (stream !== this.#stream) this.#evidence = createEvidence()
    this.#stream = stream
    this.#evidence.restart()
    this.#suspectedSince = undefined
    this.#suspectedAt = this.#movedAt = this.#signAt = this.#sampleUntil = -Infinity
    this.#isMoving = false
    this.#onset = undefined
    this.#now = -Infinity as MonoMs
  }

  status(): GateStatus {
    const { trusted, why, movements, missed } = this.#trust()
    const decodedShare = this.#seenMs === 0 ? 1 : this.#decodedMs / this.#seenMs
    return { trusted, why, movements, missed, decodedShare, savedS: (this.#seenMs - this.#decodedMs) / 1000 }
  }

  #trust(): Trust {
    if (this.#stream === undefined) return { ...this.#evidence.trust(), trusted: false, why: NOT_ASKED }
    if (!this.#unease.isSettled) return { ...this.#evidence.trust(), trusted: false, why: SETTLING }
    return this.#evidence.trust()
  }

  #noteTrust(): void {
    const { trusted } = this.#trust()
    if (trusted && !this.#wasTrusted) {
      this.#sampleEveryMs = SAMPLE_EVERY_MS.first
      this.#sampleAt = this.#now + this.#sampleEveryMs
    }
    this.#wasTrusted = trusted
  }

  #suspect(level: number): void {
    if (level >= this.#evidence.threshold()) {
      this.#suspectedSince ??= this.#now
      this.#suspectedAt = this.#now
    } else if (this.#now - this.#suspectedAt > AFTER_MS) this.#suspectedSince = undefined
    const since = this.#suspectedSince
    if (since === undefined || this.#isMoving || this.#now - Math.max(since, this.#movedAt) < UNCONFIRMED_MS)
      return
    this.#unease.accept()
    this.#suspectedSince = undefined
    this.#suspectedAt = -Infinity
  }

  #why(): GateAdvice['why'] {
    const now = this.#now
    if (!this.#wasTrusted) return 'untrusted'
    if (this.#isMoving || now - this.#movedAt < AFTER_MS) return 'movement'
    if (now - this.#suspectedAt < AFTER_MS) return 'suspicion'
    if (now - this.#signAt < SIGN_MS) return 'sign'
    if (now < this.#sampleUntil) return 'sampling'
    if (now < this.#sampleAt) return 'calm'
    this.#sampleUntil = now + SAMPLE_MS
    this.#sampleEveryMs = Math.min(SAMPLE_EVERY_MS.most, this.#sampleEveryMs * SAMPLE_EVERY_MS.growth)
    this.#sampleAt = now + this.#sampleEveryMs
    return 'sampling'
  }

  #sinceOf(why: GateAdvice['why']): MonoMs {
    return why === 'suspicion' || why === 'sign' ? laterBy(this.#now, -BEFORE_MS) : this.#now
  }
}

const NOT_ASKED = 'it gives its pictures whether they are wanted or not'
const SETTLING = 'it has only begun to send'
