import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../base/fault.ts'
import { answerOnSocket, askSocket } from './answer-socket.ts'

let path = ''
beforeEach(async () => (path = join(await mkdtemp(join(tmpdir(), 'socket-')), 'status')))
afterEach(() => rm(join(path, '..'), { recursive: true }))

describe('a socket that answers', () => {
  it('says the same to everybody who asks, and only owner and group may', async () => {
    await using _socket = await answerOnSocket(path, async () => 'well')
    expect(await Promise.all([askSocket(path), askSocket(path)])).toEqual(['well', 'well'])
    expect((await stat(path)).mode & 0o777).toBe(0o660)
  })

  it('takes the place of one that a dead process left', async () => {
    await writeFile(path, '')
    await using _socket = await answerOnSocket(path, async () => 'well')
    expect(await askSocket(path)).toBe('well')
  })

  it('says what went wrong', async () => {
    await using _socket = await answerOnSocket(path, async () => {
      throw new Fault('unavailable', 'not now')
    })
    expect(await askSocket(path)).toBe('{"problem":"not now"}')
  })

  it('is missing when nobody is there any more', async () => {
    await (await answerOnSocket(path, async () => 'well'))[Symbol.asyncDispose]()
    await expect(askSocket(path)).rejects.toMatchObject({
      kind: 'missing',
      message: `nobody answers at ${path}`,
    })
  })

  it('needs a path that the kernel can hold', async () => {
    await expect(answerOnSocket(`/${'x'.repeat(200)}`, async () => '')).rejects.toThrow('at most 107 bytes')
  })
})
