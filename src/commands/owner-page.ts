/** `lintel owner page` and `lintel owner cloud-access`: the owner's page from anywhere, against the store alone. */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { renderUnicodeCompact } from 'uqr'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { openS3Store } from '../drivers/s3/index.ts'
import { openLibrary, storeSource } from '../owner/index.ts'
import { fileFault, writeSecretFile } from './owner-files.ts'
import { CREDENTIALS, interruption } from './owner-options.ts'
import { buildPages, ROOT } from './page-door.ts'
import { parseCloudUrl, readCredentials, type CloudAddress, type CloudCredentials } from './s3-place.ts'

const STORE = ['--cloud <url>', 'the store: https://host[:port]/bucket'] as const

export function ownerPageCommand(): Command {
  return new Command('page')
    .description('write the page that reads the store, as files for any web space')
    .requiredOption('-o, --out <dir>', 'a new or empty folder')
    .option(STORE[0], 'the only store that this page may talk to: https://host[:port]/bucket')
    .action(writePage)
}

export function ownerCloudAccessCommand(): Command {
  return new Command('cloud-access')
    .description('write what that page needs to find and read the store; use credentials that may only read')
    .requiredOption(...STORE)
    .option(...CREDENTIALS)
    .requiredOption('-o, --out <file>', 'the access file (mode 600)')
    .option('--page <url>', 'where the page is: also print a link and its QR code')
    .action(writeAccess)
}

async function writePage(options: { readonly out: string; readonly cloud?: string }): Promise<void> {
  const address = options.cloud === undefined ? undefined : parseCloudUrl(options.cloud)
  const target = resolve(options.out)
  await checkEmpty(target)
  const built = await builtPage()
  try {
    await cp(built, target, { recursive: true })
    if (address !== undefined) await narrow(join(target, 'index.html'), address)
  } catch (cause) {
    throw fileFault(target, cause)
  }
  process.stdout.write(`${hosting(target, address)}\n`)
}

async function checkEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileFault(folder, cause)
  })
  if ((await readdir(folder)).length > 0)
    throw new Fault('invalid', `${folder}: wanted a new or empty folder, got one with files in it`)
}

/** Where it lies in a package, and where a clone builds it. */
const FOLDERS = ['page-away', '.cache/page-away'].map((name) => join(ROOT, name))

async function builtPage(): Promise<string> {
  await buildPages()
  const folder = FOLDERS.find((each) => existsSync(join(each, 'index.html')))
  if (folder !== undefined) return folder
  throw new Fault('missing', 'the page is not built; type: scripts/page')
}

const ANY_STORE = "connect-src 'self' https: http://localhost:* http://127.0.0.1:*;"

/** Whoever found a way to run code in the page could then send nothing elsewhere. */
async function narrow(file: string, { endpoint }: CloudAddress): Promise<void> {
  const html = await readFile(file, 'utf8')
  if (!html.includes(ANY_STORE)) throw new Fault('corrupt', `${file}: wanted a policy with ${ANY_STORE}`)
  await writeFile(file, html.replace(ANY_STORE, `connect-src 'self' ${endpoint};`))
}

function hosting(target: string, address: CloudAddress | undefined): string {
  const rules = [
    {
      AllowedMethods: ['GET', 'HEAD'],
      AllowedOrigins: ['https://where.the.page.is'],
      AllowedHeaders: ['range'],
    },
  ]
  return [
    `${target}: the page as files. Put them on any web space (https), or look at them here:`,
    `  python3 -m http.server --bind 127.0.0.1 --directory ${target} 8000`,
    address === undefined
      ? 'It may talk to any store over https; with --cloud URL only to that one.'
      : `It may talk to ${address.endpoint} and nobody else.`,
    '',
    'The store has to let pages from there read it (CORS). For stores that know PutBucketCors:',
    `  aws s3api put-bucket-cors --bucket ${address?.bucket ?? 'BUCKET'} --cors-configuration '${JSON.stringify({ CORSRules: rules })}'`,
    'Where it has no such setting (MinIO allows every address), nothing has to be done.',
    '',
    'Then write an access file with credentials that may only read (s3:GetObject, s3:ListBucket):',
    '  lintel owner cloud-access --cloud URL --cloud-credentials FILE -o access.json',
  ].join('\n')
}

type AccessOptions = {
  readonly cloud: string
  readonly cloudCredentials?: string
  readonly out: string
  readonly page?: string
}

async function writeAccess(options: AccessOptions): Promise<void> {
  const address = parseCloudUrl(options.cloud)
  const page = options.page === undefined ? undefined : pageUrl(options.page)
  const credentials = await readCredentials(options.cloudCredentials)
  const access = accessDocument(address, credentials, await seenIn(address, credentials))
  await writeSecretFile(options.out, `${JSON.stringify(access, undefined, 2)}\n`)
  const lines = [
    `${options.out}: whoever has it can read what is sealed in the store, and open nothing without the 24 words.`,
    'The credentials in it should be able to read and nothing else.',
  ]
  if (page !== undefined) {
    const link = `${page}#access=${Buffer.from(JSON.stringify(access)).toString('base64url')}`
    lines.push(
      '',
      'The same as a link; treat it like the file:',
      '',
      `  ${link}`,
      '',
      renderUnicodeCompact(link, { border: 2, ecc: 'L' }),
    )
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

function pageUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Fault('invalid', `--page ${text}: wanted the address of the page, https://…`)
  url.hash = ''
  return url.href
}

/** Members as `src/web/page/cloud/access.ts` reads them. */
type AccessDocument = {
  readonly format: 'lintel-cloud-access/1'
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly pathStyle: boolean
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
} & Seen
type Seen = {
  readonly device?: { readonly name: string; readonly key: string }
  readonly checkpoint?: { readonly size: number; readonly root: string }
}

function accessDocument(
  { endpoint, bucket }: CloudAddress,
  { region = 'us-east-1', ...credentials }: CloudCredentials,
  seen: Seen,
): AccessDocument {
  return {
    format: 'lintel-cloud-access/1',
    endpoint,
    bucket,
    region,
    pathStyle: true,
    ...credentials,
    ...seen,
  }
}

/** Whose ledger it is and how far it has grown: so the page need not believe whatever it finds on its first look. */
async function seenIn(
  { endpoint, bucket }: CloudAddress,
  { region = 'us-east-1', ...credentials }: CloudCredentials,
): Promise<Seen> {
  const s3 = { endpoint, bucket, region, credentials, pathStyle: true }
  await using store = await openS3Store(s3, { log: silentLog })
  const source = storeSource(store, { signal: interruption() })
  const library = await openLibrary([{ where: 'cloud', source, store }])
  const [problem] = library.problems
  if (problem !== undefined) throw new Fault('corrupt', `${problem}; look at it with: lintel verify`)
  const [seen] = await library.heads()
  if (seen === undefined) return {}
  const device = { name: seen.device.name, key: Buffer.from(seen.device.publicKey).toString('base64') }
  return { device, ...(seen.head === undefined ? {} : { checkpoint: seen.head }) }
}
