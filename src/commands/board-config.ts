/** The configuration of a doorbell on a board: the board's own file, the configuration file over it, then the page, then `--set`. */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Fault, isFault } from '../base/fault.ts'
import { nearestName } from '../base/nearest.ts'
import { loadConfig, readYaml, type Changes, type Config, type YamlText } from '../config/index.ts'
import { readTextFile } from './owner-files.ts'
import { ROOT } from './page-door.ts'

export const CONFIG_FILE = '/etc/lintel/lintel.yaml'
export const DATA_FOLDER = '/var/lib/lintel'

/** systemd names one folder, or several with colons between; the first is ours. */
export const stateFolder = (): string => process.env['STATE_DIRECTORY']?.split(':')[0] ?? DATA_FOLDER

export const BOARDS_FOLDER = join(ROOT, 'firmware-config/boards')
const BOARD_FILE = /[.]ya?ml$/

export type BoardChoice = {
  /** Left out: `CONFIG_FILE`, which need not be there. */
  readonly config?: string
  /** A name or a file; left out: what `board` in the configuration file says. */
  readonly board?: string
  readonly set: readonly string[]
}

export type BoardConfig = {
  readonly configWith: (changes: Changes) => Config
  /** The files that were read, for people. */
  readonly sources: readonly string[]
  readonly boardFile: YamlText | undefined
}

/** Throws `Fault` with what is wrong in which file; nothing is checked twice later. */
export async function openBoardConfig({ config, board, set }: BoardChoice): Promise<BoardConfig> {
  const file = await readConfigFile(config)
  const named = board ?? boardIn(file)
  // A file is meant as seen from here, or from the configuration file that names it.
  const from = board !== undefined || file === undefined ? '.' : dirname(file.name)
  const boardFile = named === undefined ? undefined : await readBoardFile(named, from)
  const source = { board: boardFile, ...(file === undefined ? {} : { file }), sets: set }
  return {
    boardFile,
    configWith: (changed) => loadConfig({ ...source, changed }),
    sources: [boardFile, file].flatMap((each) => (each === undefined ? [] : [each.name])),
  }
}

async function readConfigFile(config: string | undefined): Promise<YamlText | undefined> {
  try {
    const name = config ?? CONFIG_FILE
    return { name, text: await readTextFile(name) }
  } catch (error) {
    if (config === undefined && isFault(error, 'missing')) return undefined
    throw error
  }
}

function boardIn(file: YamlText | undefined): string | undefined {
  const board = file === undefined ? undefined : readYaml(file).root['board']
  return typeof board === 'string' ? board : undefined // What else it may be, the schema says.
}

async function readBoardFile(named: string, from: string): Promise<YamlText> {
  if (named.includes('/') || BOARD_FILE.test(named)) {
    const path = resolve(from, named)
    return { name: path, text: await readTextFile(path) }
  }
  const names = await boardNames()
  if (!names.includes(named)) {
    const near = nearestName(named, names)
    throw new Fault(
      'missing',
      `board ${named}: there is no such board in ${BOARDS_FOLDER} (${near === undefined ? `there are: ${names.join(', ')}` : `did you mean ${near}?`})`,
    )
  }
  const path = join(BOARDS_FOLDER, `${named}.yaml`)
  return { name: path, text: await readTextFile(path) }
}

/** Those that are described in `firmware-config/boards/`. */
export async function boardNames(): Promise<readonly string[]> {
  const files = await readdir(BOARDS_FOLDER)
  return files.filter((name) => BOARD_FILE.test(name)).map((name) => basename(name).replace(BOARD_FILE, ''))
}
