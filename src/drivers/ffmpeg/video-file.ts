import { open, stat, type FileHandle } from 'node:fs/promises'
import { Fault, messageOf } from '../../base/fault.ts'
import { errnoOf } from '../errno.ts'

/** What can be said of the file without asking ffmpeg. `name` is what people typed. */
export async function checkVideoFile(name: string, path: string): Promise<void> {
  try {
    const facts = await stat(path)
    if (facts.isDirectory()) throw new Fault('invalid', `${name}: wanted a video file, this is a folder`)
    if (!facts.isFile())
      throw new Fault('invalid', `${name}: wanted a video file, this is a device or a pipe`)
    if (facts.size === 0) throw new Fault('invalid', `${name}: wanted a video file, this one is empty`)
    const file = await open(path, 'r')
    try {
      await checkBoxes(name, file, facts.size)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof Fault ? error : fileFault(name, error)
  }
}

function fileFault(name: string, cause: unknown): Fault {
  const code = errnoOf(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new Fault('missing', `${name}: there is no such file`, { cause })
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault('denied', `${name}: this user may not read it`, { cause })
  return new Fault('invalid', `${name}: cannot be read: ${messageOf(cause)}`, { cause })
}

/** ffmpeg is content with an MP4 whose end is missing, and calls one whose index is missing no video; the boxes' own sizes tell. */
async function checkBoxes(name: string, file: FileHandle, fileBytes: number): Promise<void> {
  const head = Buffer.alloc(16)
  for (let at = 0; at < fileBytes;) {
    const { bytesRead } = await file.read(head, 0, 16, at)
    const type = head.toString('latin1', 4, 8)
    if (at === 0 && type !== 'ftyp') return // Another format, or an old QuickTime file: ffmpeg must judge it.
    const size = bytesRead < 8 ? 8 : sizeOf(head, fileBytes - at)
    if (size < 8 || (at + size > fileBytes && !/^[\x20-\x7e\xa9]{4}$/.test(type)))
      throw new Fault('invalid', `${name}: damaged: what stands at byte ${at} is no part of an MP4`)
    if (at + size > fileBytes)
      throw new Fault(
        'invalid',
        `${name}: cut short: its “${type}” box wants to reach byte ${at + size}, the file ends at ${fileBytes}`,
      )
    at += size
  }
}

/** ISO/IEC 14496-12, 4.2: 0 means to the end of the file, 1 that 64 bits follow. */
function sizeOf(head: Buffer, left: number): number {
  const short = head.readUInt32BE(0)
  if (short === 0) return left
  return short === 1 ? Number(head.readBigUInt64BE(8)) : short
}
