import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openEmbeddedCloud, type EmbeddedCloud } from '../../../sim/cloud/index.ts'
import { utf8 } from '../../base/bytes.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { describeObjectStoreContract } from '../../ports/object-store.contract.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { openS3Store } from './index.ts'

type Opened = AsyncDisposable & { readonly store: ObjectStore; readonly cloud: EmbeddedCloud }

async function openWith(ifNoneMatch: 'honoured' | 'refused' | 'ignored', log: Log): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-cloud-'))
  const cloud = await openEmbeddedCloud({ folder, log: silentLog, ifNoneMatch })
  const { endpoint, account } = cloud
  const { region, bucket } = account
  const store = await openS3Store(
    { endpoint, region, bucket, pathStyle: true, credentials: account },
    { log },
  )
  return {
    store,
    cloud,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await cloud[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

const putOnce = (store: ObjectStore, name: string, text: string): Promise<'stored' | 'already-there'> => {
  const bytes = utf8(text)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return store.put(name, bytes, { sha256, ifAbsent: true, signal: new AbortController().signal })
}

describe.each(['refused', 'ignored'] as const)('with a store where If-None-Match is %s', (how) => {
  describeObjectStoreContract(`the S3 driver where If-None-Match is ${how}`, () => openWith(how, silentLog))

  it('finds out with the first object, and says so once', async () => {
    const said: string[] = []
    const log = { ...silentLog, info: (event: string) => void said.push(event) }
    await using opened = await openWith(how, log)
    for (const name of ['a', 'b', 'c']) expect(await putOnce(opened.store, name, 'x')).toBe('stored')
    expect(await putOnce(opened.store, 'a', 'another')).toBe('already-there')
    expect(said).toEqual(['store.no_conditional_put'])
  })
})

describe('with a store that honours If-None-Match', () => {
  it('lets one of many win that put the same name at once', async () => {
    const said: string[] = []
    const log = { ...silentLog, info: (event: string) => void said.push(event) }
    await using opened = await openWith('honoured', log)
    expect(await putOnce(opened.store, 'first', 'x')).toBe('stored')
    const texts = ['one', 'two', 'three', 'four']
    const outcomes = await Promise.all(texts.map((text) => putOnce(opened.store, 'a', text)))
    expect(outcomes.toSorted()).toEqual(['already-there', 'already-there', 'already-there', 'stored'])
    const { signal } = new AbortController()
    const kept = await opened.store.get('a', { signal })
    expect(kept).toEqual(utf8(texts[outcomes.indexOf('stored')] ?? ''))
    expect(said).toEqual([])
  })
})
