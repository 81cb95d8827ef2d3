import { unixMs } from '../../src/base/time.ts'
import { describeHttpCallerContract } from '../../src/ports/http-caller.contract.ts'
import { describeProgramRunnerContract } from '../../src/ports/program-runner.contract.ts'
import { createMovingClock } from './moving-clock.fixture.ts'
import { createSimHttpCaller } from './sim-http-caller.ts'
import { createSimProgramRunner, type SimProgram } from './sim-program-runner.ts'
import { SimClock } from './sim-clock.ts'

const HANGS_MS = 10_000

describeHttpCallerContract('the simulated caller', async () => {
  const { clock, ...moving } = createMovingClock()
  const caller = createSimHttpCaller(clock)
  return {
    caller: {
      call(request, options) {
        if (request.url === 'http://nowhere/') caller.answer('away')
        return caller.call(request, options)
      },
    },
    origin: 'http://house.lan',
    nowhere: 'http://nowhere/',
    heard: () =>
      caller.calls.map(({ url, method, headers, body = '' }) => ({
        ...{ method, headers, body },
        url: url.replace('http://house.lan', ''),
      })),
    answer: (how) => caller.answer(how),
    ...moving,
  }
})

describeProgramRunnerContract('the simulated runner', async () => {
  const clock = new SimClock({ bootWall: unixMs(0) })
  const runner = createSimProgramRunner(clock)
  const programs: Readonly<Record<string, SimProgram>> = {
    well: 0,
    badly: 3,
    hangs: 'hangs',
    'not to be run': 'denied',
  }
  for (const [name, program] of Object.entries(programs)) runner.install(`/bin/${name}`, program)
  return {
    runner: {
      async run(argv, options) {
        const running = runner.run(argv, options)
        if (options.timeoutMs < HANGS_MS) void clock.advance(HANGS_MS) // Time passes only for what is to be killed.
        await running
      },
    },
    program: (does) => `/bin/${does}`,
    missing: '/bin/nothing',
    ran: async () => runner.ran.map(([, ...args]) => args),
    async [Symbol.asyncDispose]() {},
  }
})
