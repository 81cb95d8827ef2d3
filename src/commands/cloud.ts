import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import {
  CREDENTIALS_FILE,
  openEmbeddedCloud,
  openPasswordFile,
  openReaderFile,
  type EmbeddedCloud,
} from '../../sim/cloud/index.ts'
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
  process.stdout.write(await introduction(folder, cloud))
  await untilInterrupted()
}

/** Where everything is and what to type; the secrets stay in their files. */
async function introduction(folder: string, { endpoint, mqttUrl, account }: EmbeddedCloud): Promise<string> {
  const { bucket, region, mqttUsername } = account
  const credentials = join(folder, CREDENTIALS_FILE)
  const password = await openPasswordFile(folder, account)
  const reader = await openReaderFile(folder, account)
  const member = (name: string): string => `"$(sed -n 's/.*"${name}": "\\(.*\\)".*/\\1/p' '${credentials}')"`
  return [
    `Object store  ${endpoint}/${bucket}   (region ${region})`,
    `Broker        ${mqttUrl ?? 'none'}   (user ${mqttUsername}, password in ${password})`,
    `Credentials   ${credentials}`,
    `              ${reader}   (may only read)`,
    '',
    'To use both:',
    `  lintel sim VIDEO --data DIR --owner FILE --cloud ${endpoint}/${bucket} --cloud-credentials ${credentials} \\`,
    `    --set mqtt.url=${mqttUrl ?? ''} --set mqtt.username=${mqttUsername} --set mqtt.passwordFile=${password}`,
    '',
    'For other S3 tools:',
    `  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region}`,
    `  export AWS_ACCESS_KEY_ID=${member('accessKeyId')}`,
    `  export AWS_SECRET_ACCESS_KEY=${member('secretAccessKey')}`,
    '',
    'Ctrl-C ends it.',
    '',
  ].join('\n')
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
