import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedCloud } from '../../../sim/cloud/index.ts'
import { silentLog } from '../../base/log.ts'
import { describeObjectStoreContract } from '../../ports/object-store.contract.ts'
import { openS3Store } from './index.ts'

describeObjectStoreContract('the S3 driver with the embedded cloud', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-cloud-'))
  const cloud = await openEmbeddedCloud({ folder, log: silentLog })
  const { endpoint, account } = cloud
  const store = await openS3Store(
    { endpoint, region: account.region, bucket: account.bucket, pathStyle: true, credentials: account },
    { log: silentLog },
  )
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await cloud[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
})
