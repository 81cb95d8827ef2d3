import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { readTextFile } from './owner-files.ts'

/** An S3-compatible store as one types it: `https://host[:port]/bucket`. */
export type CloudAddress = { readonly endpoint: string; readonly bucket: string }

export type CloudCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region?: string
}

export function parseCloudUrl(text: string): CloudAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [bucket = '', ...more] = (url?.pathname ?? '').split('/').filter((step) => step !== '')
  if (url === undefined || !/^https?:$/.test(url.protocol) || bucket === '' || more.length > 0)
    throw new Fault('invalid', `--cloud ${text}: wanted https://host[:port]/bucket, embedded or none`)
  if (url.username !== '' || url.password !== '')
    throw new Fault(
      'invalid',
      '--cloud: credentials do not belong in the address; use --cloud-credentials FILE or AWS_ACCESS_KEY_ID',
    )
  return { endpoint: url.origin, bucket: decodeURIComponent(bucket) }
}

const credentialsFile = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().optional(),
  region: z.string().optional(),
})

/** From a JSON file, or from the environment as other S3 tools take them. */
export async function readCredentials(file: string | undefined): Promise<CloudCredentials> {
  return file === undefined ? credentialsOfEnvironment() : credentialsOfFile(file)
}

async function credentialsOfFile(file: string): Promise<CloudCredentials> {
  const result = credentialsFile.safeParse(jsonOf(file, await readTextFile(file)))
  if (!result.success)
    throw new Fault('invalid', `${file}: wanted {"accessKeyId": "…", "secretAccessKey": "…"}`)
  const { accessKeyId, secretAccessKey, sessionToken, region } = result.data
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(region === undefined ? {} : { region }),
  }
}

function credentialsOfEnvironment(): CloudCredentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Fault(
      'denied',
      'no credentials for the store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a JSON file with them',
    )
  const sessionToken = process.env.AWS_SESSION_TOKEN
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(region === undefined ? {} : { region }),
  }
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid', `${file}: not JSON`, { cause })
  }
}
