import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import { controlUrl, encodeReply, encodeRequest, interleaved, parseSdpVideo, RtspReader } from './index.ts'

const STREAM = concatBytes([
  encodeReply({ status: 200, reason: 'OK', headers: [['Session', '12']], body: 'v=0' }, '7'),
  interleaved({ channel: 0, payload: utf8('a picture'), sequence: 1, timestamp: 2, source: 3, isLast: true }),
  encodeRequest({ method: 'OPTIONS', url: 'rtsp://door/', headers: [] }, 8),
])

describe('an RTSP stream', () => {
  it('is read the same however it is cut', () => {
    const whole = new RtspReader().push(STREAM)
    expect(whole.map(({ kind }) => kind)).toEqual(['reply', 'interleaved', 'request'])
    expect(whole[0]).toMatchObject({ status: 200, body: utf8('v=0') })
    fc.assert(
      fc.property(fc.array(fc.nat({ max: STREAM.length }), { maxLength: 8 }), (cuts) => {
        const reader = new RtspReader()
        const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
        const items = places.slice(1).flatMap((to, index) => reader.push(STREAM.slice(places[index], to)))
        expect(items).toEqual(whole)
      }),
    )
  })

  it('may be anything: it is refused as corrupt, or more is waited for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        try {
          new RtspReader().push(bytes)
        } catch (error) {
          expect(isFault(error, 'corrupt')).toBe(true)
        }
      }),
    )
  })

  it('has bounds on headers and body', () => {
    expect(() => new RtspReader().push(new Uint8Array(9000).fill(65))).toThrow('8192 bytes')
    expect(() => new RtspReader().push(utf8('RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n'))).toThrow(
      '65536 bytes',
    )
    expect(() => new RtspReader().push(utf8('RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n'))).toThrow(
      '65536 bytes',
    )
  })
})

describe('a session description', () => {
  const sdp = (...lines: string[]): string => ['v=0', 'a=control:*', ...lines].join('\r\n')

  it('tells of the first video that we can read, with its parameter sets', () => {
    const text = sdp(
      ...[
        'm=audio 0 RTP/AVP 0',
        'a=control:track0',
        'm=video 0 RTP/AVP 26 97',
        'a=rtpmap:26 JPEG/90000',
        'a=rtpmap:97 H264/90000',
      ],
      ...['a=fmtp:97 packetization-mode=1; sprop-parameter-sets=Z0IAHg==,aM48gA==', 'a=control:track1'],
    )
    expect(parseSdpVideo(text)).toEqual({
      ...{ codec: 'h264', payloadType: 97, clockRate: 90_000, control: 'track1' },
      parameterSets: [Uint8Array.of(0x67, 0x42, 0, 0x1e), Uint8Array.of(0x68, 0xce, 0x3c, 0x80)],
    })
  })

  it('is refused with what it offers where that is something else', () => {
    expect(() => parseSdpVideo(sdp('m=video 0 RTP/AVP 26', 'a=rtpmap:26 JPEG/90000'))).toThrow(
      'H.264 or HEVC video over RTP, got JPEG',
    )
    expect(() => parseSdpVideo(sdp('m=audio 0 RTP/AVP 0'))).toThrow('got 1 tracks without video')
  })

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 500 }), (text) => {
        try {
          parseSdpVideo(`m=video 0 RTP/AVP 96\n${text}`)
        } catch (error) {
          expect(isFault(error, 'invalid')).toBe(true)
        }
      }),
    )
  })

  it.each([
    ['rtsp://door/live', undefined, 'rtsp://door/live'],
    ['rtsp://door/live/', '*', 'rtsp://door/live/'],
    ['rtsp://door/live/', 'track1', 'rtsp://door/live/track1'],
    ['rtsp://door/live', 'track1', 'rtsp://door/live/track1'],
    ['rtsp://door/live', 'rtsp://10.0.0.9/x/track1', 'rtsp://10.0.0.9/x/track1'],
  ])('names a track below %s called %s as %s', (base, control, url) => {
    expect(controlUrl(base, control)).toBe(url)
  })
})
