import { Fault } from '../../src/base/fault.ts'
import { BoundedQueue } from '../../src/base/queue.ts'
import type { Reencoder } from '../../src/ports/reencoder.ts'

const TS_BYTES = 188
const WAITING_MAX = 10_000
const SEQUENCE_640_360 = [0, 0, 1, 0xb3, 0x28, 0x01, 0x68]
const FTYP = 'ftyp'

/** Encodes nothing: every fragment becomes one transport packet that says what it would be. `running` is how many were not stopped. */
export function createSimReencoder(): Reencoder & { running(): number } {
  let running = 0
  return {
    running: () => running,
    start() {
      running++
      const made = new BoundedQueue<Uint8Array>(WAITING_MAX)
      let problem: Fault | undefined
      let isFirst = true
      const fail = (fault: Fault): void => {
        problem ??= fault
        made.end()
      }
      return {
        send(fmp4) {
          if (problem !== undefined) return false
          if (isFirst && Buffer.from(fmp4.subarray(4, 8)).toString('latin1') !== FTYP)
            fail(new Fault('corrupt', 'wanted fragmented MP4 that begins with ftyp'))
          else if (!isFirst) made.push(transportPacket())
          isFirst = false
          return true
        },
        async drained(signal) {
          signal.throwIfAborted()
          if (problem !== undefined) throw problem
        },
        output: outputOf(made, () => problem),
        async [Symbol.asyncDispose]() {
          if (problem?.kind !== 'aborted') running--
          fail(new Fault('aborted', 'the encoder was stopped'))
        },
      }
    },
  }
}

async function* outputOf(
  made: AsyncIterable<Uint8Array>,
  problem: () => Fault | undefined,
): AsyncGenerator<Uint8Array, void> {
  yield* made
  const fault = problem()
  if (fault !== undefined) throw fault
}

function transportPacket(): Uint8Array {
  const packet = new Uint8Array(TS_BYTES).fill(0xff)
  packet.set([0x47, 0x41, 0x00, 0x10, ...SEQUENCE_640_360])
  return packet
}
