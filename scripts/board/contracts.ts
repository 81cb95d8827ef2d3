/** Contract suites on the board: the real drivers on a real kernel. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { check, type Report } from '../checks/report.ts'
import { ROOT } from '../checks/tools.ts'
import type { Machine } from './machine.ts'
import { GATEWAY } from './outside.ts'

const PLACE = 'opt/lintel'
const GUEST = 'scripts/board/guest'

/** What the drivers under test import. */
const PACKAGES = ['koffi', 'zod', 'yaml']

/** A tree like ours, as the package has no contracts; its npm packages are the package's own, built for the board. */
export async function addContracts(root: string): Promise<void> {
  const at = (name: string): string => path.join(root, PLACE, name)
  for (const name of ['base', 'media', 'formats', 'config', 'ports', 'drivers'])
    await cp(path.join(ROOT, 'src', name), at(`src/${name}`), { recursive: true })
  await cp(path.join(ROOT, GUEST), at(GUEST), { recursive: true })
  await writeFile(at('package.json'), '{"type":"module"}')
  await mkdir(at('node_modules/vitest'), { recursive: true })
  await writeFile(at('node_modules/vitest/package.json'), '{"type":"module","exports":"./index.js"}')
  for (const name of PACKAGES)
    await symlink(`/usr/lib/lintel/node_modules/${name}`, at(`node_modules/${name}`))
  const shim = await readFile(path.join(ROOT, GUEST, 'vitest.ts'), 'utf8')
  await writeFile(at('node_modules/vitest/index.js'), stripTypeScriptTypes(shim)) // Node strips none below node_modules.
}

/** One check for each suite. The doorbell is stopped meanwhile: lines and cameras have one user. */
export async function checkContracts(
  report: Report,
  machine: Machine,
  suites: readonly string[],
): Promise<void> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://wires')
    machine.drive(Number(searchParams.get('line')), searchParams.get('level') === '1' ? 1 : 0).then(
      () => response.end(),
      () => response.writeHead(500).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const wires = `http://${GATEWAY}:${(server.address() as AddressInfo).port}` // It listens on TCP, so it has one.
  await machine.type('systemctl stop lintel')
  try {
    for (const suite of suites) {
      await check(report, `the contract of the port ${suite}, on the board`, async () => {
        const said = await machine.type(
          `cd /${PLACE} && LINTEL_WIRES=${wires} /usr/lib/lintel/bin/node --disable-warning=ExperimentalWarning --test-reporter=tap ${GUEST}/${suite}.fixture.ts`,
          { anyCode: true },
        )
        const [, passed = '0'] = /^# pass (\d+)$/m.exec(said) ?? []
        const [, failed = '1'] = /^# fail (\d+)$/m.exec(said) ?? []
        return Number(passed) > 0 && failed === '0' ? undefined : said.slice(-4000)
      })
    }
  } finally {
    server.close()
    await machine.type('systemctl start lintel', { anyCode: true })
  }
}
