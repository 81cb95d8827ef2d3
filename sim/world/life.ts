/** One incarnation of the doorbell: from the moment the power comes until it goes, or the process ends. */
import { isFault, messageOf } from '../../src/base/fault.ts'
import type { Log } from '../../src/base/log.ts'
import type { Config } from '../../src/config/index.ts'
import { startDoorbell, type Doorbell, type DoorbellOptions, type Happening } from '../../src/doorbell.ts'
import type { Ports } from '../../src/ports/ports.ts'
import type { ClientClock } from '../devices/sim-clock.ts'
import type { Gate } from '../devices/sim-files.ts'

export type LifeDeps = {
  readonly clock: ClientClock
  /** Ports whose every answer passes the gate of this life. */
  readonly portsOf: (gate: Gate, log: Log) => Ports
  readonly config: Config
  /** What a call of disk or index costs, and whether it is refused; resolves when the call may happen. */
  readonly gate: Gate
  readonly onHappening: (happening: Happening) => void
  readonly onLook: NonNullable<DoorbellOptions['onLook']>
  readonly onLog: (level: string, event: string, fields: Readonly<Record<string, unknown>>) => void
  /** It is up. */
  readonly onUp: () => void
  /** Its storage is open: it records. */
  readonly onOpen: () => void
  /** It ended by itself: a start that failed, or a loop that threw. `bug`: no weather explains it. */
  readonly onEnd: (why: string, options: { readonly bug: boolean }) => void
}

export interface Life {
  readonly startedMs: number
  /** Undefined until it is up, and after its end. */
  doorbell(): Doorbell | undefined
  /** From now on nothing of it happens any more, and nobody hears of it. */
  kill(): void
  /** Ends in an orderly way. Resolves when it has truly ended; the clock has to move meanwhile. */
  stop(): Promise<void>
}

export function beginLife(deps: LifeDeps): Life {
  let isDead = false
  let doorbell: Doorbell | undefined
  const gate: Gate = async (call) => {
    if (isDead) await never()
    await deps.gate(call)
    if (isDead) await never()
  }
  const alive =
    <A extends unknown[]>(tell: (...args: A) => void) =>
    (...args: A): void => {
      if (!isDead) tell(...args)
    }
  const fail = alive((error: unknown) => {
    isDead = true
    deps.clock.kill()
    deps.onEnd(messageOf(error), { bug: !isFault(error) || error.kind === 'bug' })
  })
  const ports = deps.portsOf(gate, logOf(alive(deps.onLog)))
  const starting = startDoorbell(ports, deps.config, {
    onHappening: alive(deps.onHappening),
    onLook: alive(deps.onLook),
    onCrash: fail,
    ringsWithoutStorage: true,
  })
    .then((up) => {
      if (isDead) return
      doorbell = up
      deps.onUp()
      void up.opened().then(alive((isOpen: boolean) => isOpen && deps.onOpen()))
    })
    .catch(fail)
  return {
    startedMs: deps.clock.startedMs,
    doorbell: () => (isDead ? undefined : doorbell),
    kill() {
      isDead = true
      deps.clock.kill()
    },
    async stop() {
      await starting
      await doorbell?.[Symbol.asyncDispose]()
      isDead = true
      deps.clock.kill()
    },
  }
}

const never = (): Promise<never> => new Promise(() => {})

const logOf = (tell: LifeDeps['onLog']): Log => ({
  debug() {},
  info: (event, fields = {}) => tell('info', event, fields),
  warn: (event, fields = {}) => tell('warn', event, fields),
  error: (event, fields = {}) => tell('error', event, fields),
})
