import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder } from './folder-lock.ts'

describe('the lock of a data folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-lock-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('keeps a second process away and names the first', async () => {
    const other = await lockElsewhere(folder)
    expect(() => lockFolder(folder)).toThrow(new RegExp(`already in use .*process ${other.pid}\\)`))
    other.kill('SIGTERM')
    await once(other, 'close')
  })

  it('is free again when its process is killed', async () => {
    const other = await lockElsewhere(folder)
    other.kill('SIGKILL')
    await once(other, 'close')
    using lock = lockFolder(folder)
    expect(lock).toBeDefined()
  })

  it('keeps the same process away too, by whatever path, until it is given back', () => {
    const lock = lockFolder(folder)
    expect(() => lockFolder(`${folder}/../${folder.split('/').at(-1)}`)).toThrow(`process ${process.pid}`)
    lock[Symbol.dispose]()
    lock[Symbol.dispose]()
    using again = lockFolder(folder)
    expect(again).toBeDefined()
  })

  it('makes the folder where there is none', () => {
    using lock = lockFolder(join(folder, 'new/data'))
    expect(lock).toBeDefined()
  })

  it('says so when a folder cannot be made there', async () => {
    await writeFile(join(folder, 'file'), 'x')
    expect(() => lockFolder(join(folder, 'file/data'))).toThrow(/lock the data folder/)
  })
})

/** Another process that holds the lock until it is killed. */
async function lockElsewhere(folder: string): Promise<ChildProcess> {
  const driver = new URL('./folder-lock.ts', import.meta.url).href
  const script = `
    const { lockFolder } = await import(${JSON.stringify(driver)})
    globalThis.lock = lockFolder(${JSON.stringify(folder)})
    process.stdout.write('locked')
    setTimeout(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}
