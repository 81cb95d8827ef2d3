/** The store and the broker that the settings name. Neither is waited for. */
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Config, MqttConfig, StoreConfig } from '../config/index.ts'
import { openBroker } from '../drivers/mqtt/index.ts'
import { openS3Store } from '../drivers/s3/index.ts'
import { willOf } from '../mqtt/index.ts'
import type { Broker } from '../ports/broker.ts'
import type { Disk } from '../ports/disk.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { openDeviceKey } from '../vault/index.ts'
import { readFirstLine, readTextFile } from './owner-files.ts'
import { readCredentials } from './s3-place.ts'

/** Credentials: from `credentialsFile` where one is named on the command line, else as the settings say. */
export async function openConfiguredStore(
  { endpoint, region, bucket, pathStyle, credentialsFile }: StoreConfig,
  { log, credentials }: { readonly log: Log; readonly credentials?: string | undefined },
): Promise<ObjectStore & AsyncDisposable> {
  const account = await readCredentials(credentials ?? credentialsFile)
  return openS3Store(
    { ...(endpoint === undefined ? {} : { endpoint }), region, bucket, pathStyle, credentials: account },
    { log },
  )
}

export type BrokerNames = Pick<Parameters<typeof openBroker>[0], 'clientId' | 'will'>

/** How a broker knows this device, and what it says when the device is gone. */
export async function brokerNames(
  config: Config,
  { disk, log }: { readonly disk: Disk; readonly log: Log },
): Promise<BrokerNames> {
  const { name } = await openDeviceKey({ disk, log })
  const rules = { prefix: config.mqtt?.prefix ?? 'lintel', device: name, name: config.device.name }
  return { clientId: name.replaceAll('/', '-'), will: willOf(rules) }
}

export async function openConfiguredBroker(
  mqtt: MqttConfig,
  { names, log }: { readonly names: BrokerNames; readonly log: Log },
): Promise<Broker & AsyncDisposable> {
  const { url, protocol, username, passwordFile, caFile, certFile, keyFile } = mqtt
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Fault('invalid', 'mqtt: wanted certFile and keyFile together, got one of them')
  return openBroker(
    {
      ...names,
      url,
      protocolVersion: protocol === '5' ? 5 : 4,
      ...(username === undefined ? {} : { username }),
      ...(passwordFile === undefined ? {} : { password: await readFirstLine(passwordFile) }),
      ...(caFile === undefined ? {} : { ca: await readTextFile(caFile) }),
      ...(certFile === undefined ? {} : { cert: await readTextFile(certFile) }),
      ...(keyFile === undefined ? {} : { key: await readTextFile(keyFile) }),
    },
    { log },
  )
}
