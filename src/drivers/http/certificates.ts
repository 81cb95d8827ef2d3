import { createPrivateKey, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto'
import { isIP } from 'node:net'
import 'reflect-metadata' // @peculiar/x509 does not load without it.
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { Fault, isFault } from '../../base/fault.ts'
import type { UnixMs } from '../../base/time.ts'
import type { Disk } from '../../ports/disk.ts'
import { nameConstraints } from './name-constraints.ts'

const FOLDER = 'tls'
const ROOT_CERT = 'tls/root.crt'
const ROOT_KEY = 'tls/root.key'
const LEAF_CERT = 'tls/device.crt'
const LEAF_KEY = 'tls/device.key'
const KEY_MODE = 0o600

const DAY_MS = 24 * 3600_000
const ROOT_MS = 3652 * DAY_MS
/** Browsers take none that is good for more than 398 days (CA/Browser Forum ballot SC31), also of roots people installed. */
const LEAF_MS = 396 * DAY_MS
const RENEW_MS = 45 * DAY_MS
/** Clocks of phones and doorbells differ. */
const BEFORE_MS = DAY_MS
const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const

export type DeviceCertificate = {
  /** PEM: the device's own, then the root. */
  readonly cert: string
  readonly key: string
  /** PEM of the owner root, to be installed. */
  readonly root: string
  /** When it has to be made anew: open again then, and listen again with it. */
  readonly renewAtUnixMs: number
}

type Pair = { readonly cert: X509Certificate; readonly key: string }

/**
 * The device's own certificate under its own root, made where there is none, where it is for other names, or where it ends soon. The root may
 * vouch for these names only (and for addresses of home networks): who steals it with the device can pretend to be nobody else. When the
 * names have changed it is another root, to be installed anew. `now` has to be a time that can be trusted.
 */
export async function openCertificate({
  disk,
  names,
  now,
}: {
  readonly disk: Disk
  /** Names and addresses. */
  readonly names: readonly string[]
  readonly now: UnixMs
}): Promise<DeviceCertificate> {
  if (names.length === 0) throw new Fault('invalid', 'certificate: wanted at least one name of the device')
  await disk.makeFolder(FOLDER)
  const root = await openRoot(disk, names, now)
  const leaf = await openLeaf(disk, root, names, now)
  return {
    cert: `${leaf.cert.toString('pem')}\n${root.cert.toString('pem')}\n`,
    key: leaf.key,
    root: `${root.cert.toString('pem')}\n`,
    renewAtUnixMs: leaf.cert.notAfter.getTime() - RENEW_MS,
  }
}

async function openRoot(disk: Disk, names: readonly string[], now: UnixMs): Promise<Pair> {
  const present = await readPair(disk, ROOT_CERT, ROOT_KEY)
  const wanted = nameConstraints(names)
  const isGood =
    present !== undefined &&
    present.cert.notAfter.getTime() - now > LEAF_MS &&
    sameBytes(present.cert.getExtension(wanted.type)?.value, wanted.value)
  return isGood ? present : makeRoot(disk, wanted, now)
}

const sameBytes = (a: ArrayBuffer | undefined, b: ArrayBuffer): boolean =>
  a !== undefined && Buffer.from(a).equals(Buffer.from(b))

async function makeRoot(disk: Disk, constraints: Extension, now: UnixMs): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['Lintel doorbell (made by your own device)'] }],
    ...validity(now, ROOT_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      constraints,
    ],
  })
  return writePair(disk, ROOT_CERT, ROOT_KEY, { cert, key: await pemOf(keys.privateKey) })
}

async function openLeaf(disk: Disk, root: Pair, names: readonly string[], now: UnixMs): Promise<Pair> {
  const present = await readPair(disk, LEAF_CERT, LEAF_KEY)
  const isGood =
    present !== undefined &&
    present.cert.notAfter.getTime() - now > RENEW_MS &&
    present.cert.notBefore.getTime() <= now &&
    new NodeCertificate(present.cert.toString('pem')).checkIssued(
      new NodeCertificate(root.cert.toString('pem')),
    ) &&
    sameBytes(present.cert.getExtension(SAN)?.value, namesOf(names).value)
  return isGood ? present : makeLeaf(disk, root, names, now)
}

const SAN = '2.5.29.17'
const namesOf = (names: readonly string[]): SubjectAlternativeNameExtension =>
  new SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
  )

async function makeLeaf(disk: Disk, root: Pair, names: readonly string[], now: UnixMs): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const cert = await X509CertificateGenerator.create({
    subject: [{ CN: [names[0] ?? ''] }],
    issuer: root.cert.subject,
    ...validity(now, LEAF_MS),
    signingAlgorithm: SIGNING,
    publicKey: keys.publicKey,
    signingKey: await signingKeyOf(root.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      namesOf(names),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(root.cert.publicKey),
    ],
  })
  return writePair(disk, LEAF_CERT, LEAF_KEY, { cert, key: await pemOf(keys.privateKey) })
}

const validity = (now: UnixMs, ms: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(now - BEFORE_MS),
  notAfter: new Date(now - BEFORE_MS + ms),
})

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return String(
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }),
  )
}

function signingKeyOf(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), KEYS, false, ['sign'])
}

/** Undefined: one of them is not there, damaged, or they do not belong together: a power cut between two files. */
async function readPair(disk: Disk, certFile: string, keyFile: string): Promise<Pair | undefined> {
  const [cert, key] = [await readText(disk, certFile), await readText(disk, keyFile)]
  if (cert === undefined || key === undefined) return undefined
  try {
    const isPair = new NodeCertificate(cert).checkPrivateKey(createPrivateKey(key))
    return isPair ? { cert: new X509Certificate(cert), key } : undefined
  } catch {
    return undefined // What cannot be read is made anew: nothing else depends on it.
  }
}

async function readText(disk: Disk, file: string): Promise<string | undefined> {
  try {
    return fromUtf8(await disk.read(file))
  } catch (error) {
    if (isFault(error, 'missing') || error instanceof TypeError) return undefined
    throw error
  }
}

async function writePair(disk: Disk, certFile: string, keyFile: string, pair: Pair): Promise<Pair> {
  await disk.replace(keyFile, utf8(pair.key), { mode: KEY_MODE })
  await disk.replace(certFile, utf8(`${pair.cert.toString('pem')}\n`))
  return pair
}
