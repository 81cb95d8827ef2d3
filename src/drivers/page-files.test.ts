import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8 } from '../base/bytes.ts'
import { openPageFiles } from './page-files.ts'

describe('the files of the page', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-page-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function build(): Promise<NonNullable<Awaited<ReturnType<typeof openPageFiles>>>> {
    await mkdir(join(folder, 'page/assets'), { recursive: true })
    await writeFile(join(folder, 'page/index.html'), '<!doctype html>')
    await writeFile(join(folder, 'page/assets/app-1a.js'), 'go()')
    await writeFile(join(folder, 'secret.txt'), 'secret')
    await symlink(join(folder, 'secret.txt'), join(folder, 'page/link.txt'))
    const files = await openPageFiles(join(folder, 'page'))
    if (files === undefined) throw new Error('wanted a page')
    return files
  }

  it('are those that were built, each with its type and what it is known by', async () => {
    const files = await build()
    const page = await files.read('')
    expect(page).toMatchObject({
      type: 'text/html; charset=utf-8',
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
    })
    expect(await files.read('index.html')).toEqual(page)
    const script = await files.read('assets/app-1a.js')
    expect(script?.type).toBe('text/javascript; charset=utf-8')
    expect(fromUtf8(script?.bytes ?? new Uint8Array())).toBe('go()')
  })

  it.each([
    '../secret.txt',
    'assets/../../secret.txt',
    '/etc/passwd',
    'link.txt',
    'assets',
    'nowhere.js',
    '.',
  ])('do not include %s', async (path) => expect(await (await build()).read(path)).toBeUndefined())

  it('are not there before they were built', async () => {
    expect(await openPageFiles(join(folder, 'page'))).toBeUndefined()
  })
})
