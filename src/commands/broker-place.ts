import { Fault } from '../base/fault.ts'
import type { MqttConfig } from '../config/index.ts'
import type { openBroker } from '../drivers/mqtt/index.ts'
import { readFirstLine, readTextFile } from './owner-files.ts'

export type BrokerAccess = Omit<Parameters<typeof openBroker>[0], 'clientId' | 'will'>

/** How the broker of the settings is reached: with passwords and certificates read from their files. */
export async function brokerAccess(mqtt: MqttConfig): Promise<BrokerAccess> {
  const { url, protocol, username, passwordFile, caFile, certFile, keyFile } = mqtt
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Fault('invalid', 'mqtt: wanted certFile and keyFile together, got one of them')
  return {
    url,
    protocolVersion: protocol === '5' ? 5 : 4,
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: await readFirstLine(passwordFile) }),
    ...(caFile === undefined ? {} : { ca: await readTextFile(caFile) }),
    ...(certFile === undefined ? {} : { cert: await readTextFile(certFile) }),
    ...(keyFile === undefined ? {} : { key: await readTextFile(keyFile) }),
  }
}
