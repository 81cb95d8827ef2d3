import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

export type PageFile = { readonly bytes: Uint8Array; readonly type: string; readonly etag: string }

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  webmanifest: 'application/manifest+json',
  json: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  wasm: 'application/wasm',
  txt: 'text/plain; charset=utf-8',
}
const FILES_MAX = 500

/**
 * The built page below `folder`, read once into memory: only what was there then is served, by the names it was found under, so no path
 * can lead anywhere else. Undefined: it was not built.
 */
export async function openPageFiles(
  folder: string,
): Promise<{ read(path: string): Promise<PageFile | undefined> } | undefined> {
  const names = await namesIn(folder)
  if (!names.includes('index.html')) return undefined
  const files = new Map<string, PageFile>()
  for (const name of names.slice(0, FILES_MAX)) {
    const bytes = new Uint8Array(await readFile(join(folder, name)))
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
    files.set(name, { bytes, type, etag: `"${hash}"` })
  }
  return { read: async (path) => files.get(path === '' ? 'index.html' : path) }
}

async function namesIn(folder: string, below = ''): Promise<readonly string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(() => [])
  const names: string[] = []
  for (const entry of entries) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) names.push(...(await namesIn(folder, name)))
    else if (entry.isFile()) names.push(name)
  }
  return names
}
