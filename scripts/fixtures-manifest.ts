/** test-fixtures/MANIFEST.yaml: what every fixture is, where it comes from, and what is really seen in it. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { ROOT } from './checks/tools.ts'

export const FIXTURES = path.join(ROOT, 'test-fixtures')
export const FETCHED = path.join(FIXTURES, 'fetched')
export const MANIFEST = path.join(FIXTURES, 'MANIFEST.yaml')

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const interval = z.tuple([z.number(), z.number()])

/** The same words as for hand-made labels; see sim/scenes/truth.ts. */
const labels = z.strictObject({
  motion: z.array(interval),
  ignore: z.array(interval),
  quiet: z.array(interval),
  present: z.array(interval),
})

const scene = z.strictObject({
  name: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  fps: z.number(),
  seconds: z.number(),
  seed: z.number().int(),
})

const made = z.union([
  z.strictObject({ scene, encode: z.array(z.string()), frames: sha256.optional() }),
  z.strictObject({ ffmpeg: z.array(z.string()) }),
  z.strictObject({ text: z.string() }),
  z.strictObject({ emptied: z.string() }),
  z.strictObject({ beginningOf: z.string(), bytes: z.number().int() }),
])

const about = { about: z.string(), licence: z.string() }

const manifest = z.strictObject({
  /** Committed; made by `scripts/fixtures make`. */
  generated: z.array(
    z.strictObject({
      name: z.string(),
      ...about,
      sha256: sha256.optional(),
      made,
      labels: labels.optional(),
    }),
  ),
  /** Real footage, kept out of the repository. */
  fetched: z.array(
    z.strictObject({
      name: z.string(),
      ...about,
      source: z.string(),
      sha256,
      debian: z.strictObject({ package: z.string(), path: z.string() }).optional(),
      labels,
    }),
  ),
})

export type Manifest = z.infer<typeof manifest>
export type Generated = Manifest['generated'][number]
export type Fetched = Manifest['fetched'][number]
export type SceneRecipe = z.infer<typeof scene>
export type Labels = z.infer<typeof labels>

export async function openManifest(): Promise<{ readonly document: Document; readonly manifest: Manifest }> {
  const document = parseDocument(await readFile(MANIFEST, 'utf8'))
  const read = manifest.safeParse(document.toJS())
  if (!read.success) throw new Error(`${MANIFEST}: ${z.prettifyError(read.error)}`)
  return { document, manifest: read.data }
}

export async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

/** Says what is wrong with a file; undefined when it is the one that is listed. */
export async function faultOfFile(file: string, wanted: string | undefined): Promise<string | undefined> {
  const got = await sha256Of(file).catch(() => undefined)
  if (got === undefined) return `${file}: is missing`
  return got === wanted ? undefined : `${file}: wanted sha256 ${wanted ?? '(none yet)'}, got ${got}`
}
