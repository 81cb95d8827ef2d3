/** `lintel update`: signed releases beside the installed package, tried out, and left again when they do not stay up. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { Fault, messageOf } from '../base/fault.ts'
import {
  beginTrial,
  chooseSlot,
  confirmTrial,
  DATA_FORMAT,
  neededVersions,
  openRelease,
  parseReleaseKey,
  returnToPackage,
  type Host,
  type Slot,
  type Slots,
} from '../update/index.ts'
import { fileFault } from './owner-files.ts'
import { openUpdatePlace, type UpdatePlace } from './update-place.ts'

const NOTE_BYTES_MAX = 64 * 1024
const ROOT = ['--root <dir>', 'the folder that stands for /', '/'] as const

type At = { readonly root: string }
type InstallOptions = At & {
  readonly anyVersion?: true
  readonly noWayBack?: true
  readonly restart: boolean
}

export function updateCommand(): Command {
  const update = new Command('update').description(
    'install signed releases, and return from those that do not stay up',
  )
  update
    .command('install')
    .description('check a release, unpack it, and try it as soon as nobody is at the door')
    .argument('<note>', 'the signed note (lintel_1.4.0_arm64.note); the .deb lies beside it')
    .option('--any-version', 'also one that is older, or that failed here before')
    .option('--no-way-back', 'also one whose recordings the version of now cannot read')
    .option('--no-restart', 'it is tried at the next start, whenever that is')
    .option(...ROOT)
    .action(install)
  update
    .command('status')
    .description('which version runs, which one is tried, which ones failed')
    .option('--json', 'print one JSON object')
    .option(...ROOT)
    .action(showStatus)
  update
    .command('back')
    .description('return to the version that apt installed')
    .option('--no-restart', 'at the next start')
    .option(...ROOT)
    .action(goBack)
  update
    .command('choose', { hidden: true })
    .description('for systemd, before each start: say which version runs')
    .option(...ROOT)
    .action(choose)
  update
    .command('confirm', { hidden: true })
    .description('for systemd, when the doorbell has stayed up: the version that runs is good')
    .option(...ROOT)
    .action(confirm)
  return update
}

async function install(note: string, options: InstallOptions): Promise<void> {
  const place = await openUpdatePlace(options.root)
  const release = openRelease(await readNote(note), await readKey(place.keyFile))
  const host = hostOf(place)
  const insists = { anyVersion: options.anyVersion === true, noWayBack: options.noWayBack === true }
  beginTrial(await place.read(), release, host, insists) // Whether it may, before anything is unpacked.
  await place.unpack(archiveBeside(note), release)
  const slots = beginTrial(await place.read(), release, host, insists)
  await place.write(slots)
  await place.removeAllBut(neededVersions(slots))
  say(`lintel ${release.version} is unpacked. ${await restart(options)}`)
}

const hostOf = ({ packageVersion }: UpdatePlace): Host => ({
  arch: process.arch === 'arm64' ? 'arm64' : 'amd64',
  packageVersion,
  dataFormat: DATA_FORMAT,
})

async function readNote(file: string): Promise<string> {
  if (!file.endsWith('.note'))
    throw new Fault('invalid', `${file}: wanted the release’s .note; the .deb is found beside it`)
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw fileFault(file, cause)
  })
  if (bytes.length <= NOTE_BYTES_MAX) return bytes.toString('utf8')
  throw new Fault('invalid', `${file}: wanted at most ${NOTE_BYTES_MAX} bytes, got ${bytes.length}`)
}

const archiveBeside = (note: string): string => note.replace(/[.]note$/, '.deb')

async function readKey(file: string): Promise<ReturnType<typeof parseReleaseKey>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault(
      'missing',
      `${file}: wanted the key of whoever makes your releases, one line; without it none is accepted`,
      { cause },
    )
  })
  return parseReleaseKey(text, file)
}

/** HUP: the doorbell ends when nobody is at the door, and systemd starts it again. */
async function restart(options: { readonly restart: boolean }): Promise<string> {
  if (!options.restart) return 'It is tried at the next start.'
  try {
    await promisify(execFile)('systemctl', ['reload', 'lintel.service'])
    return 'It is tried as soon as nobody is at the door.'
  } catch (error) {
    return `The doorbell could not be told (${messageOf(error).split('\n')[0] ?? ''}); type: systemctl restart lintel`
  }
}

async function showStatus(options: At & { readonly json?: true }): Promise<void> {
  const place = await openUpdatePlace(options.root)
  const slots = await place.read()
  const next = chooseSlot(slots, { packageVersion: place.packageVersion, there: await place.there() })
  say(
    options.json
      ? JSON.stringify({
          package: place.packageVersion,
          next: nameOf(next.run, place),
          because: next.because,
          ...slots,
        })
      : describe(slots, nameOf(next.run, place), next.because),
  )
}

const nameOf = (slot: Slot, place: UpdatePlace): string =>
  slot === 'package' ? place.packageVersion : slot.version

function describe({ trial, failed }: Slots, runs: string, because: string): string {
  return [
    `At the next start: ${runs} (${because}).`,
    ...(trial === undefined ? [] : [`On trial: ${trial.version}, started ${trial.starts} times so far.`]),
    ...(failed.length === 0 ? [] : [`Did not stay up: ${failed.join(', ')}.`]),
  ].join('\n')
}

async function goBack(options: At & { readonly restart: boolean }): Promise<void> {
  const place = await openUpdatePlace(options.root)
  await place.write(returnToPackage(await place.read()))
  say(`Back to ${place.packageVersion}. ${await restart(options)}`)
}

/** Also when the state is damaged the doorbell starts: with what apt installed. */
async function choose(options: At): Promise<void> {
  const place = await openUpdatePlace(options.root)
  try {
    const before = await place.read()
    const { slots, run, because } = chooseSlot(before, {
      packageVersion: place.packageVersion,
      there: await place.there(),
    })
    if (slots !== before) await place.write(slots) // First, or a crash would never be counted.
    await place.point(run)
    process.stderr.write(`lintel ${nameOf(run, place)}: ${because}\n`)
  } catch (error) {
    await place.point('package')
    process.stderr.write(`lintel ${place.packageVersion}, the package: ${messageOf(error)}\n`)
  }
}

async function confirm(options: At): Promise<void> {
  const place = await openUpdatePlace(options.root)
  const before = await place.read()
  const slots = confirmTrial(before)
  if (slots === before) return
  await place.write(slots)
  await place.removeAllBut(neededVersions(slots))
  process.stderr.write(
    `lintel ${before.trial?.version ?? ''} stayed up: it is the version that runs from now on\n`,
  )
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
