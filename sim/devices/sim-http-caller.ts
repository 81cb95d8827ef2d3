import { Fault } from '../../src/base/fault.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { HttpCaller, HttpRequest } from '../../src/ports/http-caller.ts'

/** Somebody in the household's network who is called; the puppeteer says how they answer. */
export interface SimHttpCaller extends HttpCaller {
  readonly calls: readonly HttpRequest[]
  /** A status; `silent`: no answer ever comes; `away`: nobody is there. */
  answer(how: number | 'silent' | 'away'): void
}

export function createSimHttpCaller(clock: Clock): SimHttpCaller {
  const calls: HttpRequest[] = []
  let how: number | 'silent' | 'away' = 200
  return {
    calls,
    answer: (next) => void (how = next),
    async call(request, { signal }) {
      const where = URL.canParse(request.url) ? new URL(request.url) : undefined
      if (where === undefined || !/^https?:$/.test(where.protocol))
        throw new Fault('invalid', `${request.url}: wanted http://… or https://…`)
      if (signal.aborted) throw new Fault('aborted', 'calling was stopped')
      const answer = how
      if (answer === 'away') throw new Fault('unavailable', `${where.host}: connect ECONNREFUSED`)
      calls.push(request)
      if (answer === 'silent') {
        await clock.sleep(request.timeoutMs, { signal }).catch((cause: unknown) => {
          throw new Fault('aborted', 'calling was stopped', { cause })
        })
        throw new Fault('unavailable', `${where.host} did not answer within ${request.timeoutMs} ms`)
      }
      if (answer >= 200 && answer < 300) return
      const isWeather = answer === 408 || answer === 429 || answer >= 500
      const kind = answer === 401 || answer === 403 ? 'denied' : isWeather ? 'unavailable' : 'invalid'
      throw new Fault(kind, `${where.host} answered ${answer}`)
    },
  }
}
