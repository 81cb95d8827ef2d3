import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { boardNames, openBoardConfig } from './board-config.ts'

let folder = ''
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'board-'))))
afterEach(() => rm(folder, { recursive: true }))

const config = async (text: string): Promise<string> => {
  await writeFile(join(folder, 'lintel.yaml'), text)
  return join(folder, 'lintel.yaml')
}

describe.each(await boardNames())('the board %s', (board) => {
  it('is a configuration that the schema takes, and wires a button unless it has no GPIO', async () => {
    const { configWith } = await openBoardConfig({ config: await config(''), board, set: [] })
    const { gpio } = configWith({})
    expect(Object.keys(gpio)).toEqual(
      board === 'pc-usb' ? [] : expect.arrayContaining(['button', 'pir', 'chime']),
    )
  })
})

describe('the configuration of a board', () => {
  it('lies under what the household says, wire by wire', async () => {
    const file = await config('board: pi-4\ngpio:\n  button: { line: 5 }\n  infrared: null\n')
    const { configWith, sources } = await openBoardConfig({ config: file, set: ['gpio.pir.line=6'] })
    const { gpio } = configWith({})
    expect(gpio.button).toEqual({
      chip: 'pinctrl-bcm2711',
      line: 5,
      activeLow: true,
      bias: 'pull-up',
      debounceUs: 0,
    })
    expect(gpio.pir?.line).toBe(6)
    expect(gpio.infrared).toBeUndefined()
    expect(sources.map((name) => name.split('/').at(-1))).toEqual(['pi-4.yaml', 'lintel.yaml'])
  })

  it('may be a file of somebody’s own, as seen from the file that names it', async () => {
    await mkdir(join(folder, 'mine'))
    await writeFile(join(folder, 'mine/porch.yaml'), 'gpio: { button: { line: BELL } }\n')
    const { configWith } = await openBoardConfig({ config: await config('board: mine/porch.yaml'), set: [] })
    expect(configWith({}).gpio.button?.line).toBe('BELL')
  })

  it('says which file is wrong, and where', async () => {
    await writeFile(join(folder, 'porch.yaml'), 'gpio:\n  buton: { line: 1 }\n')
    const file = await config('board: porch.yaml\n')
    const { configWith } = await openBoardConfig({ config: file, set: [] })
    expect(() => configWith({})).toThrow(
      `${join(folder, 'porch.yaml')}, line 2: there is no setting “buton” in gpio (did you mean “button”?)`,
    )
    await expect(openBoardConfig({ config: await config('board: pi4'), set: [] })).rejects.toThrow(
      'did you mean pi-4?',
    )
    await expect(openBoardConfig({ config: join(folder, 'gone.yaml'), set: [] })).rejects.toThrow(
      'there is no such file',
    )
  })

  it('needs the line of a wire', async () => {
    const { configWith } = await openBoardConfig({ config: await config('gpio:\n  button: {}\n'), set: [] })
    expect(() => configWith({})).toThrow('lintel.yaml, line 2: gpio.button.line: ')
  })
})
