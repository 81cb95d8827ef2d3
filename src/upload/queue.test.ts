import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../sim/devices/memory-store.ts'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import type { ClipId } from '../base/ids.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import type { Records } from '../ports/records.ts'
import { createUploads, type UploadJob, type Uploads } from './index.ts'

const away = new Fault('unavailable', 'the network is away')
const clip = (digit: string): ClipId => digit.repeat(16) as ClipId

describe('the uploads', () => {
  it('reach the store in the order they were queued', async () => {
    const house = new House()
    const names = ['part0', 'part1', 'poster', 'meta', 'manifest', 'tile', 'checkpoint']
    for (const name of names) await house.queue(await house.file(name))
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(names.map((name) => `put ${name}`))
    expect(house.stored('part1')).toBe('bytes of part1')
  })

  it('carry small things in their row, so that no file is needed', async () => {
    const house = new House()
    await house.queue(inline('checkpoint', 'the tree has five leaves'))
    await house.runUntilEmpty()
    expect(house.stored('checkpoint')).toBe('the tree has five leaves')
  })

  it('are gone from the queue together with what follows from it, and are told about after that', async () => {
    const house = new House()
    await house.queue(await house.file('part0'))
    await house.runUntilEmpty()
    expect(await house.rows()).toEqual([])
    expect(await house.records.list('part')).toEqual([{ key: 'part0', row: 'uploaded' }])
    expect(house.done).toEqual(['part0 with 0 rows left'])
  })

  it('are counted while they wait', async () => {
    const house = new House()
    await house.queue(inline('a', '12345'))
    await house.queue(inline('b', '123'))
    expect(house.uploads.waiting()).toEqual({ objects: 2, bytes: 8 })
    await house.runUntilEmpty()
    expect(house.uploads.waiting()).toEqual({ objects: 0, bytes: 0 })
  })

  it('begin when they are queued while nothing was to be done', async () => {
    const house = new House()
    void house.run()
    await house.clock.advance(1000)
    await house.queue(inline('late', 'x'))
    await house.clock.advance(0)
    expect(house.store.calls).toEqual(['put late'])
    await house.stop()
  })

  it('are not sent before the transaction that queues them is through', async () => {
    const house = new House()
    void house.run()
    const changes = house.uploads.queue(inline('part0', 'x'))
    house.uploads.wake()
    await house.clock.advance(1000)
    expect(house.store.calls).toEqual([])
    await house.records.write(changes)
    house.uploads.wake()
    await house.clock.advance(0)
    expect(house.store.calls).toEqual(['put part0'])
    await house.stop()
  })
})

describe('an upload that the store cannot take now', () => {
  it.each(['unavailable', 'denied', 'full'] as const)(
    'is tried again with growing pauses, before all that came later (%s)',
    async (kind) => {
      const house = new House()
      const tries: number[] = []
      house.store.onCall = () => {
        tries.push(house.clock.mono())
        return tries.length < 5 ? new Fault(kind, 'not now') : undefined
      }
      await house.queue(inline('first', '1'))
      await house.queue(inline('second', '2'))
      await house.runUntilEmpty()
      expect(tries).toEqual([0, 1000, 3000, 7000, 15_000, 15_000])
      expect([...house.store.objects.keys()]).toEqual(['first', 'second'])
    },
  )

  it('is tried at least every five minutes, for as long as it takes', async () => {
    const house = new House()
    const tries: number[] = []
    house.store.onCall = () => {
      tries.push(house.clock.mono())
      return house.clock.mono() < 7 * 24 * 3_600_000 ? away : undefined
    }
    await house.queue(inline('a', 'x'))
    await house.runUntilEmpty()
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
    expect(Math.max(...pauses)).toBe(300_000)
    expect(house.stored('a')).toBe('x')
  })

  it('is stuck since something got away last, or since it began to wait alone', async () => {
    const house = new House()
    const HOUR_MS = 3_600_000
    await house.clock.advance(HOUR_MS)
    expect(house.uploads.stuckMs()).toBe(0)
    await house.queue(inline('a', 'x'))
    await house.clock.advance(HOUR_MS)
    await house.queue(inline('b', 'y'))
    expect(house.uploads.stuckMs()).toBe(HOUR_MS)
    house.store.onCall = (call) => (call.startsWith('put a') ? undefined : away)
    void house.run()
    await house.clock.advance(5 * HOUR_MS)
    expect(house.uploads.waiting().objects).toBe(1)
    expect(house.uploads.stuckMs()).toBe(5 * HOUR_MS)
    await house.stop()
    await house.restart()
    expect(house.uploads.stuckMs()).toBe(0)
  })

  it('does not make the next one wait when it went through', async () => {
    const house = new House()
    const tries: string[] = []
    house.store.onCall = (call) => {
      tries.push(`${call} at ${house.clock.mono()}`)
      return tries.length % 2 === 1 ? away : undefined
    }
    await house.queue(inline('a', 'x'))
    await house.queue(inline('b', 'y'))
    await house.runUntilEmpty()
    expect(tries).toEqual(['put a at 0', 'put a at 1000', 'put b at 1000', 'put b at 2000'])
  })
})

describe('an upload that went wrong on the way', () => {
  it.each([
    ['corrupt', 'put a', 'its bytes were damaged on the way'],
    ['missing', 'put a', 'there is no such place'],
    ['unavailable', 'head a', 'the network is away'],
  ] as const)('is weather, not a reason to give it up (%s at %s)', async (kind, at, message) => {
    const house = new House()
    await house.put('a', 'x')
    let failures = 3
    house.store.onCall = (call) => (call === at && failures-- > 0 ? new Fault(kind, message) : undefined)
    await house.queue(inline('a', 'x'))
    await house.runUntilEmpty()
    expect(house.done).toEqual(['a with 0 rows left'])
    expect(house.said).toEqual(['upload.waits', 'upload.waits', 'upload.waits'])
  })

  it('is set aside when the store will never take it, and the next has its turn', async () => {
    const house = new House()
    house.store.onCall = (call) => (call === 'put a' ? new Fault('invalid', 'too large') : undefined)
    await house.queue(inline('a', 'x'))
    await house.queue(inline('b', 'y'))
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put a', 'put b'])
    expect(await house.rows()).toMatchObject([{ name: 'a', parked: 'too large' }])
  })

  it('is not set aside when a newer state of it came meanwhile', async () => {
    const house = new House()
    await house.queue(inline('a', 'old', { replace: true }))
    let newer: Promise<void> | undefined
    house.store.onCall = () => {
      if (newer !== undefined) return undefined
      newer = house.queue(inline('a', 'new', { replace: true }))
      return new Fault('invalid', 'not this one')
    }
    await house.runUntilEmpty()
    expect(house.stored('a')).toBe('new')
    expect(await house.rows()).toEqual([])
    expect(house.said).toEqual([])
  })
})

describe('an object that the store already has', () => {
  it('counts as stored when it is ours, and only the acknowledgement was lost', async () => {
    const house = new House()
    house.store.onCall = once('lose-answer')
    await house.queue(inline('part0', 'ours'))
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put part0', 'put part0', 'head part0'])
    expect(house.done).toEqual(['part0 with 0 rows left'])
    expect(house.said).toEqual(['upload.waits'])
  })

  it.each(['strangers’ bytes', 'theirs'])(
    'is left alone when it is not ours (%j), and that is said',
    async (text) => {
      const house = new House()
      await house.put('part0', text)
      await house.queue(inline('part0', 'ours: '))
      await house.queue(inline('part1', 'next'))
      await house.runUntilEmpty()
      expect(house.stored('part0')).toBe(text)
      expect(house.stored('part1')).toBe('next')
      expect(house.done).toEqual(['part1 with 1 rows left'])
      expect(house.said).toEqual(['upload.set_aside'])
      expect(await house.rows()).toMatchObject([
        { name: 'part0', parked: expect.stringContaining('object part0: the store already has another') },
      ])
    },
  )

  it('is replaced when it is an older state of the same', async () => {
    const house = new House()
    await house.put('checkpoint', 'old')
    await house.queue(inline('checkpoint', 'new', { replace: true }))
    await house.runUntilEmpty()
    expect(house.stored('checkpoint')).toBe('new')
  })
})

describe('a file that cannot be sent', () => {
  it.each<[string, (house: House) => Promise<void>, RegExp]>([
    [
      'was damaged',
      async ({ disk }) => disk.damage('part0', 3),
      /part0: wanted 14 bytes with SHA-256 .*, got 14 with/,
    ],
    [
      'was cut short',
      ({ disk }) => disk.replace('part0', utf8('byt')),
      /part0: wanted 14 bytes .*, got 3 with/,
    ],
    ['is gone', ({ disk }) => disk.remove('part0'), /read part0: .*no such file/],
  ])('because it %s is set aside and said, and the next has its turn', async (_why, spoil, says) => {
    const house = new House()
    await house.queue(await house.file('part0'))
    await house.queue(await house.file('part1'))
    await spoil(house)
    await house.runUntilEmpty()
    expect([...house.store.objects.keys()]).toEqual(['part1'])
    expect(house.said).toEqual(['upload.set_aside'])
    expect(await house.rows()).toMatchObject([{ name: 'part0', parked: expect.stringMatching(says) }])
    expect(house.uploads.waiting().objects).toBe(0)
  })

  it('is tried once more after a restart: the disk may only have failed to read it', async () => {
    const house = new House()
    await house.queue(await house.file('part0'))
    const bytes = await house.disk.read('part0')
    await house.disk.remove('part0')
    await house.runUntilEmpty()
    await house.disk.create('part0', bytes)
    await house.restart()
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put part0'])
    expect(await house.rows()).toEqual([])
  })

  it('stays aside over a restart when it is no better, and its number is not given again', async () => {
    const house = new House()
    await house.queue(await house.file('part0'))
    await house.disk.remove('part0')
    await house.runUntilEmpty()
    await house.restart()
    await house.queue(inline('part1', 'x'))
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put part1'])
    expect(await house.rows()).toMatchObject([{ name: 'part0', parked: expect.any(String) }])
  })
})

describe('states of an object that may be replaced', () => {
  const checkpoint = (text: string): UploadJob => inline('checkpoint', text, { replace: true })

  it('wait only as the newest, at the end of the queue', async () => {
    const house = new House()
    await house.queue(checkpoint('one'))
    await house.queue(inline('tile', 'x'))
    await house.queue(checkpoint('two'))
    expect(house.uploads.waiting().objects).toBe(2)
    expect(await house.rows()).toMatchObject([{ name: 'tile' }, { name: 'checkpoint' }])
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put tile', 'put checkpoint'])
    expect(house.stored('checkpoint')).toBe('two')
  })

  it('follow each other when a newer one comes while the older is on its way', async () => {
    const house = new House()
    await house.queue(checkpoint('one'))
    let newer: Promise<void> | undefined
    house.store.onCall = () => {
      newer ??= house.queue(checkpoint('two'))
      return undefined
    }
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put checkpoint', 'put checkpoint'])
    expect(house.stored('checkpoint')).toBe('two')
    expect(await house.rows()).toEqual([])
  })

  it('are never overtaken by an older one, though the transaction that replaced it failed', async () => {
    const house = new House()
    await house.queue(checkpoint('one'))
    house.index.refuseWrites(new Fault('full', 'no room'))
    await expect(house.queue(checkpoint('two'))).rejects.toThrow('no room')
    house.index.refuseWrites(undefined)
    await house.queue(checkpoint('three'))
    expect(await house.rows()).toMatchObject([{ source: checkpoint('three').source }])
    await house.restart()
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put checkpoint'])
    expect(house.stored('checkpoint')).toBe('three')
  })

  it('are sent as the newest that is on disk when nothing newer came to be', async () => {
    const house = new House()
    await house.queue(checkpoint('one'))
    house.index.refuseWrites(new Fault('full', 'no room'))
    await expect(house.queue(checkpoint('two'))).rejects.toThrow('no room')
    house.index.refuseWrites(undefined)
    await house.restart()
    await house.runUntilEmpty()
    expect(house.stored('checkpoint')).toBe('one')
  })

  it('do not replace objects of other names', async () => {
    const house = new House()
    await house.queue(inline('a', '1', { replace: true }))
    await house.queue(inline('b', '2', { replace: true }))
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put a', 'put b'])
  })
})

describe('the upload queue', () => {
  it('goes on after a restart where it was, in the same order, with later ones behind', async () => {
    const house = new House()
    for (const name of ['a', 'b', 'c']) await house.queue(inline(name, name))
    await house.restart()
    await house.queue(inline('d', 'd'))
    expect(house.uploads.waiting()).toEqual({ objects: 4, bytes: 4 })
    await house.runUntilEmpty()
    expect(house.store.calls).toEqual(['put a', 'put b', 'put c', 'put d'])
  })

  it('sends again what was stored when the disk could not note it, and finds it there', async () => {
    const house = new House()
    await house.queue(inline('part0', 'x'))
    house.index.refuseWrites(new Fault('full', 'no room'))
    void house.run()
    await house.clock.advance(500)
    expect(house.done).toEqual([])
    expect(house.said).toEqual(['upload.waits'])
    house.index.refuseWrites(undefined)
    await house.clock.advance(500)
    expect(house.store.calls).toEqual(['put part0', 'put part0', 'head part0'])
    expect(house.done).toEqual(['part0 with 0 rows left'])
    await house.stop()
  })

  it('forgets what belonged to a clip that expired, and nothing else', async () => {
    const house = new House()
    await house.queue(inline('a0', 'x', { clip: clip('a') }))
    await house.queue(inline('b0', 'x', { clip: clip('b') }))
    await house.queue(inline('a1', 'x', { clip: clip('a') }))
    await house.queue(inline('tile', 'x'))
    await house.records.write(house.uploads.forget(clip('a')))
    expect(house.uploads.waiting().objects).toBe(2)
    expect(await house.rows()).toMatchObject([{ name: 'b0' }, { name: 'tile' }])
    await house.runUntilEmpty()
    expect([...house.store.objects.keys()]).toEqual(['b0', 'tile'])
    expect(house.uploads.forget(clip('c'))).toEqual([])
  })

  it('removes from the store what was on its way while its clip expired', async () => {
    const house = new House()
    await house.queue(inline('a0', 'x', { clip: clip('a') }))
    await house.queue(inline('b0', 'x', { clip: clip('b') }))
    house.store.onCall = (call) => {
      if (call === 'put a0') void house.records.write(house.uploads.forget(clip('a')))
      return undefined
    }
    await house.runUntilEmpty()
    expect([...house.store.objects.keys()]).toEqual(['b0'])
    expect(house.done).toEqual(['b0 with 0 rows left'])
    expect(await house.records.list('part')).toEqual([{ key: 'b0', row: 'uploaded' }])
  })

  it.each([
    'text',
    null,
    [],
    {},
    { name: 'x' },
    { name: 'x', sha256: 'y', bytes: 1, what: 'part', source: {} },
  ])('says that the row %j is damaged, and sends the others', async (row) => {
    const house = new House()
    await house.records.write([{ put: 'upload', key: '000000000007', row }])
    await house.restart()
    expect(house.said).toEqual(['upload.row_damaged'])
    await house.queue(inline('next', 'x'))
    await house.runUntilEmpty()
    expect([...house.store.objects.keys()]).toEqual(['next'])
    expect((await house.records.list('upload')).map(({ key }) => key)).toEqual(['000000000007'])
  })

  it('stops when it is told to: idle, in a pause, and on the way', async () => {
    const idle = new House()
    void idle.run()
    await idle.stop()
    const pausing = new House()
    pausing.store.onCall = () => away
    await pausing.queue(inline('a', 'x'))
    void pausing.run()
    await pausing.clock.advance(5)
    await pausing.stop()
    const sending = new House()
    sending.store.onCall = () => {
      sending.abort()
      return new Fault('aborted', 'stopped')
    }
    await sending.queue(inline('a', 'x'))
    await sending.run()
    for (const house of [pausing, sending]) expect(await house.rows()).toMatchObject([{ name: 'a' }])
  })

  it('does not hide a broken promise of our own', async () => {
    const house = new House()
    house.store.onCall = () => new Fault('bug', 'broken promise')
    await house.queue(inline('a', 'x'))
    await expect(house.run()).rejects.toThrow('broken promise')
  })
})

/** The queue with everything around it, in memory. Chance is always at its worst: the longest pause. */
class House {
  readonly clock = new SimClock({ bootWall: unixMs(1_767_225_600_000) })
  readonly store = createMemoryStore()
  readonly disk = createMemoryDisk()
  readonly index = new MemoryRecords()
  readonly records: Records = this.index.open()
  /** Names of what was logged at warning or above. */
  readonly said: string[] = []
  readonly done: string[] = []
  uploads: Uploads = this.#create()
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  async file(name: string): Promise<UploadJob> {
    const bytes = utf8(`bytes of ${name}`)
    await this.disk.create(name, bytes)
    return jobOf(name, bytes, { source: { file: name } })
  }

  async queue(job: UploadJob): Promise<void> {
    await this.records.write(this.uploads.queue(job))
    this.uploads.wake()
  }

  async put(name: string, text: string): Promise<void> {
    const { sha256 } = inline(name, text)
    await this.store.put(name, utf8(text), { sha256, ifAbsent: true, signal: this.#stop.signal })
  }

  stored(name: string): string {
    return Buffer.from(this.store.objects.get(name) ?? []).toString()
  }

  async rows(): Promise<readonly unknown[]> {
    return (await this.records.list('upload')).map(({ row }) => row)
  }

  run(): Promise<void> {
    this.#stop = new AbortController()
    this.#running = this.uploads.run(this.#stop.signal)
    return this.#running
  }

  abort(): void {
    this.#stop.abort()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async runUntilEmpty(): Promise<void> {
    void this.run()
    await this.clock.runUntil(() => this.uploads.waiting().objects === 0)
    await this.stop()
    expect(this.uploads.waiting().objects).toBe(0)
  }

  /** As after a power cut: only what is on disk is still known. */
  async restart(): Promise<void> {
    this.uploads = this.#create()
    await this.uploads.open()
  }

  #create(): Uploads {
    const say = (event: string): void => void this.said.push(event)
    return createUploads({
      ...this,
      random: { uniform: () => 1, bytes: (length) => new Uint8Array(length) },
      log: { ...silentLog, warn: say, error: say },
      onStored: ({ name }) => [{ put: 'part', key: name, row: 'uploaded' }],
      onDone: ({ name }) => void this.#noteDone(name),
    })
  }

  async #noteDone(name: string): Promise<void> {
    this.done.push(`${name} with ${(await this.rows()).length} rows left`)
  }
}

function jobOf(
  name: string,
  bytes: Uint8Array,
  rest: Partial<UploadJob> & Pick<UploadJob, 'source'>,
): UploadJob {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name, sha256, bytes: bytes.length, replace: false, what: 'part', ...rest }
}

const inline = (name: string, text: string, rest: Partial<UploadJob> = {}): UploadJob =>
  jobOf(name, utf8(text), { source: { inline: Buffer.from(text).toString('base64') }, ...rest })

function once(trouble: 'lose-answer'): () => 'lose-answer' | undefined {
  let isOver = false
  return () => {
    if (isOver) return undefined
    isOver = true
    return trouble
  }
}
