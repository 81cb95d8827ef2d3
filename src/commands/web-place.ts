/** How the owner's page is reached: address, names, certificate. */
import { networkInterfaces } from 'node:os'
import { Fault } from '../base/fault.ts'
import type { WallTime } from '../base/time.ts'
import type { Config } from '../config/index.ts'
import { openCertificate } from '../drivers/http/index.ts'
import type { Disk } from '../ports/disk.ts'
import type { WebOptions } from '../web/index.ts'
import { readTextFile } from './owner-files.ts'

type Place = { readonly disk: Disk; readonly now: WallTime }

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/
const EVERYWHERE = new Set(['0.0.0.0', '::'])

/** Plain HTTP on loopback, where browsers trust it all the same; everywhere else HTTPS with the given certificate, or one of our own. */
export async function webOptionsOf({ web }: Config, { disk, now }: Place): Promise<WebOptions> {
  const { host, port, certFile, keyFile } = web
  const names = namesOf(web)
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Fault('invalid', 'web: wanted certFile and keyFile together, got one of them')
  if (certFile !== undefined && keyFile !== undefined) {
    const tls = { cert: await readTextFile(certFile), key: await readTextFile(keyFile) }
    return { listen: { host, port, tls }, names }
  }
  if (LOOPBACK.test(host)) return { listen: { host, port }, names }
  const { cert, key, root } = await openCertificate({ disk, names: names.map(unbracketed), now: now.at })
  return { listen: { host, port, tls: { cert, key } }, names, rootCertificate: root }
}

/** As a browser writes them. */
function namesOf({ host, names }: Config['web']): readonly string[] {
  const own = EVERYWHERE.has(host) ? [...loopback, ...addresses()] : LOOPBACK.test(host) ? loopback : [host]
  return [...new Set([...names, ...own.map(bracketed)])]
}

const loopback = ['localhost', '127.0.0.1', '::1']

const addresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
const unbracketed = (name: string): string => name.replace(/^\[|\]$/g, '')
