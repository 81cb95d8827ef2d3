import { describe, expect, it } from 'vitest'
import { loadConfig } from './index.ts'

const load = (text: string, ...sets: string[]) => loadConfig({ file: { name: 'door.yaml', text }, sets })

describe('the settings of the camera', () => {
  it('are complete without any', () => {
    expect(load('').camera).toMatchObject({ kind: 'none', width: 1280, height: 720, device: '/dev/video0' })
  })

  it('name the nearest kind', () => {
    expect(() => load('camera: { kind: v4l }')).toThrow('did you mean “v4l2”?')
    expect(() => load('camera: { kind: rtsp, rstp: {} }')).toThrow('did you mean “rtsp”?')
  })

  it('want what their kind needs', () => {
    expect(() => load('camera: { kind: rtsp }')).toThrow('camera.rtsp.url: wanted the address of the camera')
    expect(() => load('camera: { kind: file }')).toThrow('camera.file: wanted the path of a video')
    expect(() => load('camera: { rtsp: { passwordFile: /etc/lintel/camera } }')).toThrow(
      'camera.rtsp.username: wanted the account that camera.rtsp.passwordFile is for',
    )
  })

  it('want no password in an address, say where it belongs, and do not repeat it', () => {
    for (const url of [
      'rtsp://admin:s3cret@10.0.0.7/live',
      'rtsps://s3cret@cam/1',
      'rtsp://a:s3@cret@cam/1',
    ]) {
      const refused = (): unknown => load(`camera: { kind: rtsp, rtsp: { url: "${url}" } }`)
      expect(refused).toThrow('the file that camera.rtsp.passwordFile names')
      expect(refused).not.toThrow(/s3/)
    }
  })

  it('take addresses with ports, queries and IPv6', () => {
    for (const url of [
      'rtsp://cam',
      'rtsp://[fe80::1]:8554/a?b=c&d=@e',
      'RTSPS://cam.local:322/Streaming/101',
    ])
      expect(load(`camera: { kind: rtsp, rtsp: { url: "${url}" } }`).camera.rtsp.url).toBe(url)
  })

  it('know four ways to turn a picture', () => {
    expect(load('camera: { rotation: 270 }').camera.rotation).toBe(270)
    expect(() => load('camera: { rotation: 45 }')).toThrow('camera.rotation: wanted 0 or 90 or 180 or 270')
  })
})
