import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { describeObjectStoreContract } from '../../ports/object-store.contract.ts'
import { openS3Store } from './index.ts'
import { hasSwift, openSwift, SWIFT_PACKAGES, type Swift } from './swift.fixture.ts'

describe.skipIf(!hasSwift)(`with OpenStack Swift (Debian: ${SWIFT_PACKAGES})`, () => {
  let swift: Swift
  beforeAll(async () => {
    swift = await openSwift()
  })
  afterAll(() => swift[Symbol.asyncDispose]())

  describeObjectStoreContract('the S3 driver with OpenStack Swift', async () => {
    const { endpoint, region, credentials } = swift
    const bucket = `doorbell-${randomBytes(6).toString('hex')}`
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
    return {
      store: await openS3Store(
        { endpoint, region, bucket, credentials, pathStyle: true },
        { log: silentLog },
      ),
      async [Symbol.asyncDispose]() {},
    }
  })
})
