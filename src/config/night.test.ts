import { describe, expect, it } from 'vitest'
import { loadConfig } from './index.ts'

const load = (text: string) => loadConfig({ file: { name: 'door.yaml', text } })

describe('the settings of the night', () => {
  it('want a time zone beside a schedule', () => {
    expect(() => load('night: { mode: schedule }')).toThrow('night.mode: wanted device.timeZone beside it')
    expect(load('night: { mode: schedule }\ndevice: { timeZone: Europe/Berlin }').night.from).toBe('20:00')
  })

  it('want room between dark and bright', () => {
    expect(() => load('night: { darkBelow: 80 }')).toThrow(
      'brightAbove: wanted at least 10 more than darkBelow',
    )
  })
})
