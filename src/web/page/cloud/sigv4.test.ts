import { describe, expect, it } from 'vitest'
import { presign, signingKey } from './sigv4.ts'

describe('a signed address', () => {
  /** The values of the S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)". */
  const signer = async () => ({
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    region: 'us-east-1',
    signing: await signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  })

  it('is the one in the reference of S3', async () => {
    const address = await presign(await signer(), {
      origin: 'https://examplebucket.s3.amazonaws.com',
      path: ['test.txt'],
      atUnixMs: Date.UTC(2013, 4, 24),
      expiresS: 86_400,
    })
    expect(address).toBe(
      'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
        '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
        '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
        '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    )
  })

  it('does not hold the secret, and the key that signs it cannot be read', async () => {
    const { signing } = await signer()
    expect(signing.extractable).toBe(false)
    for (const format of ['raw', 'jwk'] as const)
      await expect(crypto.subtle.exportKey(format, signing)).rejects.toThrow()
  })
})
