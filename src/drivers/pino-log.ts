import { pino, type DestinationStream } from 'pino'
import type { Log } from '../base/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * One JSON object a line. On stderr unless told otherwise, and written before the call returns,
 * so that the last line before a crash is there.
 */
export function createPinoLog(level: LogLevel, stream?: DestinationStream): Log {
  const target = stream ?? pino.destination({ dest: 2, sync: true })
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  )
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  }
}
