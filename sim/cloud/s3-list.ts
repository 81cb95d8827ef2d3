import type { ObjectFolder } from './object-folder.ts'
import { S3Error, xml } from './s3-error.ts'

const KEYS_MAX = 1000

/** ListObjectsV2: prefix, delimiter, max-keys, start-after, continuation-token, encoding-type=url. */
export async function listBody(
  folder: ObjectFolder,
  bucket: string,
  query: URLSearchParams,
): Promise<string> {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const limit = limitOf(query.get('max-keys'))
  const after = afterOf(query)
  const rows = rowsOf(await folder.names(bucket), { prefix, delimiter }).filter((row) => row.text > after)
  const page = rows.slice(0, limit)
  const isTruncated = rows.length > page.length
  const last = page.at(-1)
  const text = (name: string): string =>
    xml(query.get('encoding-type') === 'url' ? encodeURIComponent(name).replaceAll('%2F', '/') : name)
  const items = await Promise.all(
    page.map(async (row) => {
      if (row.isPrefix) return `<CommonPrefixes><Prefix>${text(row.text)}</Prefix></CommonPrefixes>`
      const meta = await folder.head(bucket, row.text)
      if (meta === undefined) return ''
      return `<Contents><Key>${text(row.text)}</Key><LastModified>${meta.modified}</LastModified><ETag>&quot;${meta.md5}&quot;</ETag><Size>${meta.bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`
    }),
  )
  const token =
    isTruncated && last !== undefined
      ? `<NextContinuationToken>${Buffer.from(last.text).toString('base64url')}</NextContinuationToken>`
      : ''
  const encoding = query.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : ''
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${xml(bucket)}</Name><Prefix>${text(prefix)}</Prefix>${encoding}<MaxKeys>${limit}</MaxKeys><KeyCount>${page.length}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>${token}${items.join('')}</ListBucketResult>`
}

function limitOf(text: string | null): number {
  if (text === null) return KEYS_MAX
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', 400, 'max-keys: wanted a whole number.')
  return Math.min(KEYS_MAX, Number(text))
}

function afterOf(query: URLSearchParams): string {
  const token = query.get('continuation-token')
  return token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString('utf8')
}

type Row = { readonly text: string; readonly isPrefix: boolean }

function rowsOf(
  names: readonly string[],
  { prefix, delimiter }: { readonly prefix: string; readonly delimiter: string },
): readonly Row[] {
  const rows: Row[] = []
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    const row =
      at < 0
        ? { text: name, isPrefix: false }
        : { text: name.slice(0, at + delimiter.length), isPrefix: true }
    if (row.isPrefix && rows.at(-1)?.text === row.text) continue
    rows.push(row)
  }
  return rows
}
