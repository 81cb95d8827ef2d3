import { describe, expect, it } from 'vitest'
import { describeVisionContract } from '../../src/ports/vision.contract.ts'
import { SimVision } from './sim-vision.ts'

const WIDTH = 64
const HEIGHT = 36

/** Grey, with a bright figure in the right half. */
function picture() {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3).fill(90)
  for (let y = 8; y < 34; y++) rgb.fill(220, (y * WIDTH + 44) * 3, (y * WIDTH + 54) * 3)
  return { width: WIDTH, height: HEIGHT, rgb }
}

describeVisionContract('the simulated detector', async () => ({
  vision: new SimVision().port,
  picture: picture(),
}))

describe('a simulated detector of people', () => {
  it.each([
    ['missing', 'unavailable'],
    ['crashing', 'unavailable'],
    ['garbage', 'corrupt'],
  ] as const)('that is %s refuses as %s', async (health, kind) => {
    const vision = new SimVision()
    vision.health = health
    const options = { within: { x: 0, y: 0, width: 1, height: 1 }, signal: new AbortController().signal }
    await expect(vision.port.look(picture(), options)).rejects.toMatchObject({ kind })
  })
})
