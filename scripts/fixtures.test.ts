import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { framesSha256, labelsOf } from './fixtures-make.ts'
import { faultOfFile, FETCHED, FIXTURES, openManifest } from './fixtures-manifest.ts'

const { manifest } = await openManifest()

describe('the manifest of fixtures', () => {
  it('lists every file that is there, and every file it lists is there', async () => {
    const names = await readdir(FIXTURES, { recursive: true, withFileTypes: true })
    const there = names
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(FIXTURES, path.join(entry.parentPath, entry.name)))
      .filter((name) => !/^(MANIFEST[.]yaml$|fetched[/]|generated[/])/.test(name))
    expect(there.toSorted()).toEqual(manifest.generated.map(({ name }) => name).toSorted())
  })

  it.each(manifest.generated)('has the sha256 of $name', async ({ name, sha256 }) => {
    expect(await faultOfFile(path.join(FIXTURES, name), sha256)).toBeUndefined()
  })

  it.each(manifest.generated.filter(({ made }) => 'scene' in made))(
    'has the truth about $name, whose pictures are made again to the bit',
    ({ made, labels }) => {
      if (!('scene' in made)) return
      expect(framesSha256(made.scene)).toBe(made.frames)
      expect(labelsOf(made.scene)).toEqual(labels)
    },
  )

  it('has the sha256 of all footage that was fetched', async ({ skip }) => {
    const there: readonly string[] = await readdir(FETCHED).catch(() => [])
    if (there.length === 0) skip('nothing was fetched; type scripts/fixtures')
    for (const { name, sha256 } of manifest.fetched.filter((fixture) => there.includes(fixture.name))) {
      expect(await faultOfFile(path.join(FETCHED, name), sha256)).toBeUndefined()
    }
  })
})
