import { expect, it } from 'vitest'
import { simCommand } from './sim.ts'

it('leaves options behind “explore” to it, also those that replaying knows by the same name', async () => {
  const sim = simCommand()
  const explore = sim.commands.find((command) => command.name() === 'explore')
  explore?.action(() => {})
  await sim.parseAsync(['explore', '--seeds', '1', '--report', 'there'], { from: 'user' })
  expect(explore?.opts()).toMatchObject({ seeds: 1, report: 'there' })
})
