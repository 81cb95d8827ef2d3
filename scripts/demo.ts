/**
 * The main job from end to end, with a summary: a visitor on recorded video becomes a sealed, uploaded clip, and its
 * owner fetches it from the cloud and opens it. Everything it makes lies in demo-out/.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { mustRun, mustRunBytes, ROOT, runTool, type Ended } from './checks/tools.ts'
import { clockOf, drawStory, kilobytes, THUMBNAILS_MAX, type Thumbnail } from './demo-picture.ts'

const OUT = path.join(ROOT, 'demo-out')
const DEVICE = path.join(OUT, 'device')
const OWNER = path.join(OUT, 'owner.txt')
const VISIT = path.join(OUT, 'visit.mp4')
const PICTURE = path.join(OUT, 'timeline.png')
const HOUSE = path.join(OUT, 'house')
const LINTEL = path.join(ROOT, 'scripts/lintel')
const AGE_HEADER = 'age-encryption.org/v1\n'

const Span = { fromS: z.number(), toS: z.number() }
const Summary = z.object({
  video: z.string(),
  durationS: z.number(),
  frames: z.number(),
  motion: z.array(z.object(Span)),
  presses: z.array(z.object({ atS: z.number(), visit: z.string() })),
  visits: z.array(
    z.object({ id: z.string(), ...Span, signs: z.array(z.string()), clips: z.array(z.string()) }),
  ),
  clips: z.array(
    z.object({
      id: z.string(),
      ...Span,
      parts: z.number(),
      bytes: z.number(),
      uploaded: z.boolean(),
      sealed: z.boolean(),
    }),
  ),
  mqtt: z.object({ published: z.number() }),
  cost: z.object({ cpuS: z.number(), wallS: z.number(), peakRssMb: z.number() }),
})
type Summary = z.infer<typeof Summary>
type Clip = Summary['clips'][number]

/** A video worth watching, and when somebody stands before the door in it. */
type Scene = { readonly title: string; readonly file: string; readonly pressesS: readonly number[] }

const startedAt = performance.now()

async function main(): Promise<void> {
  await rm(OUT, { recursive: true, force: true })
  await mkdir(OUT)
  console.log('Lintel: a doorbell whose recordings only the household can watch.\n')
  const recipient = await makeOwner()
  const scene = await chooseScene()
  const summary = await play(scene)
  const clip = bestClip(summary)
  await lookAsOutsider()
  await loseDevice()
  await openAsOwner(clip)
  await openWithAge(clip)
  await verify(clip)
  await draw(scene, summary)
  sayWhereToLook({ summary, clip, recipient })
}

async function makeOwner(): Promise<string> {
  await mustRun(LINTEL, ['owner', 'init', '--owner', OWNER])
  const recipient = /age1[0-9a-z]+/.exec(await readFile(OWNER, 'utf8'))?.[0]
  if (recipient === undefined) throw new Error(`${OWNER}: holds no recipient (age1…)`)
  step('Owner', `made a key. Only it opens recordings: ${recipient.slice(0, 16)}…`)
  return recipient
}

/** A real film where there is one; else a drawn one, which comes with the clone. */
async function chooseScene(): Promise<Scene> {
  const given = process.env['LINTEL_VIDEOS'] ?? ''
  const fixtures = path.join(ROOT, 'test-fixtures')
  const folders = [...(given === '' ? [] : [given]), path.join(fixtures, 'fetched')]
  const scenes: readonly Scene[] = [
    ...folders.map((folder) => ({
      title: 'One after another',
      file: path.join(folder, 'one_by_one.mp4'),
      pressesS: [8.5, 52],
    })),
    { title: 'Somebody walks up and rings', file: path.join(fixtures, 'walk-up.mp4'), pressesS: [11] },
    ...folders.map((folder) => ({
      title: 'A busy street',
      file: path.join(folder, 'vtest.avi'),
      pressesS: [12.5],
    })),
  ]
  for (const scene of scenes) if (await isFile(scene.file)) return scene
  throw new Error('there is no video to play; set LINTEL_VIDEOS to a folder with one_by_one.mp4 or vtest.avi')
}

async function play(scene: Scene): Promise<Summary> {
  const presses = scene.pressesS.flatMap((atS) => ['--press', String(atS)])
  const { stdout, stderr } = await mustRun(LINTEL, [
    ...['sim', scene.file, ...presses, '--data', DEVICE, '--owner', OWNER, '--json'],
  ])
  await writeFile(path.join(OUT, 'sim.json'), stdout)
  await writeFile(path.join(OUT, 'doorbell.log'), stderr)
  const summary = Summary.parse(JSON.parse(stdout))
  if (summary.clips.length === 0) throw new Error('the doorbell kept no clip')
  const left = summary.clips.filter(({ uploaded, sealed }) => !uploaded || !sealed)
  if (left.length > 0) throw new Error(`${left.length} clips are not sealed and uploaded`)
  const { cpuS, peakRssMb } = summary.cost
  const parts = summary.clips.reduce((sum, { parts: n }) => sum + n, 0)
  step(
    'Doorbell',
    `watched ${path.basename(scene.file)} (${clockOf(summary.durationS)}); the button was pressed at ${scene.pressesS.map(clockOf).join(' and ')}`,
  )
  step(
    '',
    `${count(summary.visits.length, 'visit')}, ${count(summary.clips.length, 'clip')}: ${parts} parts sealed and uploaded while people were still there`,
  )
  step(
    '',
    `${cpuS.toFixed(1)} s of processor time for ${Math.round(summary.durationS)} s of video, ${Math.round(peakRssMb)} MB of memory`,
  )
  return summary
}

/** The clip of a press with the most movement around it: the one a person would want to see first. */
function bestClip(summary: Summary): Clip {
  const score = (clip: Clip): number => {
    const within = (atS: number): boolean => atS >= clip.fromS && atS < clip.toS
    const movedS = summary.motion.reduce(
      (sum, { fromS, toS }) => sum + Math.max(0, Math.min(toS, clip.toS) - Math.max(fromS, clip.fromS)),
      0,
    )
    return (summary.presses.some(({ atS }) => within(atS)) ? 1000 : 0) + movedS
  }
  const [best] = summary.clips.toSorted((a, b) => score(b) - score(a))
  if (best === undefined) throw new Error('the doorbell kept no clip')
  return best
}

/** What the operator of the cloud gets to see. */
async function lookAsOutsider(): Promise<void> {
  const files = await filesIn(path.join(DEVICE, 'cloud/objects'))
  let bytes = 0
  let sealed = 0
  for (const file of files) {
    const content = await readFile(file)
    bytes += content.length
    if (content.subarray(0, AGE_HEADER.length).toString('latin1') === AGE_HEADER) sealed += 1
    if (content.includes('ftyp') && content.includes('moov'))
      throw new Error(`${file}: holds a readable video`)
  }
  if (sealed === 0) throw new Error('the cloud holds nothing sealed')
  step(
    'Cloud',
    `sees ${count(files.length, 'object')} with random names, ${kilobytes(bytes)}; ${sealed} of them age files it cannot open`,
  )
}

/** Somebody unscrews the doorbell: from here on there is only the cloud. */
async function loseDevice(): Promise<void> {
  await rename(path.join(DEVICE, 'clips'), path.join(OUT, 'stolen-clips'))
  step('Thief', 'took the doorbell with everything on it: sealed files, no key')
}

async function openAsOwner(clip: Clip): Promise<void> {
  const { stdout } = await mustRun(LINTEL, ['owner', 'clips', '--data', DEVICE, '--owner', OWNER])
  if (!stdout.includes(clip.id.slice(0, 8)))
    throw new Error(`“owner clips” does not list ${clip.id}:\n${stdout}`)
  await openClip(clip, VISIT)
  const facts = await mustRun('ffprobe', [
    ...['-v', 'error', '-count_packets', '-select_streams', 'v:0'],
    ...[
      '-show_entries',
      'stream=codec_name,width,height,nb_read_packets:format=duration',
      '-of',
      'json',
      VISIT,
    ],
  ])
  if (facts.stderr.trim() !== '')
    throw new Error(`ffprobe is not content with visit.mp4: ${facts.stderr.trim()}`)
  const { streams, format } = Probe.parse(JSON.parse(facts.stdout))
  const [video] = streams
  if (video === undefined) throw new Error('ffprobe finds no picture in visit.mp4')
  step(
    'Owner',
    `fetched the clip of ${clockOf(clip.fromS)}–${clockOf(clip.toS)} from the cloud and opened it`,
  )
  step(
    '',
    `ffprobe: ${video.codec_name} ${video.width}×${video.height}, ${video.nb_read_packets} pictures, ${Number(format.duration).toFixed(1)} s, as the camera made them`,
  )
}

const Probe = z.object({
  streams: z.array(
    z.object({ codec_name: z.string(), width: z.number(), height: z.number(), nb_read_packets: z.string() }),
  ),
  format: z.object({ duration: z.string() }),
})

const openClip = (clip: { readonly id: string }, file: string): Promise<Ended> =>
  mustRun(LINTEL, ['owner', 'open', clip.id, '--data', DEVICE, '--owner', OWNER, '-o', file])

/** Debian's age, which knows nothing of us, opens the stolen parts with the owner's key. */
async function openWithAge(clip: Clip): Promise<void> {
  if (!(await isInstalled('age'))) {
    step('Age', 'not installed here, so nobody else’s program opened the parts (apt-get install age)')
    return
  }
  const folder = path.join(OUT, 'stolen-clips', clip.id)
  const parts = (await readdir(folder)).filter((name) => /^\d+[.]age$/.test(name)).sort()
  const whole = createHash('sha256')
  for (const part of parts)
    whole.update((await mustRunBytes('age', ['-d', '-i', OWNER, path.join(folder, part)])).stdout)
  const same =
    whole.digest('hex') ===
    createHash('sha256')
      .update(await readFile(VISIT))
      .digest('hex')
  if (!same) throw new Error('the parts that age opened are not the clip that the owner opened')
  step(
    'Age',
    `Debian’s own age opens the ${parts.length} parts with that key; put together they are visit.mp4, byte for byte`,
  )
}

async function verify(clip: Clip): Promise<void> {
  await cp(path.join(OUT, 'stolen-clips'), path.join(DEVICE, 'clips'), { recursive: true })
  const { stdout } = await mustRun(LINTEL, ['verify', DEVICE])
  await writeFile(path.join(OUT, 'verify.txt'), stdout)
  step('Verify', 'every signature, hash and ledger entry is genuine')
  await proveVerify(clip)
}

/** Changes one byte of one part and asks again. */
async function proveVerify(clip: Clip): Promise<void> {
  const part = path.join(DEVICE, 'clips', clip.id, '0001.age')
  if (!(await isFile(part))) return
  const genuine = await readFile(part)
  const forged = Buffer.from(genuine)
  forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
  await writeFile(part, forged)
  const { code } = await runTool(LINTEL, ['verify', DEVICE])
  await writeFile(part, genuine)
  if (code === 0) throw new Error('verify did not notice that one bit of a part was changed')
  step('', 'and after one bit of one part was flipped, it says so')
}

async function draw(scene: Scene, summary: Summary): Promise<void> {
  const folder = path.join(OUT, 'opened')
  await mkdir(folder)
  for (const clip of summary.clips) await openClip(clip, path.join(folder, `${clip.id}.mp4`))
  await drawStory(
    {
      title: `${scene.title}: what the doorbell kept`,
      subtitle: `${path.basename(scene.file)}, ${clockOf(summary.durationS)} long · every picture comes out of a clip that its owner opened`,
      footer: `${count(summary.visits.length, 'visit')}, ${count(summary.clips.length, 'clip')}, ${summary.mqtt.published} MQTT messages, ${summary.cost.cpuS.toFixed(1)} s of processor time`,
      durationS: summary.durationS,
      motion: summary.motion,
      presses: summary.presses,
      visits: summary.visits,
      clips: summary.clips,
      thumbnails: await takeThumbnails(summary, folder),
    },
    PICTURE,
  )
}

async function takeThumbnails(summary: Summary, folder: string): Promise<readonly Thumbnail[]> {
  const taken: Thumbnail[] = []
  for (const { atS, clip } of thumbnailTimes(summary)) {
    const { stdout } = await mustRunBytes('ffmpeg', [
      ...['-v', 'error', '-ss', (atS - clip.fromS).toFixed(3), '-i', path.join(folder, `${clip.id}.mp4`)],
      ...['-frames:v', '1', '-vf', 'scale=352:-2', '-f', 'image2pipe', '-c:v', 'mjpeg', '-'],
    ])
    if (stdout.length > 0) taken.push({ atS, jpeg: stdout })
  }
  return taken
}

type Moment = { readonly atS: number; readonly clip: Clip }

/** The presses, then the middles of the longest movement, then anything: as far apart as the picture is wide. */
function thumbnailTimes(summary: Summary): readonly Moment[] {
  const longestFirst = summary.motion.toSorted((a, b) => b.toS - b.fromS - (a.toS - a.fromS))
  const wishes = [
    ...summary.presses.map(({ atS }) => atS),
    ...longestFirst.map(({ fromS, toS }) => (fromS + toS) / 2),
    ...Array.from({ length: 24 }, (_, i) => ((i + 0.5) / 24) * summary.durationS),
  ]
  const chosen: Moment[] = []
  for (const atS of wishes) {
    const clip = summary.clips.find(({ fromS, toS }) => atS >= fromS && atS < toS)
    const isFree = chosen.every((other) => Math.abs(other.atS - atS) >= summary.durationS / 12)
    if (clip !== undefined && isFree && chosen.length < THUMBNAILS_MAX) chosen.push({ atS, clip })
  }
  return chosen.toSorted((a, b) => a.atS - b.atS)
}

function sayWhereToLook({
  summary,
  clip,
  recipient,
}: {
  summary: Summary
  clip: Clip
  recipient: string
}): void {
  const show = (file: string): string => path.relative(process.cwd(), file) || file
  console.log(`
Look at
  ${show(VISIT)}   the visit, ${clockOf(clip.toS - clip.fromS)} long: play it with anything
  ${show(PICTURE)}   what happened, to scale
  ${show(path.join(OUT, 'stolen-clips', clip.id))}/   the same clip as the thief has it
  ${show(path.join(OUT, 'sim.json'))}   every time and number (${count(summary.clips.length, 'clip')})

Try it yourself
  scripts/lintel owner clips --data ${show(DEVICE)} --owner ${show(OWNER)}
  scripts/lintel sim YOUR.mp4 --press 5 --owner ${show(OWNER)}      sealed to ${recipient.slice(0, 16)}…
  scripts/demo --serve      the owner's page, with a visitor coming by every minute

Done in ${((performance.now() - startedAt) / 1000).toFixed(0)} s.`)
}

/** One line of the story. */
function step(who: string, words: string): void {
  console.log(`${who.padEnd(10)}${words}`)
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

const isFile = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined))?.isFile() === true

const isInstalled = async (program: string): Promise<boolean> =>
  (await runTool('sh', ['-c', `command -v ${program}`])).code === 0

/** The same doorbell in real time, with its page, until Ctrl-C. Its folder stays: whoever enrolled is known the next time. */
async function serve(): Promise<void> {
  const scene = await chooseScene()
  const args = ['sim', scene.file, '--serve', '--visitor-every', '60', '--data', HOUSE]
  const child = spawn(LINTEL, args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

await (process.argv.includes('--serve') ? serve() : main()).catch((error: unknown) => {
  console.error(`\nThe demo did not succeed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
