import { watch } from 'node:fs'
import { dirname, basename } from 'node:path'
import { messageOf } from '../base/fault.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 150

/** Plays at once, and again whenever one of the files changes, until stopped. A story that cannot be read is said, and waited for. */
export async function watchStories(
  files: readonly string[],
  play: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const changed = untilChanged(files, signal)
    await play().catch((error: unknown) => void process.stderr.write(`lintel: ${messageOf(error)}\n`))
    process.stderr.write('waiting for a change (Ctrl-C ends)\n')
    await changed
  }
}

/** Editors put a new file in the place of the old one, so the folder is watched, not the file. */
async function untilChanged(files: readonly string[], signal: AbortSignal): Promise<void> {
  const names = new Set(files.map((file) => basename(file)))
  const folders = [...new Set(files.map((file) => dirname(file)))]
  await new Promise<void>((resolve) => {
    const watchers = folders.map((folder) =>
      watch(folder, (_event, name) => {
        if (name !== null && names.has(name)) end()
      }),
    )
    const end = (): void => {
      for (const watcher of watchers) watcher.close()
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
}
