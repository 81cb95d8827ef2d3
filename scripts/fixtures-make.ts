/** Makes the generated fixtures: scenes through an encoder, and inputs that are damaged on purpose. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { renderScene, type Interval } from '../sim/scenes/index.ts'
import { mustRun } from './checks/tools.ts'
import {
  FIXTURES,
  MANIFEST,
  openManifest,
  sha256Of,
  type Generated,
  type Labels,
  type SceneRecipe,
} from './fixtures-manifest.ts'

export async function makeFixtures(names: readonly string[], say: (text: string) => void): Promise<void> {
  const { document, manifest } = await openManifest()
  const unknown = names.filter((name) => !manifest.generated.some((fixture) => fixture.name === name))
  if (unknown.length > 0) throw new Error(`no such fixture in the manifest: ${unknown.join(', ')}`)
  for (const [index, fixture] of manifest.generated.entries()) {
    if (names.length > 0 && !names.includes(fixture.name)) continue
    const file = path.join(FIXTURES, fixture.name)
    await mkdir(path.dirname(file), { recursive: true })
    await makeFile(fixture, file)
    document.setIn(['generated', index, 'sha256'], await sha256Of(file))
    if ('scene' in fixture.made) {
      document.setIn(['generated', index, 'made', 'frames'], framesSha256(fixture.made.scene))
      document.setIn(
        ['generated', index, 'labels'],
        document.createNode(labelsOf(fixture.made.scene), { flow: true }),
      )
    }
    say(`made ${fixture.name}`)
  }
  await writeFile(`${MANIFEST}.new`, document.toString({ lineWidth: 0 }))
  await rename(`${MANIFEST}.new`, MANIFEST)
}

async function makeFile({ made }: Generated, file: string): Promise<void> {
  if ('scene' in made) return encodeScene(made.scene, made.encode, file)
  if ('text' in made) return writeFile(file, made.text)
  if ('beginningOf' in made) {
    const whole = await readFile(path.join(FIXTURES, made.beginningOf))
    return writeFile(file, whole.subarray(0, made.bytes))
  }
  if ('emptied' in made) return writeFile(file, emptied(await readFile(path.join(FIXTURES, made.emptied))))
  const args = made.ffmpeg.map((arg) => arg.replaceAll('{fixtures}', FIXTURES))
  await rm(file, { force: true })
  await mustRun('ffmpeg', ['-v', 'error', '-y', ...args, ...EXACT, file])
}

/** The file's track, with sample tables that say it has no sample. */
function emptied(whole: Buffer): Buffer {
  const head = Buffer.from(whole.subarray(0, whole.indexOf('mdat') - 4))
  for (const [table, countAt] of Object.entries({ stts: 8, stss: 8, ctts: 8, stsc: 8, stco: 8, stsz: 12 })) {
    const at = head.indexOf(table)
    if (at > 0) head.writeUInt32BE(0, at + countAt)
  }
  return Buffer.concat([head, Buffer.from([0, 0, 0, 8]), Buffer.from('mdat')])
}

/** Nothing of the day or the machine in the file. */
const EXACT = ['-fflags', '+bitexact', '-flags:v', '+bitexact', '-map_metadata', '-1']

export async function encodeScene(
  recipe: SceneRecipe,
  encode: readonly string[],
  file: string,
): Promise<void> {
  const { width, height, fps } = recipe
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-s',
    `${width}x${height}`,
    '-r',
    String(fps),
    '-i',
    'pipe:0',
  ]
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...input, ...encode, ...EXACT, file], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = once(child, 'close')
  await pipeline(Readable.from(renderScene(recipe.name, recipe).frames()), child.stdin)
  const [code] = await ended
  if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)} for ${file}`)
}

/** Of the pictures before they are encoded: the encoder may differ from version to version, they may not. */
export function framesSha256(recipe: SceneRecipe): string {
  const sum = createHash('sha256')
  for (const frame of renderScene(recipe.name, recipe).frames()) sum.update(frame)
  return sum.digest('hex')
}

export function labelsOf(recipe: SceneRecipe): Labels {
  const { motion, ignore, quiet, present } = renderScene(recipe.name, recipe).truth
  const pairs = (intervals: readonly Interval[]): [number, number][] =>
    intervals.map(([from, to]) => [from, to])
  return { motion: pairs(motion), ignore: pairs(ignore), quiet: pairs(quiet), present: pairs(present) }
}
