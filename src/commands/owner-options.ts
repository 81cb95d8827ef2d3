import { defaultOwnerFile } from './owner-files.ts'

/** Options that several of the owner's commands share. */
export const OWNER = ['--owner <file>', 'your key, an age identity file', defaultOwnerFile()] as const
export const PASSPHRASE = [
  '--passphrase-file <file>',
  'the key’s passphrase, in the first line of a file',
] as const
export const DATA = [
  '--data <dir>',
  'the doorbell’s data folder (lintel-data, unless a cloud is named)',
] as const
export const CLOUD = [
  '--cloud <url>',
  'https://host[:port]/bucket, embedded (the one in the data folder) or none',
] as const
export const CREDENTIALS = [
  '--cloud-credentials <file>',
  'JSON with accessKeyId and secretAccessKey (else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)',
] as const

/** Aborted when somebody presses Ctrl+C, so that nothing half done is left behind. */
export function interruption(): AbortSignal {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  return stop.signal
}
