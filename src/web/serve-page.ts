import type { WebReply } from '../ports/web-server.ts'
import { NOT_FOUND } from './replies.ts'
import type { Call } from './route.ts'

/** Names of built files hold their hash: they never change. */
const FOR_EVER = 'public, max-age=31536000, immutable'

export const servePage = (call: Call<'public', undefined>): Promise<WebReply> => serveFile(call, '')

export const serveAsset = (call: Call<'public', undefined>): Promise<WebReply> =>
  serveFile(call, call.request.path.slice(1))

async function serveFile({ desk, request }: Call<'public', undefined>, path: string): Promise<WebReply> {
  if (path !== '' && !isPlain(path)) return NOT_FOUND
  const file = await desk.page.read(path)
  if (file === undefined) return NOT_FOUND
  const headers = {
    'content-type': file.type,
    etag: file.etag,
    'cache-control': path.startsWith('assets/') ? FOR_EVER : 'no-cache',
  }
  if (request.headers.get('if-none-match') === file.etag) return { status: 304, headers }
  return { status: 200, headers, body: file.bytes }
}

/** Steps of letters, digits, `-`, `_` and single dots: nothing that leads anywhere else. */
const isPlain = (path: string): boolean => path.split('/').every((step) => /^[\w-]+(\.[\w-]+)*$/.test(step))

export async function serveRoot({ desk }: Call<'public', undefined>): Promise<WebReply> {
  if (desk.rootCertificate === undefined) return NOT_FOUND
  return {
    status: 200,
    headers: {
      'content-type': 'application/x-x509-ca-cert',
      'content-disposition': 'attachment; filename="lintel-root.crt"',
    },
    body: desk.rootCertificate,
  }
}
