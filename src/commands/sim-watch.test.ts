import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Fault } from '../base/fault.ts'
import { watchStories } from './sim-watch.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-watch-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

it('plays at once, and again after each change, also after a story that could not be read', async () => {
  const file = join(folder, 'night.yaml')
  await writeFile(file, 'title: a')
  const stop = new AbortController()
  let plays = 0
  const watching = watchStories(
    [file],
    async () => {
      plays++
      if (plays === 2) throw new Fault('invalid', 'night.yaml, line 1: there is no key “titel”')
      if (plays === 3) stop.abort()
      return true
    },
    stop.signal,
  )
  await expect.poll(() => plays, { timeout: 120_000 }).toBe(1)
  await writeFile(file, 'titel: a')
  await expect.poll(() => plays, { timeout: 120_000 }).toBe(2)
  // As editors do: a new file in the place of the old one.
  await writeFile(`${file}.new`, 'title: b')
  await rename(`${file}.new`, file)
  await watching
  expect(plays).toBe(3)
}, 240_000)
