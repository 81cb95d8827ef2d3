/** Everything that a board and the world around it need, made anew for each run: keys, a disk with the package and its settings, releases. */
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { mustRun, ROOT } from '../checks/tools.ts'
import { makeReleaseKey, signRelease } from '../packaging/release.ts'
import { addContracts } from './contracts.ts'
import { bringDebian } from './debian.ts'
import { makeBoot, makeDisk, ownedByDoorbell, type Boot } from './disk.ts'
import { GATEWAY, openOutside, type Outside } from './outside.ts'

/** A version that works, and one that does not. Both are newer than anything real. */
export const RELEASES = { good: '98.0.0', broken: '99.0.0' } as const
/** What stays up this long is good; five minutes on a real doorbell. */
export const CONFIRM_S = 15

export type Site = { readonly boot: Boot; readonly disk: string; readonly outside: Outside }

async function addDropIn(root: string, unit: string, text: string): Promise<void> {
  const folder = path.join(root, `etc/systemd/system/${unit}.d`)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'board.conf'), text)
}

/** `v4l2`: the kernel's test camera; `file`: a video, to tell the camera's troubles from others. */
export type CameraKind = 'v4l2' | 'file'
const CAMERAS = {
  v4l2: '{ kind: v4l2, device: /dev/video0, width: 320, height: 180, framesPerS: 5 }',
  file: '{ kind: file, file: /usr/share/walk-up.mp4 }',
} as const

export async function prepareSite(
  deb: string,
  { folder, camera }: { readonly folder: string; readonly camera: CameraKind },
): Promise<Site> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const debian = await bringDebian()
  const boot = await makeBoot(debian, folder)
  const outside = await openOutside(path.join(folder, 'outside'))
  const disk = path.join(folder, 'disk.img')
  await makeDisk(debian, { deb, file: disk, more: (root) => furnish(root, outside, { folder, camera }) })
  return { boot, disk, outside }
}

async function furnish(
  root: string,
  outside: Outside,
  { folder, camera }: { readonly folder: string; readonly camera: CameraKind },
): Promise<void> {
  const etc = path.join(root, 'etc/lintel')
  await mkdir(etc, { recursive: true, mode: 0o750 })
  await writeFile(path.join(etc, 'lintel.yaml'), settings(outside, camera))
  await cp(outside.credentials.file, path.join(etc, 'store.json'))
  const data = path.join(root, 'var/lib/lintel')
  await mkdir(data, { recursive: true, mode: 0o700 })
  await outside.enrol(data)
  await ownedByDoorbell(data)
  await ownedByDoorbell(etc)
  await cp(path.join(ROOT, 'test-fixtures/walk-up.mp4'), path.join(root, 'usr/share/walk-up.mp4'))
  await addDropIn(
    root,
    'lintel-confirm.timer',
    `[Timer]\nOnActiveSec=\nOnActiveSec=${CONFIRM_S}s\nAccuracySec=1s\n`,
  )
  // Every instruction is emulated, and this machine may be busy; on a Raspberry Pi 120 s are plenty.
  await addDropIn(root, 'lintel.service', '[Service]\nTimeoutStartSec=600\nWatchdogSec=60\n')
  await addReleases(root, folder)
  await addContracts(root)
}

const settings = (
  { brokerPort, storePort, credentials }: Outside,
  camera: CameraKind,
): string => `board: emulated
device: { name: Emulated }
camera: ${CAMERAS[camera]}
visit: { quietAfterMs: 4000 }
clip: { msMax: 15000 } # The test camera's picture never rests: a visit may go on for minutes.
retention: { reserveBytes: 50000000 }
mqtt: { url: "mqtt://${GATEWAY}:${brokerPort}" }
store:
  endpoint: http://${GATEWAY}:${storePort}
  bucket: ${credentials.bucket}
  region: ${credentials.region}
  credentialsFile: /etc/lintel/store.json
`

async function addReleases(root: string, folder: string): Promise<void> {
  const keyFile = path.join(folder, 'release.pem')
  await writeFile(path.join(root, 'etc/lintel/update-key'), `${await makeReleaseKey(keyFile)}\n`)
  const target = path.join(root, 'opt/releases')
  await mkdir(target, { recursive: true })
  for (const [kind, version] of Object.entries(RELEASES)) {
    const archive = path.join(target, `${kind}.deb`)
    await buildRelease(kind === 'good', version, { archive, folder })
    await signRelease(archive, { version, arch: 'arm64', keyFile })
  }
}

/** The good one borrows everything from the package; the broken one ends as soon as it is started, as one does that lacks a module. */
async function buildRelease(
  isGood: boolean,
  version: string,
  { archive, folder }: { readonly archive: string; readonly folder: string },
): Promise<void> {
  const tree = path.join(folder, `release-${version}`)
  const home = path.join(tree, 'usr/lib/lintel')
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true })
  await mkdir(path.join(home, 'src'), { recursive: true })
  const control = `Package: lintel\nVersion: ${version}\nArchitecture: arm64\nMaintainer: Board <board@lintel.invalid>\nDescription: release\n`
  await writeFile(path.join(tree, 'DEBIAN/control'), control)
  await writeFile(
    path.join(home, 'package.json'),
    JSON.stringify({ name: 'lintel', version, type: 'module' }),
  )
  await symlink('/usr/lib/lintel/bin', path.join(home, 'bin'))
  const main = isGood ? `import '/usr/lib/lintel/src/main.js'\n` : `throw new Error('a module is missing')\n`
  await writeFile(path.join(home, 'src/main.js'), main)
  await mustRun('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, archive])
}
