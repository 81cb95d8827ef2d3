import { isHexId } from '../base/ids.ts'
import type { WebReply } from '../ports/web-server.ts'
import type { HoldBody, ToldBody } from './api.ts'
import { doerOf, doorbellOf, noteRarely } from './desk.ts'
import { readCount } from './query.ts'
import { readRange } from './range.ts'
import { json, NOT_FOUND, nothing, problem } from './replies.ts'
import type { Call } from './route.ts'

const FILE = /^(\d{4,6}|meta|poster)\.age$|^manifest\.note$/
const HOUR_MS = 3600_000
/** Sealed parts never change; whoever has them needs the key all the same. What is told of a clip changes while it grows. */
const FOR_EVER = 'private, max-age=31536000, immutable'
const CHANGING = 'meta.age'

export async function listClips({ desk, request }: Call<'household', undefined>): Promise<WebReply> {
  const before = request.query.get('before')
  const limit = readCount(request.query, 'limit', { fallback: 50, most: 100 })
  const beforeOrder = before === undefined ? {} : { beforeOrder: readCount(request.query, 'before', {}) }
  return json(200, await doorbellOf(desk).clips.list({ ...beforeOrder, limit }))
}

export async function serveClipFile(call: Call<'household', undefined>): Promise<WebReply> {
  const { desk, who, request, params } = call
  const { clip = '', file = '' } = params
  if (!isHexId(clip) || !FILE.test(file)) return NOT_FOUND
  const { clips } = doorbellOf(desk)
  const asked = request.headers.get('range')
  const etag = `"${clip}-${file}"`
  const headers = {
    'content-type': file.endsWith('.note') ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    'accept-ranges': 'bytes',
    ...(file === CHANGING ? {} : { etag, 'cache-control': FOR_EVER }),
  }
  const isKnown = file !== CHANGING && request.headers.get('if-none-match') === etag
  if (asked === undefined && !isKnown) {
    const whole = await clips.read(clip, file)
    if (whole === undefined) return NOT_FOUND
    await noteFetched(call, clip)
    return { status: 200, headers, body: whole.bytes }
  }
  const first = await clips.read(clip, file, { from: 0, to: 0 })
  if (first === undefined) return NOT_FOUND
  if (isKnown) return { status: 304, headers }
  const range = readRange(asked ?? '', first.totalBytes)
  if (range === 'unsatisfiable')
    return { status: 416, headers: { 'content-range': `bytes */${first.totalBytes}` } }
  const found = await clips.read(clip, file, range)
  if (found === undefined) return NOT_FOUND
  await noteFetched({ desk, who }, clip)
  if (range === undefined) return { status: 200, headers, body: found.bytes }
  const contentRange = `bytes ${range.from}-${range.to}/${found.totalBytes}`
  return { status: 206, headers: { ...headers, 'content-range': contentRange }, body: found.bytes }
}

const noteFetched = ({ desk, who }: Pick<Call<'household'>, 'desk' | 'who'>, clip: string): Promise<void> =>
  noteRarely(desk, who, 'fetched', { clip, everyMs: HOUR_MS })

export async function listGrants({ desk, who, params }: Call<'household', undefined>): Promise<WebReply> {
  const clip = params['clip'] ?? ''
  if (!isHexId(clip)) return NOT_FOUND
  const grants = who.recipient === undefined ? [] : await doorbellOf(desk).clips.grants(clip, who.recipient)
  return json(200, { grants })
}

export async function tellClip({ desk, who, params, body }: Call<'household', ToldBody>): Promise<WebReply> {
  const clip = params['clip'] ?? ''
  if (!isHexId(clip)) return NOT_FOUND
  const { clips } = doorbellOf(desk)
  if (body.what === 'shared') {
    const { to } = await clips.keepGrant(clip, body.grant)
    await desk.activity.note(doerOf(who), 'shared', { clip, detail: `${body.to} (${to})` })
  } else {
    if ((await clips.read(clip, 'meta.age', { from: 0, to: 0 })) === undefined) return NOT_FOUND
    await desk.activity.note(doerOf(who), body.what, { clip })
  }
  return nothing()
}

export async function holdClip({ desk, who, params, body }: Call<'household', HoldBody>): Promise<WebReply> {
  const clip = params['clip'] ?? ''
  if (!isHexId(clip) || !(await doorbellOf(desk).clips.hold(clip, body.held))) return NOT_FOUND
  await desk.activity.note(doerOf(who), body.held ? 'held' : 'released', { clip })
  return nothing()
}

export async function removeClip({ desk, who, params }: Call<'owner', undefined>): Promise<WebReply> {
  const clip = params['clip'] ?? ''
  if (!isHexId(clip)) return NOT_FOUND
  const done = await doorbellOf(desk).clips.remove(clip)
  switch (done) {
    case 'missing':
      return NOT_FOUND
    case 'growing':
      return problem(409, 'growing', 'wanted a clip that is over, this one still grows')
    case 'held':
      return problem(409, 'held', 'wanted a clip that is not held; release it first')
    case 'removed':
      await desk.activity.note(doerOf(who), 'deleted', { clip })
      return nothing()
  }
}
