import { describe, expect, it } from 'vitest'
import { loadConfig } from './index.ts'

const load = (text: string) => loadConfig({ file: { name: 'door.yaml', text }, sets: [] })

describe('the settings of sound', () => {
  it('begin with the board’s own devices, half duplex, and a chime by line and speaker', () => {
    const { sound, chime } = load('')
    expect(sound).toEqual({ microphone: 'default', speaker: 'default', volume: 80, duplex: 'half' })
    expect(chime).toEqual({ relay: true, sound: true, volume: 80, mqtt: false })
  })

  it.each(['none', 'hw:1', 'plughw:1,0', 'sysdefault:CARD=Device', 'dmix:CARD=Headphones,DEV=0'])(
    'take the device %s',
    (speaker) => {
      expect(load(`sound: { speaker: "${speaker}" }`).sound.speaker).toBe(speaker)
    },
  )

  it.each([
    'file:/etc/passwd',
    "file:'/x',raw",
    'file:FILE=x',
    'tee:default',
    '',
    '-y',
    'a b',
    '{ type file }',
  ])('refuse %j, which may be more than a device', (speaker) => {
    const text = `sound: { speaker: ${JSON.stringify(speaker)} }`
    expect(() => load(text)).toThrow(/sound.speaker: wanted the name of a sound device/)
  })

  it('know nothing of recording', () => {
    expect(() => load('sound: { record: true }')).toThrow(/record/)
  })
})
