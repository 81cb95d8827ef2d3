import { describe, expect, it } from 'vitest'
import type { ClipId, VisitId } from '../../src/base/ids.ts'
import { monoMs } from '../../src/base/time.ts'
import type { SimSummary } from '../summary.ts'
import { momentsOf } from './moments.ts'
import { videoPage, type VideoPageOf } from './video-page.ts'
import { elementsOf, parseXml, type XmlElement } from './well-formed.fixture.ts'

const VISIT = 'visit1' as VisitId
const box = { x: 0.25, y: 0.5, width: 0.1, height: 0.25 }
const summary: SimSummary = {
  ...{ video: 'door <b>.mp4', durationS: 30, frames: 450, mqtt: { published: 0 } },
  motion: [{ fromS: 10, toS: 14 }],
  presses: [{ atS: 12, visit: VISIT }],
  visits: [
    {
      ...{ id: VISIT, fromS: 10, toS: 20, signs: ['motion', 'person'], clips: [] },
      labels: [{ label: 'person', score: 0.834, atS: 11, box, zones: ['path'] }],
    },
  ],
  clips: [{ id: 'clip1' as ClipId, fromS: 4, toS: 25, parts: 11, bytes: 4000, uploaded: true, sealed: true }],
  seeing: {
    decoding: { trusted: false, why: 'it is new', decodedShare: 1, savedS: 0 },
    recognising: { state: 'missing', why: 'no model' },
  } as SimSummary['seeing'],
  cost: { cpuS: 1, wallS: 2, peakRssMb: 3 },
}
const looks = Array.from({ length: 150 }, (_, n) => ({
  ...{ at: monoMs(n * 200), moving: n >= 50 && n < 70, score: n >= 50 && n < 70 ? 0.8 : 0.05 },
  boxes: n >= 50 && n < 70 ? [box] : [],
}))
const seen = {
  looks,
  lookedAt: [
    {
      ...{ visit: VISIT, at: monoMs(11_000), within: { x: 0, y: 0, width: 0.5, height: 1 } },
      visitors: [{ thing: 'person', score: 0.834, box } as const],
      others: [{ thing: 'vehicle', score: 0.6, box: { ...box, x: 0.7 } } as const],
    },
  ],
}
const picture = { width: 320, height: 160, jpeg: new Uint8Array([255, 216, 255, 217]) }
const stillsOf = (visit: SimSummary['visits'][number]) =>
  momentsOf(visit, seen, 3).map((moment) => ({ moment, picture }))
const page: VideoPageOf = {
  ...{ summary, seen, thumbnails: [], replayCommand: 'scripts/lintel sim "door <b>.mp4"' },
  stills: new Map(summary.visits.map((visit) => [visit.id, stillsOf(visit)])),
  zones: [{ name: 'path', mode: 'watch', points: [[0, 0], [1, 0], [1, 1]] }], // prettier-ignore
}

/** What stands between two tags of the page that are XML too. */
function svgs(html: string): readonly XmlElement[] {
  return [...html.matchAll(/<figure>(<svg.*?<\/svg>)/gs)].map(([, svg = '']) => parseXml(svg))
}
const looksOf = (svg: XmlElement): readonly string[] =>
  [...elementsOf(svg)].flatMap(({ name, attributes }) =>
    name === 'rect' && attributes['class']?.startsWith('box ') ? [attributes['class']] : [],
  )

describe('the page of a video', () => {
  const html = videoPage(page)

  it('draws the score as a curve and the visit with its label', () => {
    expect(html).toMatch(/<path class="score" d="M\d+ 100L/)
    expect(html).toContain('>1 person 0.83</text>')
    expect(html).toContain('first seen at 11.0 s in path')
    expect(html).toContain('nobody: no model')
  })

  it('draws movement, people and whoever does not count over the picture, each in its own way and place', () => {
    const [first, best] = svgs(html)
    expect(looksOf(first!)).toEqual(['box halo', 'box moved'])
    expect(looksOf(best!)).toEqual(['box within', 'box halo', 'box moved', 'box halo', 'box other', 'box halo', 'box person']) // prettier-ignore
    const person = [...elementsOf(best!)].find(({ attributes }) => attributes['class'] === 'box person')!
    expect(person.attributes).toMatchObject({ x: '160', y: '160', width: '64', height: '80' })
    const words = [...elementsOf(best!)].flatMap(({ name, text }) => (name === 'text' ? [text] : []))
    expect(words).toEqual(['vehicle 0.60', 'person 0.83'])
    expect(best!.children[0]!.attributes['href']).toBe('data:image/jpeg;base64,/9j/2Q==')
  })

  it('lets no name become a tag, and fetches nothing', () => {
    expect(html).toContain('door &lt;b&gt;.mp4')
    expect(html).not.toContain('<b>.mp4')
    expect(html.replace(/xmlns="[^"]*"|'http:\/\/www\.w3\.org[^']*'/g, '')).not.toMatch(/https?:\/\//)
  })

  it('is the same for the same replay, whatever that cost', () => {
    expect(videoPage({ ...page, summary: { ...summary, cost: { cpuS: 9, wallS: 9, peakRssMb: 9 } } })).toBe(
      html,
    )
  })

  it('says so where nobody came, and where pictures are left out or missing', () => {
    expect(videoPage({ ...page, summary: { ...summary, visits: [] } })).toContain('Nobody came.')
    expect(videoPage({ ...page, stills: new Map() })).toContain('Pictures of later visits are left out.')
    const [moment] = momentsOf(summary.visits[0]!, seen, 1)
    const stills = new Map([[VISIT, [{ moment: moment!, picture: undefined }]]])
    expect(videoPage({ ...page, stills })).toContain('>no picture</text>')
  })
})
