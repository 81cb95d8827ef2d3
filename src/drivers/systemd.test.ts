import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { openServiceManager } from './systemd.ts'

/** Python has the datagrams of AF_UNIX that Node lacks, and is on every Debian. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0'))
print('bound', flush=True)
for _ in range(int(sys.argv[2])): print(repr(s.recv(4096).decode()), flush=True)
`
const hasPython = ((): boolean => {
  try {
    execFileSync('python3', ['-c', ''])
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!hasPython)('the service manager', () => {
  it.each(['path', 'abstract'])('hears that we are ready, live, and stop (%s)', async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), 'notify-'))
    const address = kind === 'path' ? join(folder, 'socket') : `@lintel-test-${process.pid}`
    const listener = spawn('python3', ['-c', LISTENER, address, '4'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    const bound = Promise.withResolvers<void>()
    createInterface({ input: listener.stdout }).on('line', (line) => {
      if (line === 'bound') bound.resolve()
      else lines.push(line)
    })
    await bound.promise
    const manager = openServiceManager({ NOTIFY_SOCKET: address })
    manager.ready('Ready:\n  the bell rings')
    manager.status('Somebody is there')
    manager.pet()
    manager.stopping()
    await once(listener, 'close')
    await rm(folder, { recursive: true })
    expect(lines).toEqual([
      "'READY=1\\nSTATUS=Ready: the bell rings'",
      "'STATUS=Somebody is there'",
      "'WATCHDOG=1'",
      "'STOPPING=1\\nSTATUS=Ending: what is being recorded is sealed first'",
    ])
  })
})

describe('without a service manager', () => {
  it('nothing happens', () => {
    const manager = openServiceManager({})
    manager.ready('x')
    manager.pet()
    expect(manager.petEveryMs).toBeUndefined()
  })

  it('that listens, messages are lost and nothing else', () => {
    openServiceManager({ NOTIFY_SOCKET: '/nowhere/notify' }).ready('x')
  })

  it('an address that is none is refused', () => {
    expect(() => openServiceManager({ NOTIFY_SOCKET: 'tcp:1' })).toThrow(
      'NOTIFY_SOCKET: wanted a path or @name',
    )
    expect(() => openServiceManager({ NOTIFY_SOCKET: `/${'x'.repeat(200)}` })).toThrow('less than 108 bytes')
  })
})

it('is petted at half of what its watchdog allows, by the process it watches only', () => {
  const env = { NOTIFY_SOCKET: '/nowhere/notify', WATCHDOG_USEC: '20000000' }
  expect(openServiceManager(env).petEveryMs).toBe(10_000)
  expect(openServiceManager({ ...env, WATCHDOG_PID: '7' }, { pid: 7 }).petEveryMs).toBe(10_000)
  expect(openServiceManager({ ...env, WATCHDOG_PID: '7' }, { pid: 8 }).petEveryMs).toBeUndefined()
  expect(openServiceManager({ ...env, WATCHDOG_USEC: '0' }).petEveryMs).toBeUndefined()
})
