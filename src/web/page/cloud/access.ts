/** What it takes to read a store: written by `lintel owner cloud-access`, or typed. The secret is kept as a key that signs and cannot be read again. */
import { fromUtf8 } from '../../../base/bytes.ts'
import { Fault } from '../../../base/fault.ts'
import { unbase64url } from '../crypto/bytes.ts'
import { count, members, oneOf, parse, text, yesNo, type Shaped } from '../crypto/shape.ts'
import { signingKey, type Signer } from './sigv4.ts'

const rawKey = text(/^[A-Za-z0-9+/]{43}=$/, 'a key of 32 bytes in base64')

const access = members(
  {
    format: oneOf('lintel-cloud-access/1'),
    /** `https://host[:port]`; plain HTTP on this very machine only. */
    endpoint: text(
      /^(https:\/\/[^/?#@\s]+|http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?)$/,
      'https://host[:port]',
    ),
    bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'),
    region: text(/^[\w-]{1,64}$/, 'a region such as us-east-1'),
    pathStyle: yesNo,
    accessKeyId: text(/^[\x21-\x7e]{1,256}$/, 'an access key id'),
    secretAccessKey: text(/^[\x21-\x7e]{1,512}$/, 'a secret access key'),
  },
  {
    sessionToken: text(/^[\x21-\x7e]{1,4096}$/, 'a session token'),
    /** Who writes the ledger, where that is known. */
    device: members({ name: text(/^lintel\/[0-9a-f]{16}$/, 'the name of a doorbell’s key'), key: rawKey }),
    /** How far it had grown when this was written. */
    checkpoint: members({ size: count, root: rawKey }),
  },
)

export type CloudAccess = Shaped<typeof access>
/** As it lies in the browser: nothing in it can be used elsewhere. */
export type KeptAccess = Omit<CloudAccess, 'format' | 'secretAccessKey'> & { readonly signing: CryptoKey }

export async function readAccess(json: string): Promise<KeptAccess> {
  const { format: _, secretAccessKey, ...rest } = parse('cloud access', access, json)
  return { ...rest, signing: await signingKey(secretAccessKey) }
}

/** From a link: `#access=<base64url of the file>`. Undefined: there is none in it. */
export function accessInHash(hash: string): string | undefined {
  const [, code] = /^#access=([\w-]+)$/.exec(hash) ?? []
  if (code === undefined) return undefined
  const bytes = unbase64url(code)
  if (bytes === undefined) throw new Fault('corrupt', 'cloud access: the link is cut off')
  return fromUtf8(bytes)
}

/** How lists and pins call it. */
export const placeOf = ({ endpoint, bucket }: Pick<KeptAccess, 'endpoint' | 'bucket'>): string =>
  `${endpoint}/${bucket}`

export const signerOf = ({ accessKeyId, region, sessionToken, signing }: KeptAccess): Signer => ({
  accessKeyId,
  region,
  signing,
  ...(sessionToken === undefined ? {} : { sessionToken }),
})
