import { describe, expect, it } from 'vitest'
import { isPublicAddress, isPublicHttps } from './public-address.ts'

describe('a public address', () => {
  it.each([
    '1.1.1.1',
    '142.250.1.2',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2002:0101:0101::1',
    '::ffff:8.8.8.8',
  ])('is %s', (address) => expect(isPublicAddress(address)).toBe(true))

  it.each([
    ...[
      '127.0.0.1',
      '10.0.0.1',
      '192.168.1.1',
      '172.16.0.1',
      '172.31.255.255',
      '169.254.1.1',
      '100.64.0.1',
      '0.0.0.0',
    ],
    ...['224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1', '203.0.113.9', '1.2.3', '1.2.3.999', ''],
    ...[
      '::',
      '::1',
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
    ],
    ...['64:ff9b::10.0.0.1', '2002:7f00:1::1', '2001:db8::1', '2001::1', '1:2:3', 'g::1', '1::2::3'],
  ])('is not %s', (address) => expect(isPublicAddress(address)).toBe(false))

  it.each([
    'https://fcm.googleapis.com/fcm/send/x',
    'https://updates.push.services.mozilla.com:443/wpush/v2/x',
    'https://1.1.1.1/',
  ])('may be called: %s', (url) => expect(isPublicHttps(url)).toBe(true))

  it.each([
    'https://0x7f000001/',
    'https://127.1/',
    'https://017700000001/',
    'https://LOCALHOST./',
    'https://nas/',
    'https://a.lan/',
  ])('is not called, however it is written: %s', (url) => expect(isPublicHttps(url)).toBe(false))
})
