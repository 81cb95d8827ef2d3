import { describe, expect, it } from 'vitest'
import { createPinoLog, type LogLevel } from './pino-log.ts'

function linesOf(level: LogLevel): { log: ReturnType<typeof createPinoLog>; lines: unknown[] } {
  const lines: unknown[] = []
  return { log: createPinoLog(level, { write: (line) => void lines.push(JSON.parse(line)) }), lines }
}

describe('the log', () => {
  it('writes one object a line with the event, its severity and its fields', () => {
    const { log, lines } = linesOf('info')
    log.warn('clips.part.gap', { clip: 'a1', bytes: 12 })
    expect(lines).toMatchObject([{ level: 'warn', event: 'clips.part.gap', clip: 'a1', bytes: 12 }])
  })

  it('leaves out what is less severe than asked for', () => {
    const { log, lines } = linesOf('warn')
    log.debug('a')
    log.info('b')
    log.error('c')
    expect(lines).toMatchObject([{ event: 'c' }])
    expect(lines).toHaveLength(1)
  })

  it('says nothing when told to be silent', () => {
    const { log, lines } = linesOf('silent')
    log.error('a')
    expect(lines).toEqual([])
  })
})
