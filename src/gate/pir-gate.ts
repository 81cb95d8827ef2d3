import { laterBy, type MonoMs } from '../base/time.ts'
import type { GateAdvice, GateLook, GateStatus, PacketFact, PacketGate } from './packet-gate.ts'

/** After a sign, and after the last movement, for so long pictures are looked at. */
const AWAKE_MS = 15_000
const WHY = 'the settings say that the PIR wakes the vision'

/** Sleeps until a sign (PIR, press, or somebody who looks) comes; then it is the gate within. Pure: time is that of the packets. */
export function createPirGate(within: PacketGate): PacketGate {
  let awakeUntil = -Infinity as MonoMs
  const count = { packets: 0, decoded: 0 }
  const wake = (at: MonoMs): void => {
    const until = laterBy(at, AWAKE_MS)
    if (until > awakeUntil) awakeUntil = until
  }
  return {
    packet(fact: PacketFact): GateAdvice {
      const advice = within.packet(fact)
      const decode = advice.decode && fact.at < awakeUntil
      count.packets++
      if (decode) count.decoded++
      return decode || !advice.decode ? advice : { ...advice, decode, why: 'calm' }
    },
    looked(look: GateLook) {
      if (look.moving) wake(look.at)
      within.looked(look)
    },
    sign(at) {
      wake(at)
      within.sign(at)
    },
    restart: (stream) => within.restart(stream),
    status(): GateStatus {
      const decodedShare = count.packets === 0 ? 0 : count.decoded / count.packets
      return { ...within.status(), decodedShare, why: WHY }
    },
  }
}
