import { access, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openEmbeddedCloud, readAccount } from '../../sim/cloud/index.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { openScope, type Scope } from '../base/scope.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openS3Store } from '../drivers/s3/index.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import type { Disk } from '../ports/disk.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Records } from '../ports/records.ts'
import { parseCloudUrl, readCredentials } from './s3-place.ts'

export const DEFAULT_DATA = 'lintel-data'

/** Where to look for clips, as people say it: `--data`, `--cloud`, `--cloud-credentials`. */
export type PlaceOptions = {
  readonly data?: string
  readonly cloud?: string
  readonly cloudCredentials?: string
}

export type HerePlace = {
  /** The folder's full path. */
  readonly name: string
  readonly disk: Disk
  /** Absent before the doorbell's first start. */
  readonly records?: Records
}

export type CloudPlace = { readonly name: string; readonly store: ObjectStore }

export type Places = { readonly here?: HerePlace; readonly cloud?: CloudPlace }

/**
 * Opens what there is: the data folder (the default one only when no cloud is named), and the cloud: the one named,
 * or the folder's embedded one. Changes nothing in either.
 */
export function openPlaces(options: PlaceOptions): Promise<Places & AsyncDisposable> {
  const data = options.data ?? (isAddress(options.cloud) ? undefined : DEFAULT_DATA)
  return openScope(async (scope): Promise<Places> => {
    const here = data === undefined ? undefined : await openHere(data, scope)
    const cloud = await openCloud(options, here, scope)
    return { ...(here === undefined ? {} : { here }), ...(cloud === undefined ? {} : { cloud }) }
  })
}

/** The files of a data folder. Makes the folder only when asked to: a misspelt name should not become one. */
export async function openDataDisk(folder: string, options?: { create: boolean }): Promise<Disk> {
  const facts = await stat(folder).catch(() => undefined)
  if (facts === undefined && options?.create !== true)
    throw new Fault('missing', `${folder}: there is no such data folder; name the doorbell’s with --data DIR`)
  if (facts?.isDirectory() === false)
    throw new Fault('invalid', `${folder}: wanted a data folder, got a file`)
  return openNodeDisk(folder)
}

const isAddress = (cloud: string | undefined): boolean =>
  cloud !== undefined && cloud !== 'embedded' && cloud !== 'none'

async function openHere(folder: string, scope: Scope): Promise<HerePlace> {
  const disk = await openDataDisk(folder)
  const name = await realpath(folder)
  const index = join(name, 'index.sqlite')
  const hasIndex = await access(index).then(
    () => true,
    () => false,
  )
  if (!hasIndex) return { name, disk }
  return { name, disk, records: scope.own('index', await openSqliteRecords(index)) }
}

async function openCloud(
  options: PlaceOptions,
  here: HerePlace | undefined,
  scope: Scope,
): Promise<CloudPlace | undefined> {
  if (options.cloud === 'none') return undefined
  if (options.cloud !== undefined && options.cloud !== 'embedded')
    return openAddress(options.cloud, options, scope)
  if (here === undefined) throw new Fault('invalid', '--cloud embedded: wanted --data DIR as well')
  const embedded = await openEmbedded(join(here.name, 'cloud'), scope)
  if (embedded === undefined && options.cloud === 'embedded')
    throw new Fault('missing', `${here.name}: has no embedded cloud`)
  return embedded
}

async function openAddress(address: string, options: PlaceOptions, scope: Scope): Promise<CloudPlace> {
  const { endpoint, bucket } = parseCloudUrl(address)
  const { region = 'us-east-1', ...credentials } = await readCredentials(options.cloudCredentials)
  const s3 = { endpoint, bucket, region, credentials, pathStyle: true }
  const store = scope.own('store', await openS3Store(s3, { log: silentLog }))
  return { name: `${endpoint}/${bucket}`, store }
}

/** Speaks to our own store over loopback, exactly as to a stranger's. */
async function openEmbedded(folder: string, scope: Scope): Promise<CloudPlace | undefined> {
  if ((await readAccount(folder)) === undefined) return undefined
  const cloud = scope.own('embedded cloud', await openEmbeddedCloud({ folder, log: silentLog }))
  const { region, bucket, accessKeyId, secretAccessKey } = cloud.account
  const s3 = {
    endpoint: cloud.endpoint,
    bucket,
    region,
    pathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  }
  return { name: folder, store: scope.own('store', await openS3Store(s3, { log: silentLog })) }
}
