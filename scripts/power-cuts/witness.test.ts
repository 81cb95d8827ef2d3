import { describe, expect, it } from 'vitest'
import type { Found, RowChange, Told } from './wire.ts'
import { Witness } from './witness.ts'

const CLIP = 'c1'
const NAME = 'd0d0'

const object = (changed: object = {}): string =>
  JSON.stringify({ what: 'part', name: NAME, sha256: 'aa', uploaded: false, lost: false, ...changed })
const clip = (phase: string, why?: string): string => JSON.stringify({ phase, why })
const upload = (changed: object = {}): string => JSON.stringify({ name: NAME, sha256: 'aa', ...changed })
const twice = (value: object): string => JSON.stringify(JSON.stringify(value))

const put = (table: string, key: string, text: string): RowChange => ({ put: table, key, text })

const PART: readonly RowChange[] = [
  put('clip', CLIP, clip('sealed')),
  put('part', `${CLIP}/0000.age`, object()),
  put('upload', '1', upload()),
]

class Scene {
  readonly witness = new Witness()
  #writes = 0

  written(...changes: RowChange[]): this {
    return this.begun(...changes).hear({ tell: 'wrote', write: this.#writes })
  }

  begun(...changes: RowChange[]): this {
    return this.hear({ tell: 'writes', write: ++this.#writes, changes })
  }

  told(happening: Told): this {
    return this.hear({ tell: 'happening', happening })
  }

  hear(report: Parameters<Witness['hear']>[0]): this {
    this.witness.hear(report)
    return this
  }

  stored(name: string, sha256: string): this {
    return this.hear({ tell: 'put', call: 0, name, sha256, bytes: 1, ifAbsent: true })
  }
}

/** The disk after these changes, with the files that they speak of. */
function disk(
  changes: readonly RowChange[],
  files: Record<string, string> = { [`clips/${CLIP}/0000.age`]: 'aa' },
): Found {
  const rows: Record<string, [string, string][]> = {}
  for (const change of changes) if ('put' in change) (rows[change.put] ??= []).push([change.key, change.text])
  return { integrity: 'ok', rows, files }
}

const stored = { kind: 'part-stored', clip: CLIP, part: 0 }

describe('after a cut', () => {
  it('finds nothing wrong with a disk that has what was acknowledged', () => {
    const { witness } = new Scene().written(...PART).told(stored)
    expect(witness.judgeFound(disk(PART))).toEqual([])
    expect(witness.judgeRecovered(disk(PART), { healthy: true })).toEqual([])
    expect(witness.counts()).toEqual({ parts: 1, clips: 0, presses: 0 })
  })

  it('misses a row that was written', () => {
    const { witness } = new Scene().written(...PART).told(stored)
    expect(witness.judgeFound(disk(PART.slice(0, 1)))).toEqual([
      'index: row c1/0000.age of part: gone',
      'index: row 1 of upload: gone',
      'c1/0000.age: the part was acknowledged, and the index has forgotten it',
    ])
  })

  it('misses a part that was told before any row of it was written', () => {
    const { witness } = new Scene().told(stored)
    expect(witness.judgeFound(disk([]))).toHaveLength(1)
  })

  it('takes a transaction that nobody heard the end of as it is: all there, or nothing', () => {
    const begun = (): Witness => new Scene().begun(...PART).witness
    expect(begun().judgeFound(disk(PART))).toEqual([])
    expect(begun().judgeFound(disk([], {}))).toEqual([])
    expect(begun().judgeFound(disk(PART.slice(1)))).not.toEqual([])
  })

  it('knows transactions apart that were begun before one was known to have ended', () => {
    const [first, second] = [put('device', 'a', '1'), put('device', 'b', '2')]
    const begun = (): Scene => new Scene().begun(first).begun(second)
    expect(
      begun()
        .hear({ tell: 'wrote', write: 1 })
        .witness.judgeFound(disk([first])),
    ).toEqual([])
    expect(begun().witness.judgeFound(disk([first, second]))).toEqual([])
    expect(begun().hear({ tell: 'wrote', write: 1 }).witness.judgeFound(disk([]))).not.toEqual([])
    expect(begun().witness.judgeFound(disk([second]))).not.toEqual([])
  })

  it('misses a file, and knows other bytes', () => {
    const scene = (): Witness => new Scene().written(...PART).witness
    expect(scene().judgeFound(disk(PART, {}))).toEqual([
      'c1/0000.age: acknowledged, and there is no such file',
    ])
    expect(scene().judgeFound(disk(PART, { [`clips/${CLIP}/0000.age`]: 'bb' }))).toEqual([
      'c1/0000.age: acknowledged, and the file has other bytes',
    ])
  })

  it('sees a damaged index', () => {
    const { witness } = new Scene().written(...PART)
    expect(witness.judgeFound({ ...disk(PART), integrity: 'page 3 is never used' })).toEqual([
      'index: page 3 is never used',
    ])
  })

  it('misses an index that is not there at all any more', () => {
    const { witness } = new Scene().written(...PART)
    expect(witness.judgeFound({ integrity: 'absent', rows: {}, files: {} })).toEqual(['index: absent'])
  })

  it('misses a press that was told to nobody', () => {
    const press = put('outbox', '1', twice({ id: 'p1' }))
    const { witness } = new Scene().written(press).written({ remove: 'outbox', key: '1' })
    expect(witness.judgeFound(disk([]))).toEqual(['press p1: acknowledged, not told, and not in the outbox'])
    witness.hear({ tell: 'publish', call: 0, topic: 'lintel/x/press', payload: '{"id":"p1"}' })
    expect(witness.judgeFound(disk([]))).toEqual([])
  })

  it('misses a press that rang and was not written down while so much else was', () => {
    const scene = new Scene().told({ kind: 'press', id: 'p1' })
    for (let n = 0; n < 30; n++) scene.begun(put('device', 'boot', String(n)))
    expect(scene.witness.judgeFound(disk([put('device', 'boot', '29')]))).toEqual([
      'press p1: it rang, and was not written down',
    ])
  })

  it('lets no entry of the ledger be changed or removed', () => {
    const entry = put('ledger', '1', twice({ type: 'started' }))
    const other = put('ledger', '1', twice({ type: 'clip' }))
    const scene = new Scene().written(entry).written(other)
    const { witness } = scene
    expect(witness.judgeFound(disk([other]))).toEqual(['ledger entry 1: changed'])
    scene.written({ remove: 'ledger', key: '1' })
    expect(witness.judgeFound(disk([]))).toEqual(['ledger entry 1: removed'])
  })
})

describe('after the start', () => {
  const judge = (changes: readonly RowChange[], scene = new Scene()): readonly string[] =>
    scene.written(...changes).witness.judgeRecovered(disk(changes), { healthy: true })

  it('sees a clip that still grows, unless the disk refuses', () => {
    const growing = [put('clip', CLIP, clip('growing'))]
    expect(judge(growing)).toEqual(['clip c1: still growing after the start'])
    const { witness } = new Scene().written(...growing)
    expect(witness.judgeRecovered(disk(growing), { healthy: false })).toEqual([])
  })

  it('misses an object that is neither in the store nor on its way there', () => {
    expect(judge(PART.slice(0, 2))).toEqual(['c1/0000.age: neither in the store nor waiting for it'])
  })

  it('does not believe that the store has what it has not', () => {
    const marked = [
      put('clip', CLIP, clip('sealed')),
      put('part', `${CLIP}/0000.age`, object({ uploaded: true })),
    ]
    expect(judge(marked)).toEqual(['c1/0000.age: said to be in the store, which has no d0d0'])
    expect(judge(marked, new Scene().stored(NAME, 'aa'))).toEqual([])
    expect(judge(marked, new Scene().stored(NAME, 'bb'))).toEqual([
      'c1/0000.age: the store has other bytes under d0d0',
    ])
  })

  it('sees a loss that the runtime admits', () => {
    const lost = [put('clip', CLIP, clip('sealed')), put('part', `${CLIP}/0000.age`, object({ lost: true }))]
    expect(judge([...lost, put('upload', '1', upload())])).toEqual(['c1/0000.age: marked as lost'])
  })

  it('sees a clip that goes without having been in the store, and without a word in the ledger', () => {
    const going = [put('clip', CLIP, clip('expiring', 'room')), put('part', `${CLIP}/0000.age`, object())]
    expect(judge(going)).toEqual(['c1/0000.age: expires, is in no store, and the ledger does not say so'])
    expect(judge([...going, put('ledger', '1', twice({ type: 'expired', clip: CLIP }))])).toEqual([])
  })

  it('sees a clip that was discarded as empty though it had a part', () => {
    const emptied = [put('clip', CLIP, clip('expired', 'empty'))]
    expect(judge(emptied, new Scene().told(stored))).toEqual([
      'c1/0000.age: the part was acknowledged, and its clip was discarded as empty',
    ])
  })

  it('sees a sealed clip that grows again', () => {
    const growing = [put('clip', CLIP, clip('growing'))]
    expect(judge(growing, new Scene().told({ kind: 'clip-sealed', clip: CLIP }))).toContain(
      'clip c1: it was sealed, and is growing',
    )
  })
})

it('when all is told, nothing was given up', () => {
  const parked = [...PART.slice(0, 2), put('upload', '1', upload({ parked: 'damaged' }))]
  const { witness } = new Scene().written(...parked)
  expect(witness.judgeSettled(disk(parked))).toContain('upload of d0d0: given up: damaged')
})

it('when all is told, nothing waits and no clip is left half way', () => {
  const { witness } = new Scene().written(...PART, put('outbox', '1', twice({ id: 'p1' })))
  expect(witness.judgeSettled(disk([...PART, put('outbox', '1', twice({ id: 'p1' }))]))).toEqual([
    'press p1: nobody was told',
    '2 rows of messages and uploads are left when all is told',
    'clip c1: sealed when all is told',
  ])
})
