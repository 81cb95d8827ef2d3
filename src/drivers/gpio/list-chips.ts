import { Fault } from '../../base/fault.ts'
import { errnoOf, faultOfErrno } from '../errno.ts'
import type { Chip } from './chips.ts'
import { linuxKernel, type GpioKernel } from './kernel.ts'
import {
  BYTES,
  CALLS,
  decodeChipInfo,
  decodeLineInfo,
  encodeLineInfoQuestion,
  type LineInfo,
} from './uapi.ts'

/** Everything there is. Chips that this user may not open are a `Fault('denied')` where none is left. */
export function listChips(kernel: GpioKernel = linuxKernel): readonly Chip[] {
  const refused: Fault[] = []
  const chips = kernel.chipPaths().flatMap((path) => {
    try {
      return [withChip(kernel, path, (fd) => readChip(kernel, { fd, path }))]
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'denied') throw error
      refused.push(error)
      return []
    }
  })
  const [first] = refused
  if (chips.length === 0 && first !== undefined) throw first
  return chips
}

function readChip(kernel: GpioKernel, { fd, path }: { readonly fd: number; readonly path: string }): Chip {
  const info = new Uint8Array(BYTES.chipInfo)
  kernel.ioctl(fd, CALLS.chipInfo, info)
  const { name, label, lines } = decodeChipInfo(info)
  return {
    path,
    name,
    label,
    lines: Array.from({ length: lines }, (_, offset) => lineInfo(kernel, fd, offset)),
  }
}

export function lineInfo(kernel: GpioKernel, fd: number, offset: number): LineInfo {
  const bytes = encodeLineInfoQuestion(offset)
  kernel.ioctl(fd, CALLS.lineInfo, bytes)
  return decodeLineInfo(bytes)
}

function withChip<T>(kernel: GpioKernel, path: string, use: (fd: number) => T): T {
  const fd = openChip(kernel, path)
  try {
    return use(fd)
  } catch (error) {
    throw faultOfErrno(error, `GPIO chip ${path}`)
  } finally {
    kernel.close(fd)
  }
}

export function openChip(kernel: GpioKernel, path: string): number {
  try {
    return kernel.open(path)
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM')
      throw faultOfErrno(error, `GPIO chip ${path}`)
    throw new Fault(
      'denied',
      `GPIO chip ${path}: this user may not open it; it belongs to the group gpio: sudo usermod -aG gpio USER, then log in again`,
      { cause: error },
    )
  }
}
