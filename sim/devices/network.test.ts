import { describe, expect, it } from 'vitest'
import { unixMs } from '../../src/base/time.ts'
import { createNetwork, type Fate, type Network, type Weather } from './network.ts'
import { createSeededRandom } from './seeded-random.ts'
import { SimClock } from './sim-clock.ts'

const newNetwork = (seed = 7): Network =>
  createNetwork({ clock: new SimClock({ bootWall: unixMs(0) }), random: createSeededRandom(seed) })

/** What becomes of a thousand calls in such weather. */
function thousandFates(weather: Partial<Weather>, sentBytes = 100): readonly Fate[] {
  const network = newNetwork()
  network.set(weather, 'store')
  return Array.from({ length: 1000 }, () => network.fateOf('store', sentBytes))
}

const count = (fates: readonly Fate[], mishap: Fate['mishap']): number =>
  fates.filter((fate) => fate.mishap === mishap).length

describe('the weather on the way', () => {
  it('does nothing to anybody when it is clear', () => {
    for (const fate of thousandFates({}))
      expect(fate).toEqual({
        sendingMs: 0,
        thereMs: 0,
        backMs: 0,
        isDuplicated: false,
        mishap: undefined,
      })
  })

  it('loses as many as it was told to, about half of them on the way back', () => {
    const fates = thousandFates({ lossRate: 0.3 })
    const [there, back] = [count(fates, 'request-lost'), count(fates, 'answer-lost')]
    expect(Math.abs(there + back - 300)).toBeLessThan(45)
    expect(Math.abs(there - back)).toBeLessThan(50)
  })

  it.each([
    ['server-error', { serverErrorRate: 0.2 }],
    ['throttled', { throttleRate: 0.2 }],
    ['damaged', { wrongChecksumRate: 0.2 }],
  ] as const)('brings about %s as often as it was told to', (mishap, weather) => {
    expect(Math.abs(count(thousandFates(weather), mishap) - 200)).toBeLessThan(40)
  })

  it('doubles half of all calls when told to', () => {
    const doubled = thousandFates({ duplicateRate: 0.5 }).filter(({ isDuplicated }) => isDuplicated)
    expect(Math.abs(doubled.length - 500)).toBeLessThan(50)
  })

  it('delays within the limits, there and back together, and uses all of them', () => {
    const delays = thousandFates({ delayMs: { least: 100, most: 300 } }).map(
      ({ thereMs, backMs }) => thereMs + backMs,
    )
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...delays)).toBeLessThanOrEqual(300)
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(190)
  })

  it('lets bytes drip at the given speed', () => {
    expect(thousandFates({ dripBytesPerS: 4000 }, 10_000)[0]?.sendingMs).toBe(2500)
  })

  it('refuses rates that are none', () => {
    expect(() => newNetwork().set({ lossRate: 1.2 })).toThrow('wanted 0 to 1')
    expect(() => newNetwork().set({ delayMs: { least: 2, most: 1 } })).toThrow('wanted least up to most')
  })
})

describe('chance on the way', () => {
  it('is the same for the same seed, and another for another', () => {
    const draw = (seed: number): number[] => {
      const network = newNetwork(seed)
      return Array.from({ length: 20 }, () => network.uniform('store', 'x'))
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it('is not moved by calls to the other host, by other purposes or by other rates', () => {
    const losses = (disturb: (network: Network) => void): (string | undefined)[] => {
      const network = newNetwork()
      network.set({ lossRate: 0.3 }, 'store')
      return Array.from({ length: 200 }, () => {
        disturb(network)
        const { mishap } = network.fateOf('store', 1)
        return mishap === 'request-lost' ? mishap : undefined
      })
    }
    const calm = losses(() => {})
    expect(calm).toContain('request-lost')
    expect(losses((network) => void network.fateOf('broker', 1))).toEqual(calm)
    expect(losses((network) => void network.uniform('store', 'something else'))).toEqual(calm)
    expect(losses((network) => network.set({ duplicateRate: 0.5, throttleRate: 0.2 }, 'store'))).toEqual(calm)
  })
})

describe('the network', () => {
  it('goes away for one host or for all, tells who listens, and heals', () => {
    const network = newNetwork()
    const heard: string[] = []
    const forget = network.onChange((host) => heard.push(`${host} ${network.isUp(host) ? 'up' : 'down'}`))
    network.down('store')
    network.down()
    network.set({ lossRate: 0.3 })
    network.heal()
    expect(network.weather('store').lossRate).toBe(0)
    forget()
    network.down()
    expect(heard).toEqual([
      'store down',
      'store down',
      'broker down',
      'store down',
      'broker down',
      'store up',
      'broker up',
    ])
  })
})
