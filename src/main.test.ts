import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const MAIN = resolve(import.meta.dirname, 'main.ts')

function lintel(cwd: string, ...args: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    encoding: 'utf8',
    cwd,
  })
}

it('gives options behind a command’s own commands to these, whatever it knows itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-main-'))
  try {
    // `sim` knows --watch and --seed, `explore` does not.
    expect(lintel(folder, 'sim', 'explore', '--watch')).toMatchObject({ status: 2 })
    expect(lintel(folder, 'sim', 'explore', '--seed', '1').stderr).toContain('unknown option')
    expect(readdirSync(folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
