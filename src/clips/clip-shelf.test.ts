import { describe, expect, it } from 'vitest'
import type { MemoryDisk } from '../../sim/devices/memory-disk.ts'
import { fromUtf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { monoMs } from '../base/time.ts'
import {
  formatRecipient,
  makePair,
  openManifest,
  signGrant,
  unwrapFileKey,
  wrapFileKey,
  type ClipGrant,
} from '../formats/index.ts'
import { ANNA, House, live, OWNER, type Life, type Lived } from './rebuild.fixture.ts'
import { guarded } from './rig.fixture.ts'

type Begun = { readonly house: House; readonly life: Life; readonly lived: Lived }

async function begin(): Promise<Begun & { readonly house: Awaited<ReturnType<typeof House.inMemory>> }> {
  const house = await House.inMemory()
  const life = await house.start()
  return { house, life, lived: await live(house, life) }
}

const shelfOf = ({ rig }: Life): Life['rig']['clips']['shelf'] => rig.clips.shelf

describe('the household’s shelf of clips', () => {
  it('lists the newest first, page by page, with what each object is called here and in the store', async () => {
    const { life, lived } = await begin()
    const [first, second] = lived.sealed
    const all = await shelfOf(life).list({ limit: 100 })
    expect(all.clips.map(({ clip, phase, held }) => [clip, phase, held])).toEqual([
      [lived.growing, 'growing', false],
      [second, 'sealed', false],
      [first, 'sealed', false],
    ])
    expect(all.more).toBe(false)
    const [, sealed] = all.clips
    expect(sealed?.objects.map(({ file }) => file)).toEqual(
      [
        ...['0000.age', '0001.age', '0002.age', '0003.age'].filter((file) =>
          lived.acknowledged.has(`${second}/${file}`),
        ),
        'manifest.note',
        'meta.age',
        'poster.age',
      ].sort((a, b) => order(sealed, a) - order(sealed, b)),
    )
    const page = await shelfOf(life).list({ limit: 1, beforeOrder: all.clips[0]?.order ?? 0 })
    expect(page).toMatchObject({ clips: [{ clip: second }], more: true })
  })

  it('reads sealed bytes, whole or a range of them, and nothing that is no object of a clip', async () => {
    const { house, life, lived } = await begin()
    const [clip] = lived.sealed
    const whole = await house.disk.read(`clips/${clip}/0000.age`)
    expect((await shelfOf(life).read(clip, '0000.age'))?.bytes).toEqual(whole)
    expect(await shelfOf(life).read(clip, '0000.age', { from: 3, to: 9 })).toEqual({
      bytes: whole.slice(3, 10),
      totalBytes: whole.length,
    })
    for (const [where, file] of [
      [clip, '9999.age'],
      [clip, '../../device.key'],
      ['nowhere', '0000.age'],
      ['..', 'device.key'],
      [clip, ''],
    ] as const)
      expect([file, await shelfOf(life).read(where, file)]).toEqual([file, undefined])
  })

  it('keeps a held clip, and a growing one; a held one may go once it is released', async () => {
    const { house, life, lived } = await begin()
    const [clip] = lived.sealed
    expect(await shelfOf(life).hold(clip, true)).toBe(true)
    expect(await shelfOf(life).hold('nowhere', true)).toBe(false)
    expect(await shelfOf(life).remove(clip)).toBe('held')
    expect(await shelfOf(life).remove(lived.growing)).toBe('growing')
    expect(await shelfOf(life).remove('nowhere')).toBe('missing')
    const again = await house.start()
    expect((await shelfOf(again).list({ limit: 9 })).clips.find((it) => it.clip === clip)?.held).toBe(true)
    await shelfOf(again).hold(clip, false)
    expect(await shelfOf(again).remove(clip)).toBe('removed')
  })

  it('still holds a clip that was held while it grew', async () => {
    const { life, lived } = await begin()
    await shelfOf(life).hold(lived.growing, true)
    await life.rig.clips.end({ at: monoMs(13_000) })
    await life.rig.clips.endRun()
    const { clips } = await shelfOf(life).list({ limit: 1 })
    expect(clips).toMatchObject([{ clip: lived.growing, phase: 'sealed', held: true }])
  })
})

const order = (
  clip: { readonly objects: readonly { readonly file: string }[] } | undefined,
  file: string,
): number => clip?.objects.findIndex((object) => object.file === file) ?? -1

describe('a clip that its owner deletes', () => {
  it('is in the ledger first, then goes from here and from the store, and is called deleted, not missing', async () => {
    const { house, life, lived } = await begin()
    const [clip, other] = lived.sealed
    await house.uploadAll(life)
    const before = new Set(house.store.objects.keys())
    const { clips } = await shelfOf(life).list({ limit: 9 })
    const names = clips.find((it) => it.clip === clip)?.objects.map(({ name }) => name) ?? []
    expect(names.every((name) => before.has(name))).toBe(true)

    expect(await shelfOf(life).remove(clip)).toBe('removed')
    expect(await house.entries()).toContainEqual({ type: 'deleted', clip })
    expect(await house.disk.list(`clips/${clip}`)).toEqual([])
    expect(await shelfOf(life).remove(clip)).toBe('missing')
    expect(life.rig.of('clip-expired')).toMatchObject([{ clip, why: 'owner', uploaded: true }])
    await house.uploadAll(life)
    expect(names.filter((name) => house.store.objects.has(name))).toEqual([])
    expect(await house.problems()).toEqual([])
    const said = (await house.findings()).map(({ detail }) => detail)
    expect(said).toContain(`manifest of clip ${clip}: deleted by its owner`)
    expect((await house.films())[clip]?.[0]).toBe('deleted')
    expect((await house.films())[other]?.[0]).toBe('sealed')
  })

  it('leaves nothing waiting to be uploaded, and removals wait for the uploads', async () => {
    const { house, life, lived } = await begin()
    const [clip] = lived.sealed
    await shelfOf(life).remove(clip)
    const waiting = (await house.records.list('upload')).map(
      ({ row }) => row as { remove?: true; clip?: string },
    )
    expect(waiting.filter((row) => row.clip === clip)).toEqual([])
    expect(waiting.filter(({ remove }) => remove === true).length).toBeGreaterThan(3)
    await house.uploadAll(life)
    expect(await house.problems()).toEqual([])
  })

  it('is whole, or goes on being deleted, wherever the power is cut; also when the index is lost with it', async () => {
    for (const loses of ['power', 'power and index'] as const) {
      let calls = Infinity
      for (let cutAt = 0; cutAt < calls; cutAt++) {
        const outcome = await deleteAndCut(cutAt, loses)
        if (outcome === 'done before') calls = cutAt
      }
      expect([loses, calls]).toEqual([loses, expect.any(Number)])
      expect(calls).toBeGreaterThan(8)
    }
  })
})

/** Deletes a clip, cuts the power before call number `cutAt`, and starts again. */
async function deleteAndCut(cutAt: number, loses: string): Promise<'cut' | 'done before'> {
  const house = await House.inMemory()
  await house.uploadAll(await live(house, await house.start()).then(() => house.start()))
  let isArmed = false
  let count = 0
  const ports = guarded(
    house,
    () => (isArmed && count++ >= cutAt ? 'fail-before' : 'pass'),
    () => new Fault('unavailable', 'the power is gone'),
  )
  const life = await house.start(ports)
  await house.uploadAll(life)
  const before = await house.films()
  const [clip = ''] = Object.keys(before).toReversed()
  const { clips } = await shelfOf(life).list({ limit: 9 })
  const names = clips.find((it) => it.clip === clip)?.objects.map(({ name }) => name) ?? []
  isArmed = true
  const outcome = await shelfOf(life)
    .remove(clip)
    .then(
      () => 'done before' as const,
      () => 'cut' as const,
    )
  const disk = house.disk as MemoryDisk // A house in memory has one.
  disk.powerCut()
  if (loses !== 'power') {
    house.index.putAside()
    house.records = house.index.open()
  }
  const next = await house.start()
  await house.uploadAll(next)
  const [state, film] = (await house.films())[clip] ?? []
  const left = names.filter((name) => house.store.objects.has(name))
  if (state === 'deleted') {
    expect([cutAt, await house.disk.list(`clips/${clip}`)]).toEqual([cutAt, []])
    // What was to be removed from the store stood only in the index, unless files of it are still there.
    if (loses === 'power') expect([cutAt, left]).toEqual([cutAt, []])
  } else {
    expect([cutAt, state, film]).toEqual([cutAt, ...(before[clip] ?? [])])
    expect(left).toHaveLength(names.length)
  }
  if (loses === 'power') expect([cutAt, await house.problems()]).toEqual([cutAt, []])
  return outcome
}

describe('a grant', () => {
  async function grantOf(
    { house, lived }: Begun,
    change: Partial<ClipGrant> = {},
  ): Promise<{ readonly note: string; readonly to: string; readonly clip: string }> {
    const [clip] = lived.sealed
    const manifestNote = fromUtf8(await house.disk.read(`clips/${clip}/manifest.note`))
    const row = await house.records.read('clip', clip)
    const manifest =
      typeof row === 'object' && row !== null && 'manifest' in row && typeof row.manifest === 'string'
        ? row.manifest
        : ''
    const sealed = await house.disk.read(`clips/${clip}/meta.age`)
    const to = formatRecipient(makePair().publicKey)
    const header = Buffer.from(wrapFileKey(unwrapFileKey(sealed, [ANNA]), [to])).toString('base64')
    expect(openManifest('m', manifestNote).clip).toBe(clip)
    const owner = Buffer.from(OWNER.publicKey).toString('base64')
    const document = { format: 'lintel-grant/1', clip, to, header, manifest, manifestNote, owner } as const
    return { note: signGrant({ ...document, ...change }, OWNER), to, clip }
  }

  it('that the owner signed for this clip is kept for whom it is, and stands in the ledger', async () => {
    const begun = await begin()
    const { note, to, clip } = await grantOf(begun)
    expect(await shelfOf(begun.life).keepGrant(clip, note)).toEqual({ to })
    expect(await shelfOf(begun.life).grants(clip, to)).toEqual([note])
    expect(await shelfOf(begun.life).grants(clip, 'age1else')).toEqual([])
    expect(await begun.house.entries()).toContainEqual({ type: 'grant', clip, sha256: expect.any(String) })
    await shelfOf(begun.life).remove(clip)
    expect(await begun.house.records.list('grant')).toEqual([])
  })

  it('for another clip, of another owner, of another manifest or with a flipped bit is refused', async () => {
    const begun = await begin()
    const [, other] = begun.lived.sealed
    const { note, clip } = await grantOf(begun)
    const shelf = shelfOf(begun.life)
    await expect(shelf.keepGrant(other, note)).rejects.toMatchObject({ kind: 'invalid' })
    await expect(shelf.keepGrant('nowhere', note)).rejects.toMatchObject({ kind: 'missing' })
    await expect(shelf.keepGrant(begun.lived.growing, note)).rejects.toMatchObject({ kind: 'invalid' })
    const otherManifest = await grantOf(begun, { manifest: 'a'.repeat(64) })
    await expect(shelf.keepGrant(clip, otherManifest.note)).rejects.toMatchObject({ kind: 'invalid' })
    const flipped = note.replace('"to":"age1', '"to":"age2')
    await expect(shelf.keepGrant(clip, flipped)).rejects.toMatchObject({ kind: 'invalid' })
    expect(await begun.house.records.list('grant')).toEqual([])
  })
})
