import { monoMs } from '../base/time.ts'
import { startDoorbell } from '../doorbell.ts'
import type { Happening } from '../doorbell.ts'
import { nodeClock } from '../drivers/node-clock.ts'
import { nodeRandom } from '../drivers/node-random.ts'
import type { Camera } from '../ports/camera.ts'
import { createSimGpio } from '../../sim/devices/sim-gpio.ts'
import type { SimHouse } from './sim-house.ts'

const SETTLE_MS_MAX = 60_000
const LOOK_MS = 20

/** Starts the device without a camera: what a power cut left is closed, what waits is uploaded, and that is all. */
export async function recoverOnly(house: SimHouse, { json }: { readonly json?: boolean }): Promise<void> {
  const recovered: string[] = []
  const onHappening = (happening: Happening): void => {
    if (happening.kind === 'clip-recovered') recovered.push(happening.clip)
  }
  let crash: { readonly error: unknown } | undefined
  const ports = {
    ...house.devices,
    clock: nodeClock,
    random: nodeRandom,
    gpio: createSimGpio(nodeClock),
    camera: unplugged,
  }
  const { store, broker, ...rest } = ports
  const doorbell = await startDoorbell(
    { ...rest, ...(store === undefined ? {} : { store }), ...(broker === undefined ? {} : { broker }) },
    house.config,
    { onHappening, onCrash: (error) => (crash ??= { error }) },
  )
  const { signal } = new AbortController()
  const untilMs = monoMs(nodeClock.mono() + SETTLE_MS_MAX)
  const waiting = (): number => doorbell.waiting().uploads + doorbell.waiting().messages
  while (crash === undefined && waiting() > 0 && nodeClock.mono() < untilMs)
    await nodeClock.sleep(LOOK_MS, { signal })
  const left = doorbell.waiting()
  await doorbell[Symbol.asyncDispose]()
  if (crash !== undefined) throw crash.error
  const answer = { recovered, waiting: left.uploads }
  process.stdout.write(
    json === true
      ? `${JSON.stringify(answer)}\n`
      : `${recovered.length} clips recovered${recovered.map((clip) => ` ${clip}`).join('')}; ${left.uploads} uploads waiting\n`,
  )
}

const unplugged: Camera = {
  open: ({ signal }) =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }),
}
