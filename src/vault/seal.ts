import { makeFileKey, sealAge, wrapFileKey } from '../formats/index.ts'

/** One clip's seal: one file key, one header, any number of objects. */
export interface ClipSeal {
  /** What every object of the clip begins with. */
  readonly header: Uint8Array
  /** A complete age file: the header, a fresh nonce, and `plaintext` sealed. */
  seal(plaintext: Uint8Array): Uint8Array
}

export type ClipSealMaker = (recipients: readonly string[]) => Promise<ClipSeal>

/** The file key lives in this closure and nowhere else: when the clip has ended, the device can open it no more than anybody. */
export const beginClipSeal: ClipSealMaker = async (recipients) => {
  const fileKey = makeFileKey()
  const header = wrapFileKey(fileKey, recipients)
  return { header, seal: (plaintext) => sealAge(header, fileKey, plaintext) }
}
