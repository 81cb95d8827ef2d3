import { byBytes, type ObjectFolder } from './object-folder.ts'
import { S3Error, xml } from './s3-error.ts'

const KEYS_MAX = 1000

/** Objects, and names up to the delimiter that stand for all objects that begin with them. */
type Row = { readonly text: string; readonly isPrefix: boolean }

/** ListObjectsV2: prefix, delimiter, max-keys, start-after, continuation-token, encoding-type=url. */
export async function listBody(
  folder: ObjectFolder,
  bucket: string,
  query: URLSearchParams,
): Promise<string> {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const limit = limitOf(query.get('max-keys'))
  if (query.get('list-type') !== '2')
    throw new S3Error('NotImplemented', 501, 'Only the second version of listing is known: list-type=2.')
  const token = query.get('continuation-token')
  const isAfter = token === null ? afterName(query.get('start-after') ?? '') : afterToken(token)
  const names = (await folder.names(bucket)).filter((name) => name.startsWith(prefix))
  const rows = rowsOf(names, { prefix, delimiter, isAfter })
  const page = rows.slice(0, limit)
  const last = rows.length > page.length ? page.at(-1) : undefined // Nor is there more for who wants none.
  const encode = encoderFor(query.get('encoding-type'))
  const items = await Promise.all(page.map((row) => itemOf(folder, bucket, row, encode)))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    element('Name', xml(bucket)),
    element('Prefix', encode(prefix)),
    ...echo(query, encode),
    element('MaxKeys', String(limit)),
    element('KeyCount', String(page.length)),
    element('IsTruncated', String(last !== undefined)),
    last === undefined ? '' : element('NextContinuationToken', tokenOf(last)),
    ...items,
    '</ListBucketResult>',
  ].join('')
}

const element = (name: string, text: string): string => `<${name}>${text}</${name}>`

/** What was asked for is said back. */
function echo(query: URLSearchParams, encode: (text: string) => string): readonly string[] {
  const fields = [
    ['delimiter', 'Delimiter', encode],
    ['encoding-type', 'EncodingType', xml],
    ['start-after', 'StartAfter', encode],
    ['continuation-token', 'ContinuationToken', xml],
  ] as const
  return fields.flatMap(([name, tag, say]) => {
    const value = query.get(name)
    return value === null ? [] : [element(tag, say(value))]
  })
}

async function itemOf(
  folder: ObjectFolder,
  bucket: string,
  { text, isPrefix }: Row,
  encode: (text: string) => string,
): Promise<string> {
  if (isPrefix) return element('CommonPrefixes', element('Prefix', encode(text)))
  const meta = await folder.head({ bucket, name: text })
  if (meta === undefined) return '' // Removed since we looked.
  return element(
    'Contents',
    [
      element('Key', encode(text)),
      element('LastModified', meta.modified),
      element('ETag', `&quot;${meta.md5}&quot;`),
      element('Size', String(meta.bytes)),
      element('StorageClass', 'STANDARD'),
    ].join(''),
  )
}

function encoderFor(type: string | null): (text: string) => string {
  if (type === null) return xml
  if (type !== 'url') throw new S3Error('InvalidArgument', 400, 'encoding-type: wanted url.')
  return (text) => xml(encodeURIComponent(text).replaceAll('%2F', '/'))
}

function limitOf(text: string | null): number {
  if (text === null) return KEYS_MAX
  if (!/^[0-9]{1,9}$/.test(text))
    throw new S3Error('InvalidArgument', 400, 'max-keys: wanted a whole number.')
  return Math.min(KEYS_MAX, Number(text))
}

type IsAfter = (name: string) => boolean

const afterName =
  (start: string): IsAfter =>
  (name) =>
    start === '' || byBytes(name, start) > 0

/** Where a page ended with a common prefix, all that begins with it was told. */
const tokenOf = ({ text, isPrefix }: Row): string =>
  Buffer.from(`${isPrefix ? 'prefix' : 'name'}:${text}`).toString('base64url')

function afterToken(token: string): IsAfter {
  const [, kind, text = ''] =
    /^(name|prefix):(.*)$/s.exec(Buffer.from(token, 'base64url').toString('utf8')) ?? []
  if (kind === undefined)
    throw new S3Error('InvalidArgument', 400, 'continuation-token: wanted one that was given here.')
  if (kind === 'name') return afterName(text)
  return (name) => byBytes(name, text) > 0 && !name.startsWith(text)
}

function rowsOf(
  names: readonly string[],
  {
    prefix,
    delimiter,
    isAfter,
  }: { readonly prefix: string; readonly delimiter: string; readonly isAfter: IsAfter },
): readonly Row[] {
  const rows: Row[] = []
  for (const name of names.filter(isAfter)) {
    const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    const text = at < 0 ? name : name.slice(0, at + delimiter.length)
    if (at >= 0 && rows.at(-1)?.isPrefix === true && rows.at(-1)?.text === text) continue
    rows.push({ text, isPrefix: at >= 0 })
  }
  return rows
}
