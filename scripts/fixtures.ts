/** The videos that tests play; see the script `fixtures` beside this file for its use. */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/base/fault.ts'
import { fetchFixtures } from './fixtures-fetch.ts'
import { encodeScene, makeFixtures } from './fixtures-make.ts'
import { faultOfFile, FETCHED, FIXTURES, openManifest } from './fixtures-manifest.ts'

const say = (text: string): void => console.error(`fixtures: ${text}`)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '640x360' },
    fps: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
})
const [command = 'fetch', ...rest] = positionals

try {
  await perform()
} catch (error) {
  say(messageOf(error))
  process.exitCode = 1
}

async function perform(): Promise<void> {
  switch (command) {
    case 'fetch':
      return fetchFixtures(say)
    case 'check':
      return check()
    case 'make':
      return makeFixtures(rest, say)
    case 'scene':
      return scene(rest)
    default:
      throw new Error(`wanted fetch, check, make or scene, got ${command}`)
  }
}

/** Fetched files may be absent; what is there must be what is listed. */
async function check(): Promise<void> {
  const { manifest } = await openManifest()
  const faults: string[] = []
  for (const { name, sha256 } of manifest.generated) {
    const fault = await faultOfFile(path.join(FIXTURES, name), sha256)
    if (fault !== undefined) faults.push(fault)
  }
  for (const { name, sha256 } of manifest.fetched) {
    const fault = await faultOfFile(path.join(FETCHED, name), sha256)
    if (fault?.endsWith('is missing') === true) say(`not fetched: ${name}`)
    else if (fault !== undefined) faults.push(fault)
  }
  if (faults.length > 0) throw new Error(faults.join('\n'))
  say('all as listed')
}

async function scene([name, target, ...encode]: readonly string[]): Promise<void> {
  if (name === undefined || target === undefined) throw new Error('wanted: scene NAME OUT.mp4')
  const [width, height] = values.size.split('x').map(Number)
  const numbers = { fps: Number(values.fps), seconds: Number(values.seconds), seed: Number(values.seed) }
  const options = encode.length > 0 ? encode : ['-c:v', 'libx264', '-crf', '23']
  await encodeScene(
    { name, width: width ?? 0, height: height ?? 0, ...numbers },
    options,
    path.resolve(target),
  )
  say(`made ${target}`)
}
