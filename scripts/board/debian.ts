/**
 * Debian for the emulated board: its arm64 kernel, and what the package depends on, unpacked into a folder. Nothing is installed on this
 * machine, and no program for arm64 runs while it is made: what installation scripts would do is written down here.
 */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { mustRun, ROOT } from '../checks/tools.ts'

const CACHE = path.join(ROOT, '.cache/board')
/** What a Raspberry Pi OS Lite would have, as far as the doorbell sees of it. */
const PACKAGES = [
  ...[
    'systemd',
    'systemd-sysv',
    'udev',
    'kmod',
    'base-files',
    'base-passwd',
    'bash',
    'dash',
    'coreutils',
    'grep',
  ],
  ...['util-linux', 'mount', 'sed', 'gawk', 'procps', 'dpkg', 'busybox-static', 'ffmpeg', 'libstdc++6'],
]
/** Drivers of graphics cards, lists of all hardware there is, and texts: nothing on this board asks for them. */
const UNUSED = [
  ...['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'usr/share/lintian'],
  ...['usr/lib/udev/hwdb.d', 'usr/share/X11', 'usr/share/i18n'],
]
const UNUSED_LIBRARIES = /^(dri|gconv|libLLVM-.*|libz3[.].*|gallium.*)$/
const LIBRARIES = 'usr/lib/aarch64-linux-gnu'
/** Groups of Raspberry Pi OS come from the package's own sysusers.d; the number of the user is fixed, as disks are made outside. */
export const USER = { name: 'lintel', id: 900 }

export type Debian = {
  /** The root folder. */
  readonly fs: string
  /** The kernel's package, unpacked. */
  readonly kernel: string
  readonly kernelVersion: string
}

export async function bringDebian(): Promise<Debian> {
  const made = createHash('sha256')
    .update(await readFile(import.meta.filename))
    .digest('hex')
    .slice(0, 12)
  const folder = path.join(CACHE, `debian-${made}`)
  const present: readonly string[] = await readdir(CACHE).catch(() => [])
  if (!present.includes(path.basename(folder))) await makeDebian(folder)
  const kernel = path.join(folder, 'kernel')
  const [kernelVersion] = await readdir(path.join(kernel, 'lib/modules'))
  if (kernelVersion === undefined) throw new Error(`board: ${kernel} holds no kernel`)
  return { fs: path.join(folder, 'fs'), kernel, kernelVersion }
}

async function makeDebian(folder: string): Promise<void> {
  console.log('  downloading and unpacking Debian for arm64 …')
  const archives = await download()
  const work = `${folder}.new`
  await rm(work, { recursive: true, force: true })
  const fs = path.join(work, 'fs')
  const kernel = path.join(work, 'kernel')
  for (const name of ['bin', 'sbin', 'lib']) {
    await mkdir(path.join(fs, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, path.join(fs, name))
  }
  await mkdir(kernel)
  for (const file of archives)
    await unpack(file, path.basename(file).startsWith('linux-image-') ? kernel : fs)
  for (const name of UNUSED) await rm(path.join(fs, name), { recursive: true, force: true })
  for (const name of await readdir(path.join(fs, LIBRARIES)))
    if (UNUSED_LIBRARIES.test(name)) await rm(path.join(fs, LIBRARIES, name), { recursive: true })
  await configure(fs)
  const [version = ''] = await readdir(path.join(kernel, 'lib/modules'))
  await mustRun('depmod', ['-b', kernel, version])
  await rename(work, folder)
}

/** With lists and a cache of its own, so that this machine's stay as they are. */
async function download(): Promise<readonly string[]> {
  const lists = path.join(CACHE, 'lists')
  const cache = path.join(CACHE, 'cache')
  await mkdir(path.join(lists, 'partial'), { recursive: true })
  await mkdir(path.join(cache, 'archives/partial'), { recursive: true })
  const apt = [
    ...[
      'APT::Architecture=arm64',
      'APT::Architectures=arm64',
      `Dir::State::Lists=${lists}`,
      `Dir::Cache=${cache}`,
    ],
    ...['Dir::State::status=/dev/null', 'APT::Sandbox::User=root', 'Debug::NoLocking=true'],
  ].flatMap((each) => ['-o', each])
  await mustRun('apt-get', [...apt, '-qq', 'update'])
  const { stdout } = await mustRun('apt-cache', [...apt, 'depends', 'linux-image-arm64'])
  const kernel = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (kernel === undefined) throw new Error('board: Debian names no kernel for arm64')
  await mustRun('apt-get', [...apt, '-qq', 'autoclean'])
  await mustRun('apt-get', [
    ...apt,
    '-qq',
    '-y',
    '--no-install-recommends',
    '--download-only',
    'install',
    ...PACKAGES,
  ])
  await mustRun('sh', [
    '-c',
    'cd "$1" && shift && exec apt-get "$@"',
    'sh',
    path.join(cache, 'archives'),
    ...apt,
    '-qq',
    'download',
    kernel,
  ])
  return (await readdir(path.join(cache, 'archives')))
    .filter((name) => name.endsWith('.deb'))
    .sort()
    .map((name) => path.join(cache, 'archives', name))
}

/** Onto a system whose /bin is a link already, as Debian's own installer does it. */
async function unpack(file: string, target: string): Promise<void> {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"'
  await mustRun('sh', ['-c', script, 'sh', file, target])
}

/** The parts of the installation scripts that matter here. */
async function configure(fs: string): Promise<void> {
  const etc = path.join(fs, 'etc')
  for (const name of ['passwd', 'group'])
    await writeFile(
      path.join(etc, name),
      await readFile(path.join(fs, `usr/share/base-passwd/${name}.master`)),
    )
  // The number of the user is fixed, as folders of its own are made outside; sysusers.d finds it there.
  await appendFile(
    path.join(etc, 'passwd'),
    `lintel:x:${USER.id}:${USER.id}::/var/lib/lintel:/usr/sbin/nologin\n`,
  )
  await appendFile(path.join(etc, 'group'), `lintel:x:${USER.id}:\n`)
  await writeFile(path.join(etc, 'machine-id'), 'b0a2db0a2db0a2db0a2db0a2db0a2db0\n')
  await writeFile(path.join(etc, 'hostname'), 'doorbell\n')
  await writeFile(path.join(etc, 'fstab'), '/dev/vda / ext4 rw,noatime 0 1\n')
  await writeFile(
    path.join(etc, 'ld.so.conf'),
    '/usr/lib/aarch64-linux-gnu\n/usr/lib/aarch64-linux-gnu/blas\n/usr/lib/aarch64-linux-gnu/lapack\n',
  )
  for (const name of ['blas/libblas.so.3', 'lapack/liblapack.so.3'])
    // What update-alternatives would choose.
    await symlink(name, path.join(fs, LIBRARIES, path.basename(name))).catch(() => {})
  await symlink('/usr/bin/gawk', path.join(fs, 'usr/bin/awk')).catch(() => {})
  await symlink('dash', path.join(fs, 'usr/bin/sh')).catch(() => {})
}
