import { describe, expect, it } from 'vitest'
import { loadConfig } from './index.ts'

const read = (text: string) => loadConfig({ file: { name: 'door.yaml', text } })

describe('quiet hours in the configuration', () => {
  it('are on all days, and silence everything, unless something else is said', () => {
    const { quietHours, device } = read(
      'device: { timeZone: Europe/Berlin }\nquietHours: { times: [{ from: "22:00", to: "07:00" }] }\n',
    )
    expect(device.timeZone).toBe('Europe/Berlin')
    expect(quietHours).toEqual({
      times: [{ from: '22:00', to: '07:00', days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] }],
      silences: ['chime', 'pages', 'push', 'notices'],
    })
  })

  it.each([
    ['device: { timeZone: Middle-earth/Shire }', /line 1.*timeZone.*Europe\/Berlin.*Middle-earth/],
    ['device: { timeZone: "+01:00" }', /timeZone.*IANA/],
    ['quietHours: { times: [{ from: "22:00", to: "07:00" }] }', /quietHours\.times: wanted device\.timeZone/],
    [zoned('from: "22:00", to: "22:00"'), /wanted another time/],
    [zoned('from: "24:00", to: "07:00"'), /wanted another time/],
    [zoned('from: "7:00", to: "22:00"'), /wanted a time of day such as 22:00, got "7:00"/],
    [zoned('from: "22:00", to: "25:00"'), /wanted a time of day/],
    [zoned('from: "22:00", to: "07:00", days: [Monday]'), /mon, tue|mon/],
    [zoned('from: "22:00", to: "07:00", days: []'), /days/],
    [zoned('from: "22:00", until: "07:00"'), /until/],
    ['quietHours: { silences: [doorbell] }', /chime/],
  ])('that nobody understands are refused: %s', (text, words) => {
    expect(() => read(text)).toThrow(words)
  })
})

function zoned(time: string): string {
  return `device: { timeZone: UTC }\nquietHours: { times: [{ ${time} }] }`
}
