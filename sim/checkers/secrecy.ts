import { utf8 } from '../../src/base/bytes.ts'
import type { Evidence } from '../world/evidence.ts'
import type { Checker } from './checker.ts'

/** No plaintext leaves or lands: what the camera saw is searched for everywhere the doorbell writes. */
export const noPlaintext = (canary: Uint8Array): Checker => ({
  name: 'no-plaintext',
  promise: 'no plaintext leaves the doorbell or lands on its disk',
  check: (evidence) =>
    placesIn(evidence)
      .filter(({ bytes }) =>
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(canary)),
      )
      .map(({ where }) => ({
        atMs: evidence.endMs,
        message: `what the camera saw stands in ${where} in plain`,
      })),
})

type Searched = { readonly where: string; readonly bytes: Uint8Array }

function placesIn(evidence: Evidence): readonly Searched[] {
  return [
    ...[...evidence.files.files()].map(([path, bytes]) => ({ where: path, bytes })),
    ...[...evidence.objects].map(([name, { bytes }]) => ({ where: `object ${name}`, bytes })),
    ...evidence.told.map(({ topic, payload }) => ({ where: `a message on ${topic}`, bytes: utf8(payload) })),
    ...evidence.logTexts.map((text) => ({ where: 'the log', bytes: utf8(text) })),
  ]
}
