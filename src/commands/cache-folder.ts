import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where encoded videos are kept: `LINTEL_CACHE`, else below `XDG_CACHE_HOME`, else below `~/.cache`. */
export function cacheFolder(): string {
  const { LINTEL_CACHE: own, XDG_CACHE_HOME: cache } = process.env
  if (own !== undefined && own !== '') return resolve(own)
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'lintel', 'encoded')
}
