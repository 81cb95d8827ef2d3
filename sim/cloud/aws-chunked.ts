/**
 * The `aws-chunked` encoding: a body in pieces, each signed or none, with trailers after the last.
 * Source: S3 API Reference, "Signature calculations: transferring payload in multiple chunks", and "… with trailers".
 */
import { S3Error } from './s3-error.ts'
import { ALGORITHM, hmac, sameText, sha256Hex, type ChunkChain } from './sigv4.ts'

export type ChunkedBody = {
  /** Undefined where the chunks are not signed. */
  readonly chain: ChunkChain | undefined
  readonly hasTrailers: boolean
  /** What `x-amz-decoded-content-length` and `x-amz-trailer` promise. */
  readonly decodedBytes: string | undefined
  readonly announced: readonly string[]
}

export type DecodedBody = { readonly content: Buffer; readonly trailers: ReadonlyMap<string, string> }

export function decodeAwsChunked(body: Buffer, promised: ChunkedBody): DecodedBody {
  const { chunks, end, signature } = readChunks(body, promised.chain)
  const content = Buffer.concat(chunks)
  if (promised.decodedBytes !== String(content.length))
    throw new S3Error(
      'IncompleteBody',
      400,
      `x-amz-decoded-content-length promised ${promised.decodedBytes ?? 'nothing'}, the chunks hold ${content.length} bytes.`,
    )
  const lines = linesOf(body.subarray(end))
  if (!promised.hasTrailers && lines.length > 0)
    throw new S3Error('IncompleteBody', 400, 'There is something after the last chunk.')
  return { content, trailers: readTrailers(lines, promised, signature) }
}

const LINE_BYTES_MAX = 256

function readChunks(
  body: Buffer,
  chain: ChunkChain | undefined,
): { readonly chunks: readonly Buffer[]; readonly end: number; readonly signature: string } {
  const chunks: Buffer[] = []
  let signature = chain?.seed ?? ''
  for (let at = 0; ;) {
    const head = readChunkHead(body, at)
    const chunk = body.subarray(head.from, head.from + head.bytes)
    if (chunk.length < head.bytes) throw new S3Error('IncompleteBody', 400, 'A chunk is cut short.')
    if (chain !== undefined) signature = verifyChunk(chain, signature, chunk, head.signature)
    if (head.bytes === 0) return { chunks, end: head.from, signature }
    chunks.push(chunk)
    at = head.from + head.bytes + 2
    if (body.toString('latin1', at - 2, at) !== '\r\n')
      throw new S3Error('IncompleteBody', 400, 'A chunk does not end where it said it would.')
  }
}

function readChunkHead(
  body: Buffer,
  at: number,
): { readonly bytes: number; readonly signature: string; readonly from: number } {
  const line = body.toString('latin1', at, at + LINE_BYTES_MAX)
  const [whole, size = '', signature = ''] =
    /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?\r\n/i.exec(line) ?? []
  if (whole === undefined) throw new S3Error('IncompleteBody', 400, 'Wanted the head of a chunk.')
  return { bytes: Number.parseInt(size, 16), signature, from: at + whole.length }
}

function verifyChunk(
  { key, scope, time }: ChunkChain,
  previous: string,
  chunk: Buffer,
  signature: string,
): string {
  const wanted = hmac(
    key,
    [`${ALGORITHM}-PAYLOAD`, time, scope, previous, sha256Hex(''), sha256Hex(chunk)].join('\n'),
  ).toString('hex')
  if (!sameText(wanted, signature))
    throw new S3Error('SignatureDoesNotMatch', 403, 'A chunk’s signature is wrong.')
  return wanted
}

const linesOf = (bytes: Buffer): readonly string[] =>
  bytes
    .toString('latin1')
    .split(/\r\n|\n/)
    .filter((line) => line !== '')

const SIGNATURE_TRAILER = 'x-amz-trailer-signature'

function readTrailers(
  lines: readonly string[],
  { chain, hasTrailers, announced }: ChunkedBody,
  previous: string,
): ReadonlyMap<string, string> {
  const trailers = new Map(
    lines.map((line) => {
      const at = line.indexOf(':')
      if (at <= 0) throw new S3Error('MalformedTrailerError', 400, 'Wanted trailers as name:value.')
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const
    }),
  )
  const signature = trailers.get(SIGNATURE_TRAILER) ?? ''
  trailers.delete(SIGNATURE_TRAILER)
  if (announced.length !== trailers.size || announced.some((name) => !trailers.has(name)))
    throw new S3Error(
      'MalformedTrailerError',
      400,
      'The trailers are not those that x-amz-trailer announced.',
    )
  if (chain !== undefined && hasTrailers) verifyTrailers(chain, previous, trailers, signature)
  return trailers
}

function verifyTrailers(
  { key, scope, time }: ChunkChain,
  previous: string,
  trailers: ReadonlyMap<string, string>,
  signature: string,
): void {
  const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
  const wanted = hmac(key, [`${ALGORITHM}-TRAILER`, time, scope, previous, sha256Hex(text)].join('\n'))
  if (!sameText(wanted.toString('hex'), signature))
    throw new S3Error('SignatureDoesNotMatch', 403, 'The trailers’ signature is wrong.')
}
