import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../checks/tools.ts'
import { bringDebian } from './debian.ts'
import { DIST, makeBoot, makeDisk } from './disk.ts'
import { Machine } from './machine.ts'
const t0 = performance.now()
const since = () => `${((performance.now() - t0) / 1000).toFixed(1)} s`
const debian = await bringDebian()
console.log('debian', since())
const folder = path.join(ROOT, '.cache/board/run')
await mkdir(folder, { recursive: true })
const boot = await makeBoot(debian, folder)
console.log('boot', since())
const disk = path.join(folder, 'disk.img')
await makeDisk(debian, { deb: path.join(DIST, 'lintel_0.1.0_arm64.deb'), file: disk, more: async () => {} })
console.log('disk', since())
const machine = await Machine.start(boot, disk)
console.log('started', since())
try {
  console.log(await machine.type('uptime; uname -a'))
  console.log('shell', since())
  console.log(await machine.type('systemd-analyze; systemd-analyze blame | head -20; systemctl --failed; ls -la /dev/video0 /dev/gpiochip0; systemctl status lintel | cat', { anyCode: true }))
  console.log('typed', since())
  console.log(await machine.type('time lintel doctor', { anyCode: true }))
  console.log('doctor', since())
} catch (error) { console.log(error) }
console.log((await machine.console()).slice(-3000))
await machine.pullPlug()
process.exit(0)
