import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import koffi from 'koffi'

/** The kernel's calls, as far as GPIO needs them. Errors have the operating system's `code`. */
export interface GpioKernel {
  /** The character devices, in their order. */
  chipPaths(): readonly string[]
  open(path: string): number
  close(fd: number): void
  /** Fills `bytes`. */
  ioctl(fd: number, call: number, bytes: Uint8Array): void
  /** How many bytes there were; 0: none now. */
  read(fd: number, bytes: Uint8Array): number
  /** Calls back on the event loop whenever there is something to read, until it is closed; keeps no process alive. */
  whenReadable(fd: number, take: () => void): { close(): void }
}

const ERROR_NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** Loaded when the first chip is opened, so that a machine without any needs no native code. */
let calls: { readonly ioctl: (fd: number, call: number, bytes: Uint8Array) => number } | undefined
const libc = () =>
  (calls ??= { ioctl: koffi.load(null).func('int ioctl(int fd, unsigned long request, void *bytes)') })

export const linuxKernel: GpioKernel = {
  chipPaths: () =>
    readdirSync('/dev')
      .filter((name) => /^gpiochip\d+$/.test(name))
      .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)))
      .map((name) => `/dev/${name}`),
  open: (path) => openSync(path, 'r+'),
  close: (fd) => closeSync(fd),
  ioctl(fd, call, bytes) {
    if (libc().ioctl(fd, call, bytes) >= 0) return
    const number = koffi.errno()
    const code = ERROR_NAMES.get(number) ?? 'EUNKNOWN'
    throw Object.assign(new Error(`${code}, error ${number} of the kernel`), { code })
  },
  read(fd, bytes) {
    try {
      return readSync(fd, bytes)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0
      throw error
    }
  },
  // The event loop's own poll(7): no thread waits, and libuv makes the descriptor non-blocking.
  whenReadable(fd, take) {
    const handle = koffi.node.poll(fd, { readable: true, disconnect: true }, take)
    handle.unref()
    let isOpen = true
    return {
      close() {
        if (!isOpen) return
        isOpen = false
        handle.stop()
        handle.close()
      },
    }
  },
}
