import type { ClipsDeps } from './clips.ts'
import { QUARANTINE } from './rows.ts'

/**
 * Moves what nobody acknowledged, or what is not what it should be, to `quarantine/`, under a name that is free there: nothing
 * is ever replaced. The caller syncs both folders.
 */
export async function putAside(
  { disk, log }: Pick<ClipsDeps, 'disk' | 'log'>,
  { from, as }: { readonly from: string; readonly as: string },
): Promise<void> {
  const taken = new Set((await disk.list(QUARANTINE)).map(({ name }) => name))
  let name = as
  for (let n = 1; taken.has(name); n++) name = `${as}-${n}`
  const paths = { from, to: `${QUARANTINE}/${name}` }
  log.warn('clips.put_aside', paths)
  await disk.rename(paths)
}
