import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import type { Config } from '../config/index.ts'
import { openBroker } from '../drivers/mqtt/index.ts'
import { openS3Store } from '../drivers/s3/index.ts'
import type { Broker } from '../ports/broker.ts'
import type { Disk } from '../ports/disk.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { openEmbeddedCloud, type EmbeddedCloud } from '../../sim/cloud/index.ts'
import { brokerNames, openConfiguredBroker, openConfiguredStore, type BrokerNames } from './outside.ts'
import { parseCloudUrl, readCredentials } from './s3-place.ts'

export type CloudChoice = {
  /** `embedded`, `none`, or `http(s)://host[:port]/bucket`; left out: what the settings say, else embedded. */
  readonly cloud?: string
  readonly cloudCredentials?: string
}

type Given = {
  readonly folder: string
  readonly config: Config
  readonly choice: CloudChoice
  readonly disk: Disk
  readonly log: Log
}

export type Outside = { readonly store: ObjectStore | undefined; readonly broker: Broker | undefined }

/** How long a broker may take to answer before the video starts without it. */
const CONNECT_MS_MAX = 5000

/** The store and the broker: those named, or the embedded ones. */
export async function openOutside(scope: Scope, given: Given): Promise<Outside> {
  const { choice, config, folder, log } = given
  const wanted = choice.cloud ?? (config.store === undefined ? 'embedded' : 'configured')
  const embedded = wanted === 'embedded' ? await openEmbedded(scope, { folder, config, log }) : undefined
  const store = await openStore(wanted, given, embedded)
  if (store !== undefined) scope.own('store client', store)
  const broker = await openOneBroker(given, embedded)
  if (broker !== undefined) scope.own('broker client', broker)
  return { store, broker }
}

async function openEmbedded(
  scope: Scope,
  { folder, config, log }: Pick<Given, 'folder' | 'config' | 'log'>,
): Promise<EmbeddedCloud> {
  const broker = config.mqtt === undefined ? { mqttPort: 0 } : {}
  return scope.own(
    'embedded cloud',
    await openEmbeddedCloud({ folder: join(folder, 'cloud'), ...broker, log }),
  )
}

async function openStore(
  wanted: string,
  { choice, config, log }: Given,
  embedded: EmbeddedCloud | undefined,
): Promise<(ObjectStore & AsyncDisposable) | undefined> {
  if (wanted === 'none') return undefined
  if (embedded !== undefined) {
    const { endpoint, account } = embedded
    return openS3Store(
      { endpoint, region: account.region, bucket: account.bucket, pathStyle: true, credentials: account },
      { log },
    )
  }
  if (wanted === 'configured' && config.store !== undefined)
    return openConfiguredStore(config.store, { log, credentials: choice.cloudCredentials })
  const { endpoint, bucket } = parseCloudUrl(wanted)
  const credentials = await readCredentials(choice.cloudCredentials)
  return openS3Store(
    { endpoint, bucket, region: credentials.region ?? 'us-east-1', pathStyle: true, credentials },
    { log },
  )
}

async function openOneBroker(
  { config, disk, log }: Given,
  embedded: EmbeddedCloud | undefined,
): Promise<(Broker & AsyncDisposable) | undefined> {
  const names = await brokerNames(config, { disk, log })
  const broker =
    config.mqtt === undefined
      ? await openEmbeddedBroker(embedded, { names, log })
      : await openConfiguredBroker(config.mqtt, { names, log })
  if (broker !== undefined) await untilConnected(broker)
  return broker
}

async function openEmbeddedBroker(
  embedded: EmbeddedCloud | undefined,
  { names, log }: { readonly names: BrokerNames; readonly log: Log },
): Promise<(Broker & AsyncDisposable) | undefined> {
  if (embedded?.mqttUrl === undefined) return undefined
  const { mqttUsername: username, mqttPassword: password } = embedded.account
  return openBroker({ ...names, url: embedded.mqttUrl, username, password, protocolVersion: 4 }, { log })
}

/** So that a replay begins with the broker there; one that is away is no reason not to record. */
async function untilConnected(broker: Broker): Promise<void> {
  const signal = AbortSignal.timeout(CONNECT_MS_MAX)
  for await (const _connection of broker.connections({ signal })) return
}
