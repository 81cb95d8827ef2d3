/** Hands what happens to `actions/`, in the words that templates know. */
import { createActions, type ActionFields } from './actions/index.ts'
import { isoOf, unixMs, type MonoMs } from './base/time.ts'
import type { Config } from './config/index.ts'
import type { Happening } from './doorbell.ts'
import type { Ports } from './ports/ports.ts'

/** The result hears what happens. */
export function startActions(
  ports: Ports,
  config: Config,
  loop: (name: string, run: (signal: AbortSignal) => Promise<void>) => void,
): (happening: Happening) => void {
  const { http, programs, clock } = ports
  if (config.actions.length === 0) return () => {}
  if (http === undefined || programs === undefined) {
    ports.log.warn('actions.not_done', { why: 'nothing is called or run when recorded video is replayed' })
    return () => {}
  }
  const actions = createActions({ ...ports, http, programs }, config.actions)
  loop('actions', (signal) => actions.run(signal))
  const timed = (at: MonoMs): { device: string; at: string; unixMs: string } => {
    const time = unixMs(Math.round(clock.wall().at - (clock.mono() - at)))
    return { device: config.device.name, at: isoOf(time), unixMs: String(time) }
  }
  return (happening) => {
    const said = fieldsOf(happening)
    if (said !== undefined) actions.take({ ...said.fields, ...timed(said.at) })
  }
}

type Said = { readonly at: MonoMs; readonly fields: ActionFields }

function fieldsOf(happening: Happening): Said | undefined {
  switch (happening.kind) {
    case 'press': {
      const { at, visit, id } = happening
      return { at, fields: { event: 'press', visit, id } }
    }
    case 'visit-began':
      return {
        at: happening.from,
        fields: { event: 'visit', state: 'began', visit: happening.visit, what: happening.sign },
      }
    case 'visit-ended': {
      const { to, visit, signs, labels } = happening
      const what = [...signs, ...labels.map(({ label }) => label)].join(', ')
      return { at: to, fields: { event: 'visit', state: 'ended', visit, what } }
    }
    case 'notice': {
      const { at, visit, what, zone = '' } = happening
      return { at, fields: { event: 'notice', visit, what, zone } }
    }
    case 'alarm':
      return { at: happening.at, fields: { event: 'alarm', what: happening.what, state: happening.state } }
    default:
      return undefined
  }
}
