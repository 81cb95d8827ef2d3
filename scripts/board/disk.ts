/** What the emulated board boots from: a kernel, a small first root that loads the disk's driver, and the disk with the package on it. */
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { mustRun, ROOT } from '../checks/tools.ts'
import { USER, type Debian } from './debian.ts'

const DISK_MB = 1536
/** To reach the disk; the rest is loaded by udev from the disk itself. */
const FIRST_MODULES = ['virtio_pci', 'virtio_mmio', 'virtio_blk', 'ext4']
const MODULES = [...FIRST_MODULES, 'virtio_net', 'virtio_console', 'vivid']

export type Boot = { readonly kernel: string; readonly initrd: string }

const FIRST_PROGRAM = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do /bin/busybox insmod /modules/$module; done </modules/order
until [ -b /dev/vda ]; do /bin/busybox usleep 20000; done
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /disk
/bin/busybox mount --move /dev /disk/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /disk /sbin/init
`

/** Makes kernel and first root in `folder`. */
export async function makeBoot(debian: Debian, folder: string): Promise<Boot> {
  const first = path.join(folder, 'first')
  for (const name of ['bin', 'proc', 'dev', 'disk', 'modules'])
    await mkdir(path.join(first, name), { recursive: true })
  await cp(path.join(debian.fs, 'usr/bin/busybox'), path.join(first, 'bin/busybox'))
  const order: string[] = []
  for (const file of await modulesFor(debian, FIRST_MODULES)) {
    await cp(path.join(debian.kernel, file), path.join(first, 'modules', path.basename(file)))
    order.push(path.basename(file))
  }
  await writeFile(path.join(first, 'modules/order'), `${order.join('\n')}\n`)
  await writeFile(path.join(first, 'init'), FIRST_PROGRAM, { mode: 0o755 })
  const initrd = path.join(folder, 'initrd.gz')
  await mustRun('sh', [
    '-c',
    'cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 >"$2"',
    'sh',
    first,
    initrd,
  ])
  return { kernel: path.join(debian.kernel, `boot/vmlinuz-${debian.kernelVersion}`), initrd }
}

/** Files of modules and of what they need, in the order of loading, relative to the kernel's folder. */
async function modulesFor(debian: Debian, names: readonly string[]): Promise<readonly string[]> {
  const args = ['-S', debian.kernelVersion, '-d', debian.kernel, '--show-depends', '--all']
  const { stdout } = await mustRun('modprobe', [...args, ...names])
  const files = [...stdout.matchAll(/^insmod (\S+)/gm)].map(([, file = '']) => file)
  return [...new Set(files.map((file) => path.relative(debian.kernel, file)))]
}

/** A disk with Debian, the package, and what `more` writes into the folder before it becomes a file system. */
export async function makeDisk(
  debian: Debian,
  options: {
    readonly deb: string
    readonly file: string
    readonly more: (root: string) => Promise<void>
  },
): Promise<void> {
  const root = await mkdtemp(path.join(path.dirname(debian.fs), '../root-')) // Beside it, for the links.
  try {
    // Hard links: half a gigabyte is not copied only to be packed.
    await mustRun('cp', ['-al', `${debian.fs}/.`, root])
    await mustRun('sh', [
      '-c',
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
      'sh',
      options.deb,
      root,
    ])
    await addModules(debian, root)
    await addSettings(root)
    await options.more(root)
    // Users and groups of all packages, ours included, as their installation scripts would make them.
    await mustRun('systemd-sysusers', [`--root=${root}`])
    await rm(options.file, { force: true })
    await mustRun('mke2fs', [
      '-q',
      '-t',
      'ext4',
      '-d',
      root,
      '-L',
      'doorbell',
      '-F',
      `${options.file}.new`,
      `${DISK_MB}M`,
    ])
    await rename(`${options.file}.new`, options.file)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function addModules(debian: Debian, root: string): Promise<void> {
  for (const file of await modulesFor(debian, MODULES)) {
    const target = path.join(root, 'usr', file)
    await mkdir(path.dirname(target), { recursive: true })
    await cp(path.join(debian.kernel, file), target)
  }
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo'])
    await cp(
      path.join(debian.kernel, 'lib/modules', debian.kernelVersion, name),
      path.join(root, 'usr/lib/modules', debian.kernelVersion, name),
    )
  await mustRun('depmod', ['-b', root, debian.kernelVersion])
}

/** Replaces a file of the base without writing through its hard link. */
async function write(root: string, name: string, text: string, mode = 0o644): Promise<void> {
  const file = path.join(root, name)
  await mkdir(path.dirname(file), { recursive: true })
  await rm(file, { force: true })
  await writeFile(file, text, { mode })
}

const enable = async (root: string, unit: string, target: string): Promise<void> => {
  const wants = path.join(root, 'etc/systemd/system', `${target}.wants`)
  await mkdir(wants, { recursive: true })
  await symlink(`/usr/lib/systemd/system/${unit}`, path.join(wants, unit)).catch(() => {})
}

async function addSettings(root: string): Promise<void> {
  await write(root, 'etc/modules-load.d/board.conf', 'virtio_net\nvirtio_console\nvivid\n')
  // One camera that shows moving colour bars; its other forty nodes are left out.
  await write(
    root,
    'etc/modprobe.d/vivid.conf',
    'options vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0\n',
  )
  await write(
    root,
    'etc/systemd/network/10-board.network',
    '[Match]\nName=e*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n',
  )
  await write(root, 'etc/systemd/journald.conf.d/board.conf', '[Journal]\nStorage=volatile\n')
  // A shell for what a person would type at the board: one line in, what it says out.
  await write(
    root,
    'etc/systemd/system/board-shell.service',
    '[Unit]\nDefaultDependencies=no\nAfter=systemd-modules-load.service\n[Service]\nExecStart=/bin/sh\nStandardInput=tty-force\nStandardOutput=tty\nStandardError=tty\nTTYPath=/dev/hvc0\nRestart=always\nEnvironment=PS1= PS2= TERM=dumb SYSTEMD_COLORS=0 SYSTEMD_PAGER=cat HOME=/root\n[Install]\nWantedBy=sysinit.target\n',
  )
  await mkdir(path.join(root, 'etc/systemd/system/sysinit.target.wants'), { recursive: true })
  await symlink(
    '../board-shell.service',
    path.join(root, 'etc/systemd/system/sysinit.target.wants/board-shell.service'),
  )
  for (const name of ['etc/.updated', 'var/.updated']) await write(root, name, '')
  await enable(root, 'systemd-networkd.service', 'multi-user.target')
  await enable(root, 'lintel.service', 'multi-user.target')
  await symlink(
    '/usr/lib/systemd/system/multi-user.target',
    path.join(root, 'etc/systemd/system/default.target'),
  )
  for (const unit of [
    'systemd-hwdb-update',
    'ldconfig',
    'systemd-firstboot',
    'systemd-timesyncd',
    'getty@tty1',
    'serial-getty@ttyAMA0',
    'systemd-logind',
    'systemd-networkd-wait-online',
    'systemd-resolved',
    'apt-daily.timer',
    'fstrim.timer',
    'e2scrub_all.timer',
    'dpkg-db-backup.timer',
    'systemd-pstore',
    'modprobe@drm',
    'systemd-update-utmp',
  ])
    await symlink(
      '/dev/null',
      path.join(root, 'etc/systemd/system', unit.includes('.') ? unit : `${unit}.service`),
    ).catch(() => {})
}

/** Gives `place` to the doorbell's user of the board. */
export const ownedByDoorbell = (place: string): Promise<unknown> =>
  mustRun('chown', ['-R', `${USER.id}:${USER.id}`, place])

export const DIST = path.join(ROOT, 'dist')
