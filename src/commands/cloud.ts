import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { openEmbeddedCloud, CREDENTIALS_FILE } from '../../sim/cloud/index.ts'
import { createPinoLog } from '../drivers/pino-log.ts'

const PORT = 9410
const MQTT_PORT = 1884

export function cloudCommand(): Command {
  return new Command('cloud')
    .description('Runs the embedded object store and broker on this machine (127.0.0.1) until interrupted.')
    .option('--data <dir>', 'where everything of it is kept', 'lintel-cloud')
    .option('--port <number>', 'port of the object store (0: any free one)', port, PORT)
    .option('--mqtt-port <number>', 'port of the broker (0: any free one)', port, MQTT_PORT)
    .action(runCloud)
}

async function runCloud(options: {
  readonly data: string
  readonly port: number
  readonly mqttPort: number
}): Promise<void> {
  const folder = resolve(options.data)
  const log = createPinoLog('info')
  await using cloud = await openEmbeddedCloud({ folder, port: options.port, mqttPort: options.mqttPort, log })
  const { endpoint, mqttUrl, account } = cloud
  process.stdout.write(
    [
      `Object store  ${endpoint}/${account.bucket}   (region ${account.region})`,
      `Broker        ${mqttUrl ?? 'none'}   (user ${account.mqttUsername})`,
      `Credentials   ${join(folder, CREDENTIALS_FILE)}`,
      '',
      'To use it:',
      `  lintel sim VIDEO --data DIR --owner FILE --cloud ${endpoint}/${account.bucket} --cloud-credentials ${join(folder, CREDENTIALS_FILE)}`,
      '',
      'Ctrl-C ends it.',
      '',
    ].join('\n'),
  )
  await untilInterrupted()
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError(`wanted a port from 0 to 65535, got “${text}”`)
  return value
}
