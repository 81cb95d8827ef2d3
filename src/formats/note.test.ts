import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hex } from '../base/bytes.ts'
import {
  bodyOfNote,
  formatCheckpoint,
  openNote,
  parseCheckpoint,
  sha256,
  signerOf,
  signNote,
  type NoteKey,
} from './index.ts'
import { ed25519FromSeed } from './note.ts'

/** The example in the documentation of Go's package sumdb/note, made by other people's code. */
const GO_KEY: NoteKey = {
  name: 'PeterNeumann',
  publicKey: new Uint8Array(
    Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1),
  ),
}
const GO_BODY =
  'If you think cryptography is the answer to your problem,\n' + "then you don't know what your problem is.\n"
const GO_NOTE = `${GO_BODY}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`

const signer = signerOf('lintel', ed25519FromSeed(new Uint8Array(32).fill(7)))
const stranger = signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
const BODY = '{"a":1}\n'
const NOTE = signNote(BODY, signer)

const corrupt = (words: string | RegExp): object => ({
  name: 'Fault',
  kind: 'corrupt',
  message: expect.stringMatching(words),
})

describe('a signed note', () => {
  it('that other people’s code has signed opens', () => {
    expect(openNote('note', GO_NOTE, GO_KEY)).toBe(GO_BODY)
  })

  it('is always the same text for the same key and words', () => {
    expect(signer.name).toBe(`lintel/${hex(sha256(signer.publicKey)).slice(0, 16)}`)
    expect(NOTE).toBe(
      `{"a":1}\n\n— lintel/${hex(sha256(signer.publicKey)).slice(0, 16)} ${NOTE.split(' ').at(-1)}`,
    )
    expect(signNote(BODY, signer)).toBe(NOTE)
  })

  it('gives its words to whoever has the key', () => {
    expect(openNote('note', NOTE, signer)).toBe(BODY)
    expect(bodyOfNote('note', NOTE)).toBe(BODY)
  })

  it('may have empty lines in its words', () => {
    const body = 'one\n\n\nfour\n'
    expect(openNote('note', signNote(body, signer), signer)).toBe(body)
  })

  it('says that it was changed, whichever byte of its words it was', () => {
    for (let at = 0; at < BODY.length - 1; at++) {
      const changed = `${NOTE.slice(0, at)}x${NOTE.slice(at + 1)}`
      expect(() => openNote('clip 7', changed, signer)).toThrow(
        expect.objectContaining(corrupt(/^clip 7: it was changed after lintel\/[0-9a-f]{16} signed it$/)),
      )
    }
  })

  it('says whose signature it has when another’s was wanted', () => {
    expect(() => openNote('note', NOTE, stranger)).toThrow(
      expect.objectContaining(corrupt(`wanted the signature of ${stranger.name}, got ${signer.name}`)),
    )
  })

  it('does not believe a name that a stranger’s key has written', () => {
    const forged = signNote(BODY, { ...stranger, name: signer.name })
    expect(() => openNote('note', forged, signer)).toThrow(expect.objectContaining({ kind: 'corrupt' }))
  })

  it('counts only when every signature of the key is right', () => {
    const wrong = signNote('other\n', signer).split('\n').at(-2)
    expect(() => openNote('note', `${NOTE}${wrong}\n`, signer)).toThrow(
      expect.objectContaining(corrupt('it was changed')),
    )
  })

  it('may have other people’s signatures beside the one that is wanted', () => {
    const theirs = signNote(BODY, stranger).split('\n').at(-2)
    expect(openNote('note', `${NOTE}${theirs}\n`, signer)).toBe(BODY)
  })

  it('may have signatures of other kinds beside it, as witnesses write them', () => {
    const cosignature = Buffer.alloc(76, 1).toString('base64')
    expect(openNote('note', `${NOTE}— witness.example/1 ${cosignature}\n`, signer)).toBe(BODY)
  })

  it('says that it was changed when the signature is too long', () => {
    const longer = NOTE.replace(/ (\S+)\n$/, (_line, text: string) => {
      const bytes = Buffer.concat([Buffer.from(text, 'base64'), Buffer.alloc(2)])
      return ` ${bytes.toString('base64')}\n`
    })
    expect(() => openNote('note', longer, signer)).toThrow(expect.objectContaining(corrupt('it was changed')))
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['only words', BODY],
    ['no line at the end', NOTE.slice(0, -1)],
    ['a line that is no signature', `${BODY}\n- lintel x\n`],
    ['a signature that is too short', `${BODY}\n— lintel AAAA\n`],
    ['no signature at all', `${BODY}\n\n`],
    ['something after the signature', `${NOTE.slice(0, -1)} more\n`],
    ['another spelling of the same signature', NOTE.replace(/(.)==?\n$/, 'B=\n').replace(/\n$/, '=\n')],
    ['other line ends', NOTE.replaceAll('\n', '\r\n')],
  ])('with %s is refused in words', (_what, text) => {
    expect(() => openNote('note', text, signer)).toThrow(expect.objectContaining({ kind: 'corrupt' }))
  })

  it('is not signed without a line end after its words', () => {
    expect(() => signNote('no end', signer)).toThrow(expect.objectContaining({ kind: 'bug' }))
  })
})

describe('a checkpoint', () => {
  const root = sha256()
  const base64 = Buffer.from(root).toString('base64')

  it('is three lines: who, how many, and the root', () => {
    const text = formatCheckpoint({ origin: 'lintel/0011223344556677', size: 12, root })
    expect(text).toBe('lintel/0011223344556677\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')
    expect(parseCheckpoint(text)).toEqual({ origin: 'lintel/0011223344556677', size: 12, root })
  })

  it('may have lines that we do not know', () => {
    expect(parseCheckpoint(`o\n0\n${base64}\nextension\n`).size).toBe(0)
  })

  it.each([
    '',
    '\n',
    'o\n',
    `o\n1\n${base64}`,
    `\n1\n${base64}\n`,
    `o\n-1\n${base64}\n`,
    `o\n01\n${base64}\n`,
    `o\n1e3\n${base64}\n`,
    `o\n 1\n${base64}\n`,
    `o\n9999999999999999\n${base64}\n`,
    `o\n1\n${base64.slice(0, 20)}\n`,
    `o\n1\n!${base64}\n`,
    `o\n1\n${base64.slice(0, -2)}V=\n`,
  ])('of the form %j is refused', (text) => {
    expect(() => parseCheckpoint(text)).toThrow(
      expect.objectContaining(corrupt('wanted origin, size and root hash, a line each')),
    )
  })
})
