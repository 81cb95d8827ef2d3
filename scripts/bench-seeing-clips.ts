/** The labelled clips that `scripts/bench seeing` looks at. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../src/base/fault.ts'
import { probeVideo } from '../src/drivers/ffmpeg/index.ts'
import { sceneNames, sceneOf } from '../sim/scenes/index.ts'
import { encodeScene, labelsOf } from './fixtures-make.ts'
import type { Labels } from './fixtures-manifest.ts'

export type Clip = { readonly name: string; readonly file: string; readonly labels: Labels }

const SCENE_S_MAX = 120
/** As good as lossless: what is compared is how detectors see, not what an encoder leaves. */
const NEARLY_LOSSLESS = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10', '-pix_fmt', 'yuv420p']

const spans = z.array(z.tuple([z.number(), z.number()]))
const labelFile = z.array(
  z.object({ name: z.string(), motion: spans, ignore: spans, quiet: spans, present: spans }),
)

/** Reads a labels.json: a list of clips, each with spans of seconds. Throws a Fault that says what is wrong with it. */
export function readLabels(text: string, where: string): ReadonlyMap<string, Labels> {
  const read = labelFile.safeParse(parseJson(text, where))
  if (!read.success)
    throw new Fault('invalid', `${where}: ${z.prettifyError(read.error).split('\n').join(' ')}`)
  return new Map(read.data.map(({ name, ...labels }) => [name, labels]))
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid', `${where}: is not JSON`, { cause })
  }
}

/** All clips of a folder that its labels.json lists and that are there. */
export async function clipsOfFolder(folder: string): Promise<readonly Clip[]> {
  const clips: Clip[] = []
  for (const [name, labels] of await openLabels(path.join(folder, 'labels.json'))) {
    const file = path.join(folder, name)
    if ((await stat(file).catch(() => undefined)) !== undefined) clips.push({ name, file, labels })
    else console.error(`bench: ${name} is labelled, but not in ${folder}`)
  }
  if (clips.length === 0) throw new Fault('invalid', `${folder}: holds none of the clips that are labelled`)
  return checkClips(clips)
}

/** The named files, with labels from the given file or from labels.json beside each. */
export async function clipsOfFiles(files: readonly string[], labels?: string): Promise<readonly Clip[]> {
  const clips: Clip[] = []
  for (const file of files) {
    const where = labels ?? path.join(path.dirname(file), 'labels.json')
    const name = path.basename(file)
    const found = (await openLabels(where)).get(name)
    if (found === undefined) throw new Fault('invalid', `${name}: has no labels in ${where}`)
    clips.push({ name, file: path.resolve(file), labels: found })
  }
  return checkClips(clips)
}

async function openLabels(file: string): Promise<ReadonlyMap<string, Labels>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('invalid', `${file}: wanted a file with labels, and it cannot be read`, { cause })
  })
  return readLabels(text, file)
}

async function checkClips(clips: readonly Clip[]): Promise<readonly Clip[]> {
  for (const { file } of clips) await probeVideo(file) // Says in a Fault what is wrong with the file.
  return clips
}

/** Draws every generated scene into the folder, at most two minutes of each. */
export async function drawScenes(folder: string): Promise<readonly Clip[]> {
  const clips: Clip[] = []
  for (const name of sceneNames) {
    const seconds = Math.min(SCENE_S_MAX, sceneOf(name).seconds)
    const recipe = { name, width: 320, height: 180, fps: 5, seconds, seed: 1 }
    const file = path.join(folder, `${name}.mp4`)
    await encodeScene(recipe, NEARLY_LOSSLESS, file)
    clips.push({ name: `scene ${name}`, file, labels: labelsOf(recipe) })
  }
  return clips
}
