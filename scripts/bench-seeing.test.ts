import { describe, expect, it } from 'vitest'
import { readLabels } from './bench-seeing-clips.ts'
import { readSpans, spansOfMotion, type Line } from './bench-seeing-detectors.ts'

const line = (atS: number, text: string): Line => ({ atS, text })

describe('what Motion’s log says', () => {
  it('is times since its camera was connected, without the pause that ends an event', () => {
    const spans = spansOfMotion([
      line(99, '[0:motion] [NTC] [ALL] main: Waiting for threads to finish, pid: 19510'),
      line(100, '[2:nc2] [NTC] [NET] netcam_rtsp_connect: norm: Camera ((null)) connected'),
      line(106.5, '[1:ml1] [NTC] [ALL] motion_detected: Motion detected - starting event 1.'),
      line(112.5, '[1:ml1] [NTC] [ALL] mlp_actions: End of event 1'),
      line(118, '[1:ml1] [NTC] [ALL] motion_detected: Motion detected - starting event 2.'),
      line(119, '[1:ml1] [NTC] [ALL] mlp_actions: End of event 2'),
    ])
    expect(spans).toEqual([
      [6.5, 10.5],
      [18, 18],
    ])
  })

  it('is an error when the camera never was connected', () => {
    expect(() => spansOfMotion([line(1, 'conf_load: could not open')])).toThrow('never said')
  })
})

describe('what a detector prints', () => {
  it('is a list of spans, and anything else is an error that shows it', () => {
    expect(readSpans('[[1, 2.5]]\n', 'OpenCV knn')).toEqual([[1, 2.5]])
    for (const text of ['', 'Traceback', '[[1]]', '{"a": 1}'])
      expect(() => readSpans(text, 'OpenCV knn')).toThrow(`OpenCV knn: wanted [[from, to], …], got ${text}`)
  })
})

describe('a file with labels', () => {
  const clip = { name: 'a.mp4', motion: [[1, 2]], ignore: [], quiet: [[3, 9]], present: [] }

  it('gives each clip its labels', () => {
    const { name, ...labels } = clip
    expect(readLabels(JSON.stringify([{ ...clip, remark: 'windy' }]), 'labels.json').get(name)).toEqual(
      labels,
    )
  })

  it('is refused with what is wrong in it', () => {
    expect(() => readLabels('[', 'labels.json')).toThrow('labels.json: is not JSON')
    expect(() => readLabels(JSON.stringify([{ ...clip, quiet: [[1]] }]), 'labels.json')).toThrow(
      /labels\.json: .*quiet/,
    )
  })
})
