import { Command } from 'commander'
import { Fault } from '../base/fault.ts'
import type { RecipientList } from '../formats/index.ts'
import { addRecipient, readRecipients, removeRecipient } from '../owner/index.ts'
import { DEFAULT_DATA, openDataDisk } from './owner-data-folder.ts'
import { readIdentityFile } from './owner-files.ts'
import { OWNER, PASSPHRASE } from './owner-options.ts'

type ListOptions = { readonly data: string; readonly json?: true }
type ChangeOptions = ListOptions & { readonly owner: string; readonly passphraseFile?: string }

const FOLDER = ['--data <dir>', 'the doorbell’s data folder', DEFAULT_DATA] as const

export function ownerRecipientsCommand(): Command {
  return new Command('recipients')
    .description('show whose keys open new clips')
    .option(...FOLDER)
    .option('--json', 'print one JSON object')
    .action(showRecipients)
}

export function ownerAddRecipientCommand(): Command {
  return new Command('add-recipient')
    .description('let one more key open the clips recorded from now on')
    .argument('<key>', 'age1…')
    .requiredOption('--name <name>', 'whose key it is')
    .option(...FOLDER)
    .option(...OWNER)
    .option(...PASSPHRASE)
    .action(add)
}

export function ownerRemoveRecipientCommand(): Command {
  return new Command('remove-recipient')
    .description('no longer seal new clips to a key')
    .argument('<key or name>', 'age1…, or the name it was added with')
    .option(...FOLDER)
    .option(...OWNER)
    .option(...PASSPHRASE)
    .action(remove)
}

async function showRecipients(options: ListOptions): Promise<void> {
  const signed = await readRecipients(await openDataDisk(options.data))
  if (signed === undefined)
    throw new Fault(
      'missing',
      `${options.data}: no owner yet; begin with: lintel owner init --data ${options.data}`,
    )
  const { version, recipients } = signed.list
  process.stdout.write(
    options.json ? `${JSON.stringify({ version, recipients })}\n` : `${describeList(signed.list)}\n`,
  )
}

async function add(key: string, options: ChangeOptions & { readonly name: string }): Promise<void> {
  const identity = await readIdentityFile(options.owner, options)
  const disk = await openDataDisk(options.data)
  const list = await addRecipient(disk, identity, { key, name: options.name })
  process.stdout.write(
    `${describeList(list)}\n\nThe doorbell takes this up with its next clip. ` +
      `“${options.name.trim()}” cannot open clips recorded before; share one with: lintel owner share CLIP --to ${key}\n`,
  )
}

async function remove(which: string, options: ChangeOptions): Promise<void> {
  const identity = await readIdentityFile(options.owner, options)
  const list = await removeRecipient(await openDataDisk(options.data), identity, which)
  process.stdout.write(
    `${describeList(list)}\n\nThe doorbell takes this up with its next clip. ` +
      'Clips recorded before keep the headers they have: whoever could open those still can.\n',
  )
}

function describeList({ version, recipients }: RecipientList): string {
  const width = Math.max(...recipients.map(({ name }) => name.length))
  const rows = recipients.map(({ key, name }) => `${name.padEnd(width)}  ${key}`)
  return [`Version ${version}; new clips open with any of:`, ...rows].join('\n')
}
