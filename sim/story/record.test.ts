import { expect, it } from 'vitest'
import { readStory } from './read.ts'
import { recordStory, type TracedEdge } from './record.ts'
import { storyText } from './write.ts'

const recording = { title: 'a false ring', seed: 1, video: 'clip.mp4', durationMs: 10_000 }

it('makes a story of a trace that reads back with every edge, bounces included', () => {
  const edges: readonly TracedEdge[] = [
    { line: 'button', active: true, atMs: 2000.25 },
    { line: 'button', active: false, atMs: 2001.5 },
    { line: 'pir', active: true, atMs: 500 },
  ]
  const story = readStory({ name: 's.yaml', text: storyText(recordStory({ ...recording, edges })) })
  expect(story.camera).toEqual({ kind: 'file', name: './clip.mp4' })
  expect(story.timeline).toMatchObject([
    { atMs: 500, do: 'line', input: 'pir', active: true },
    { atMs: 2000.25, do: 'line', input: 'button', active: true },
    { atMs: 2001.5, do: 'line', input: 'button', active: false },
  ])
})

it('refuses an edge after the end of the clip', () => {
  const edges: readonly TracedEdge[] = [{ line: 'button', active: true, atMs: 10_001 }]
  expect(() => recordStory({ ...recording, edges })).toThrow('the clip is over after 10000 ms')
})
