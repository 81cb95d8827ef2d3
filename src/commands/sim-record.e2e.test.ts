import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { simCommand } from './sim.ts'
import { playStories } from './sim-stories.ts'

const CLIP = new URL('../../test-fixtures/walk-up.mp4', import.meta.url).pathname
const signal = new AbortController().signal

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-record-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function record(trace: readonly object[]): Promise<string> {
  const [edges, out] = [join(folder, 'trace.jsonl'), join(folder, 'false-ring.yaml')]
  await writeFile(edges, trace.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const args = ['record', CLIP, '--edges', edges, '--out', out, '--seed', '5', '--title', 'a false ring']
  await simCommand().enablePositionalOptions().parseAsync(args, { from: 'user' }) // As main.ts does.
  return out
}

it('makes a story of a clip and a trace of the lines; with what was expected it is a test', async () => {
  const story = await record([
    { level: 30, event: 'lintel.up' },
    { line: 'pir', active: true, atMs: 2000 },
    { line: 'button', active: true, atMs: 4000.5 },
    { line: 'button', active: false, atMs: 4002 },
    { line: 'button', active: true, atMs: 4003 },
    { line: 'button', active: false, atMs: 4200 },
  ])
  const text = await readFile(story, 'utf8')
  expect(text).toContain('title: a false ring\nseed: 5\n')
  await writeFile(story, `${text}expect:\n  - { presses: 1 }\n  - { clips: at least 1 }\n`)
  expect(await playStories([story], { signal, json: true })).toBe(true)
  await writeFile(story, `${text}expect:\n  - { presses: 2 }\n`)
  expect(await playStories([story], { signal, json: true })).toBe(false)
})

it('says which line of the trace is no edge', async () => {
  await expect(
    record([
      { line: 'pir', active: true, atMs: 2000 },
      { line: 'door', atMs: 1 },
    ]),
  ).rejects.toThrow('trace.jsonl, line 2: line: wanted button or pir, got "door"')
})
