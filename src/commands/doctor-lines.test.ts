import { describe, expect, it } from 'vitest'
import { loadConfig } from '../config/index.ts'
import type { Chip } from '../drivers/gpio/index.ts'
import { judgeLines, type LineFacts } from './doctor-lines.ts'

const line = (consumer = '') => ({ name: '', consumer, isUsed: consumer !== '', isOutput: false })
const chip = (lines: readonly ReturnType<typeof line>[]): Chip => ({
  path: '/dev/gpiochip0',
  name: 'gpiochip0',
  label: 'pinctrl-bcm2711',
  lines,
})
const { gpio } = loadConfig({ sets: ['gpio.button.line=1', 'gpio.pir.line=2'] })
const facts: LineFacts = {
  chips: [chip([line(), line(), line(), line()])],
  hasSysfs: true,
  configTxt: undefined,
}

describe('the doctor on wires', () => {
  it('names where each is', () => {
    expect(judgeLines(facts, gpio)).toMatchObject({
      outcome: 'ok',
      saw: 'button pinctrl-bcm2711 1, pir pinctrl-bcm2711 2',
    })
    expect(judgeLines({ ...facts, chips: [chip([line(), line('lintel'), line()])] }, gpio).saw).toContain(
      'button pinctrl-bcm2711 1 (the doorbell has it)',
    )
  })

  it('says who else has a line, and which line of config.txt gave it away', () => {
    const taken = {
      ...facts,
      chips: [chip([line(), line(), line('i2c1')])],
      configTxt: '# mine\ndtparam=i2c_arm=on\n',
    }
    expect(judgeLines(taken, gpio)).toMatchObject({
      outcome: 'fail',
      saw: 'gpio.pir: line 2 of pinctrl-bcm2711 is in use by “i2c1” (config.txt: dtparam=i2c_arm=on takes it)',
    })
  })

  it('says what is not there', () => {
    expect(judgeLines({ ...facts, chips: [chip([line()])] }, gpio).saw).toContain(
      'wanted line 1 of pinctrl-bcm2711',
    )
    expect(
      judgeLines({ ...facts, chips: 'GPIO chip /dev/gpiochip0: this user may not open it' }, gpio),
    ).toMatchObject({
      outcome: 'fail',
      saw: expect.stringContaining('may not open it'),
    })
  })

  it('lists the chips where nothing is wired, and explains why the old interface is dead', () => {
    expect(judgeLines(facts, {})).toMatchObject({
      outcome: 'skip',
      saw: 'none in the settings; this board has pinctrl-bcm2711 (gpiochip0, 4 lines)',
    })
    expect(judgeLines({ ...facts, chips: [] }, gpio).saw).toContain('packages such as onoff fail there')
    expect(judgeLines({ ...facts, chips: [], hasSysfs: false }, {})).toMatchObject({ outcome: 'skip' })
  })
})
