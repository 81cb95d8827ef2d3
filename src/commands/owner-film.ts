import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isFault } from '../base/fault.ts'
import { fileFault } from './owner-files.ts'

/** Takes bytes in order; nothing stands under the final name before `finish`. */
export interface FilmTarget extends AsyncDisposable {
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
}

/** `-` is standard output, which cannot take back what was written. */
export const openFilmTarget = (path: string): Promise<FilmTarget> =>
  path === '-' ? openStandardOutput() : openFilmFile(path)

/** Readable by its owner only, like the key that opened it. */
async function openFilmFile(path: string): Promise<FilmTarget> {
  const temporary = join(dirname(path), `.lintel-${randomBytes(6).toString('hex')}.part`)
  const naming = async <T>(attempt: Promise<T>): Promise<T> => {
    try {
      return await attempt
    } catch (error) {
      throw isFault(error) ? error : fileFault(path, error)
    }
  }
  const file = await naming(open(temporary, 'wx', 0o600))
  let isFinished = false
  return {
    async write(bytes) {
      await naming(file.appendFile(bytes))
    },
    async finish() {
      await naming(file.sync())
      await naming(rename(temporary, path))
      isFinished = true
    },
    async [Symbol.asyncDispose]() {
      await file.close()
      if (!isFinished) await rm(temporary, { force: true })
    },
  }
}

async function openStandardOutput(): Promise<FilmTarget> {
  return {
    async write(bytes) {
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
    },
    async finish() {},
    async [Symbol.asyncDispose]() {},
  }
}
