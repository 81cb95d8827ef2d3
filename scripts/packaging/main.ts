/**
 * `scripts/package [arm64|amd64]…`: the Debian package, without debhelper, from this tree and the lockfile alone. The same sources give
 * the same bytes: times are those of `SOURCE_DATE_EPOCH`, or of the last commit.
 *
 *   --version V     another version than package.json's, for tests of upgrades
 *   --out DIR       where to put it (default: dist)
 *   --sign FILE     signs it with this release key, for `lintel update install`
 *   --new-key FILE  makes a release key, says the line for /etc/lintel/update-key, and builds nothing
 */
import { parseArgs } from 'node:util'
import path from 'node:path'
import { ROOT } from '../checks/tools.ts'
import { buildPackage } from './deb.ts'
import { makeReleaseKey, signRelease } from './release.ts'
import { isArch, ownArch } from './arch.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    version: { type: 'string' },
    out: { type: 'string', default: path.join(ROOT, 'dist') },
    sign: { type: 'string' },
    'new-key': { type: 'string' },
  },
})

if (values['new-key'] !== undefined) {
  console.log(await makeReleaseKey(values['new-key']))
  process.exit(0)
}

for (const name of positionals.length === 0 ? [ownArch()] : positionals) {
  if (!isArch(name)) {
    console.error(`package: wanted arm64 or amd64, got “${name}”`)
    process.exit(2)
  }
  const { file, version, bytes, installedKb } = await buildPackage(name, {
    outDir: path.resolve(values.out),
    ...(values.version === undefined ? {} : { version: values.version }),
  })
  console.log(
    `${path.relative(process.cwd(), file)}  ${(bytes / 1e6).toFixed(1)} MB, ${(installedKb / 1024).toFixed(0)} MB installed`,
  )
  if (values.sign !== undefined)
    console.log(await signRelease(file, { version, arch: name, keyFile: values.sign }))
}
