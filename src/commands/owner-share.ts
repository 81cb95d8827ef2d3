import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { Fault } from '../base/fault.ts'
import { pairsOf, readGrant, shareClip, withGrantHeader, type SharedClip } from '../owner/index.ts'
import type { PlaceOptions } from './owner-data-folder.ts'
import { openFilmTarget } from './owner-film.ts'
import { fileFault, readIdentityFile, readTextFile, writeSecretFile } from './owner-files.ts'
import { findClip, openOwnerLibrary, reportSurprises } from './owner-library.ts'
import { CLOUD, CREDENTIALS, DATA, interruption, OWNER, PASSPHRASE } from './owner-options.ts'

type ShareOptions = PlaceOptions & {
  readonly to: string
  readonly owner: string
  readonly passphraseFile?: string
  readonly output?: string
}

export function ownerShareCommand(): Command {
  return new Command('share')
    .description('write a grant: it lets one more key open one clip, and no other')
    .argument('<clip>', 'id, the beginning of one, or latest')
    .requiredOption('--to <key>', 'the receiver’s public key, age1…')
    .option('-o, --output <file>', 'the grant (default: CLIP.grant)')
    .option(...OWNER)
    .option(...PASSPHRASE)
    .option(...DATA)
    .option(...CLOUD)
    .option(...CREDENTIALS)
    .action(share)
}

export function ownerReheaderCommand(): Command {
  return new Command('reheader')
    .description('make an ordinary age file for a grant’s receiver out of one sealed part')
    .argument('<part>', 'a file or object of the granted clip')
    .requiredOption('--grant <file>', 'the grant')
    .option('-o, --output <file>', 'the age file; - for standard output', '-')
    .action(reheader)
}

async function share(wanted: string, options: ShareOptions): Promise<void> {
  const identity = await readIdentityFile(options.owner, options)
  const signal = interruption()
  await using opened = await openOwnerLibrary(options, signal)
  await reportSurprises(opened, options.owner)
  const clip = await findClip(opened, wanted, identity, signal)
  if (clip.kind === 'unsigned')
    throw new Fault(
      'invalid',
      `clip ${clip.id} is not finished, so nobody could check it; share it once it is`,
    )
  const shared = await shareClip(clip, { identity, opener: { identities: pairsOf(identity) } }, options.to)
  const file = options.output ?? `${clip.id}.grant`
  await writeSecretFile(file, shared.note)
  process.stdout.write(howToOpen(file, shared))
}

const howToOpen = (file: string, { grant, headerBytes }: SharedClip): string => `Grant:     ${file}
Clip:      ${grant.clip}, its film, picture, times and labels; no other clip
Receiver:  ${grant.to}

Give the receiver the grant and the clip’s sealed files (the folder clips/${grant.clip}, or access to the cloud).
They open it with
    lintel owner open clips/${grant.clip} --grant ${file} --owner THEIR-KEY -o visit.mp4
or, with nothing but age, part by part:
    for part in clips/${grant.clip}/0*.age; do
      { sed -n 's/.*"header":"\\([^"]*\\)".*/\\1/p' ${file} | base64 -d; tail -c +${headerBytes + 1} "$part"; } |
        age -d -i THEIR-KEY
    done > visit.mp4
`

async function reheader(
  part: string,
  options: { readonly grant: string; readonly output: string },
): Promise<void> {
  const received = readGrant(options.grant, await readTextFile(options.grant), [])
  const sealed = await readFile(part).catch((cause: unknown) => {
    throw fileFault(part, cause)
  })
  const file = withGrantHeader(received, new Uint8Array(sealed))
  await using target = await openFilmTarget(options.output)
  await target.write(file)
  await target.finish()
}
