import { Command } from 'commander'
import { Fault } from '../base/fault.ts'
import {
  enrolOwner,
  formatIdentity,
  lockIdentity,
  makeSecret,
  parseIdentity,
  readRecipients,
} from '../owner/index.ts'
import { recoveryKit, secretOfWords, wordsOfSecret } from '../owner/index.ts'
import { askNewPassphrase, isInteractive } from './ask.ts'
import { openDataDisk } from './owner-data-folder.ts'
import {
  defaultOwnerFile,
  defaultOwnerName,
  fileFault,
  readIdentityFile,
  readPassphraseFile,
  readTextFile,
  refuseExisting,
  writeSecretFile,
} from './owner-files.ts'

type NewKeyOptions = {
  readonly owner: string
  readonly passphraseFile?: string
  readonly name: string
  readonly data?: string
  readonly json?: true
}

const ownerOption = ['--owner <file>', 'the owner’s key, an age identity file', defaultOwnerFile()] as const
const passphraseOption = [
  '--passphrase-file <file>',
  'the key’s passphrase, in the first line of a file',
] as const
const nameOption = ['--name <name>', 'what the recipient list calls this key', defaultOwnerName()] as const

export function ownerInitCommand(): Command {
  return new Command('init')
    .description('make the owner’s key, which alone opens recordings, and print the recovery kit')
    .option(...ownerOption)
    .option(...passphraseOption)
    .option(...nameOption)
    .option('--data <dir>', 'also make this the owner of a doorbell’s data folder')
    .option('--recovery-file <file>', 'write the recovery kit to this file instead of showing it')
    .option('--json', 'print one JSON object')
    .action((options: NewKeyOptions & { readonly recoveryFile?: string }) => initOwner(options))
}

export function ownerRecoverCommand(): Command {
  return new Command('recover')
    .description('rebuild the owner’s key from the 24 words of the recovery kit')
    .requiredOption('--words-file <file>', 'file with the words; - reads them from standard input')
    .option(...ownerOption)
    .option(...passphraseOption)
    .option('--json', 'print one JSON object')
    .action(recoverOwner)
}

export function ownerEnrolCommand(): Command {
  return new Command('enrol')
    .description('make an existing key the owner of a doorbell’s data folder')
    .requiredOption('--data <dir>', 'the doorbell’s data folder')
    .option(...ownerOption)
    .option(...passphraseOption)
    .option(...nameOption)
    .action(enrol)
}

async function initOwner(options: NewKeyOptions & { readonly recoveryFile?: string }): Promise<void> {
  await refuseForeignFolder(options.data)
  const secret = await makeSecret()
  const recipient = await writeIdentity(secret, options)
  const kit = recoveryKit(secret, recipient)
  if (options.recoveryFile !== undefined) await writeSecretFile(options.recoveryFile, kit)
  const enrolled = options.data !== undefined
  if (options.data !== undefined) await enrolIn(options.data, secret, options.name)
  if (options.json) {
    const words = options.recoveryFile === undefined ? { words: wordsOfSecret(secret) } : {}
    process.stdout.write(`${JSON.stringify({ owner: options.owner, recipient, enrolled, ...words })}\n`)
    return
  }
  const lines = [
    `Owner's key:  ${options.owner}`,
    `Recipient:    ${recipient}`,
    ...(options.data === undefined ? [] : [`Owner of:     ${options.data}`]),
    '',
    options.recoveryFile === undefined
      ? kit
      : `The recovery kit is in ${options.recoveryFile}: print it, then remove the file.\n`,
  ]
  process.stdout.write(lines.join('\n'))
}

async function recoverOwner(options: NewKeyOptions & { readonly wordsFile: string }): Promise<void> {
  const text = options.wordsFile === '-' ? await readStandardInput() : await readTextFile(options.wordsFile)
  const recipient = await writeIdentity(secretOfWords(text), options)
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ owner: options.owner, recipient })}\n`
      : `Owner's key:  ${options.owner}\nRecipient:    ${recipient}\n`,
  )
}

async function enrol(options: NewKeyOptions & { readonly data: string }): Promise<void> {
  const identity = await readIdentityFile(options.owner, options)
  const outcome = await enrolIn(options.data, identity.secret, options.name)
  process.stdout.write(
    outcome === 'enrolled'
      ? `${options.data} seals its recordings to ${identity.recipient} from now on.\n`
      : `${options.data} belongs to this key already.\n`,
  )
}

async function writeIdentity(secret: string, options: NewKeyOptions): Promise<string> {
  await refuseExisting(options.owner)
  const text = await formatIdentity(secret, new Date().toISOString().replace(/\.\d+Z$/, 'Z'))
  const passphrase = await newPassphrase(options.passphraseFile)
  await writeSecretFile(options.owner, passphrase === undefined ? text : await lockIdentity(text, passphrase))
  return (await parseIdentity(options.owner, text)).recipient
}

async function newPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file !== undefined) return readPassphraseFile(file)
  return isInteractive() ? askNewPassphrase() : undefined
}

/** Before a key is made that could then not be used. */
async function refuseForeignFolder(folder: string | undefined): Promise<void> {
  if (folder === undefined) return
  const list = await readRecipients(await openDataDisk(folder, { create: true }))
  if (list !== undefined)
    throw new Fault(
      'denied',
      `${folder} has an owner already (${list.list.recipients.map((each) => each.name).join(', ')}); a new key cannot take it over`,
    )
}

async function enrolIn(folder: string, secret: string, name: string): Promise<'enrolled' | 'already'> {
  return enrolOwner({ disk: await openDataDisk(folder, { create: true }), identityText: secret, name })
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array)) // No encoding is set: chunks are bytes.
  } catch (cause) {
    throw fileFault('standard input', cause)
  }
  return Buffer.concat(chunks).toString('utf8')
}
