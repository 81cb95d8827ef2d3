import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeClockContract } from '../ports/clock.contract.ts'
import { createNodeClock, nodeClock } from './node-clock.ts'

describeClockContract('the machine’s clock', async () => ({
  clock: nodeClock,
  pass: async () => {},
  async [Symbol.asyncDispose]() {},
}))

describe('the time of day', () => {
  it('is trusted once a daemon left word that it came from the network', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lintel-clock-'))
    const word = join(folder, 'synchronized')
    expect(createNodeClock([word]).wall().trusted).toBe(false)
    await writeFile(word, '')
    expect(createNodeClock([word]).wall().trusted).toBe(true)
    await rm(folder, { recursive: true })
  })
})
