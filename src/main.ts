/** The command line: picks a command, nothing else. Each command is loaded only when it is asked for. */
import { Command, CommanderError } from 'commander'
import { isAbort, isFault, messageOf } from './base/fault.ts'
import { nearestName } from './base/nearest.ts'

const COMMANDS = {
  run: {
    about: 'be the doorbell: run on this board',
    load: async () => (await import('./commands/run.ts')).runCommand(),
  },
  setup: {
    about: 'ask what is wired where, try each part with you, write the settings',
    load: async () => (await import('./commands/setup.ts')).setupCommand(),
  },
  status: {
    about: 'say in plain words how the doorbell that runs here is',
    load: async () => (await import('./commands/status.ts')).statusCommand(),
  },
  sim: {
    about: 'replay recorded video through the doorbell, in virtual time',
    load: async () => (await import('./commands/sim.ts')).simCommand(),
  },
  cloud: {
    about: 'run the embedded object store and broker on this machine',
    load: async () => (await import('./commands/cloud.ts')).cloudCommand(),
  },
  owner: {
    about: 'make the key; list, open and share clips',
    load: async () => (await import('./commands/owner.ts')).ownerCommand(),
  },
  verify: {
    about: 'say what is genuine, what is missing and what was changed',
    load: async () => (await import('./commands/verify.ts')).verifyCommand(),
  },
  detect: {
    about: 'show what the motion detector makes of a video',
    load: async () => (await import('./commands/detect.ts')).detectCommand(),
  },
  update: {
    about: 'install signed releases, and return from those that do not stay up',
    load: async () => (await import('./commands/update.ts')).updateCommand(),
  },
  doctor: {
    about: 'say what is missing or wrong on this machine, and what to type',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
} as const

const EXIT_USAGE = 2

async function main(args: readonly string[]): Promise<number> {
  const name = args.find((arg) => !arg.startsWith('-'))
  if (name === undefined || name === 'help') return overview(args.length === 0 ? EXIT_USAGE : 0)
  if (!isCommand(name)) return unknownCommand(name)
  const program = new Command('lintel').showHelpAfterError('(lintel help shows the commands)')
  const command = await COMMANDS[name].load()
  for (const each of [program, command, ...descendantsOf(command)])
    each.exitOverride().enablePositionalOptions() // What stands behind `sim explore` is meant for it, not for `sim`.
  program.addCommand(command)
  await program.parseAsync([...args], { from: 'user' })
  return typeof process.exitCode === 'number' ? process.exitCode : 0
}

const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name)

const descendantsOf = (command: Command): readonly Command[] =>
  command.commands.flatMap((child) => [child, ...descendantsOf(child)])

function overview(exitCode: number): number {
  const rows = Object.entries(COMMANDS).map(([name, { about }]) => `  lintel ${name.padEnd(8)} ${about}`)
  process.stdout.write(
    `Lintel: a video doorbell whose recordings only the household can watch.\n\n${rows.join('\n')}\n\n`,
  )
  process.stdout.write('lintel COMMAND --help says more.\n')
  return exitCode
}

function unknownCommand(name: string): number {
  const near = nearestName(name, Object.keys(COMMANDS))
  const hint = near === undefined ? 'lintel help shows the commands' : `did you mean “lintel ${near}”?`
  process.stderr.write(`lintel: there is no command “${name}” (${hint})\n`)
  return EXIT_USAGE
}

/** One clear sentence for a person; the stack only where it is our own mistake. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  if (isAbort(error)) return 130
  process.stderr.write(`lintel: ${messageOf(error)}\n`)
  if (isFault(error, 'invalid', 'missing', 'denied')) return EXIT_USAGE
  if (!isFault(error) || error.kind === 'bug')
    process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : ''}\n`)
  return 1
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0) // `lintel … | head` is no mistake.
  throw error
})
process.exitCode = await main(process.argv.slice(2)).catch(explain)
