/** The two kinds of machine, by Debian's names and npm's. */
import { arch } from 'node:process'

export const NPM_CPU = { arm64: 'arm64', amd64: 'x64' } as const
export type Arch = keyof typeof NPM_CPU

export const isArch = (name: string): name is Arch => Object.hasOwn(NPM_CPU, name)

/** What this machine would install. */
export function ownArch(): Arch {
  if (arch === 'arm64') return 'arm64'
  if (arch === 'x64') return 'amd64'
  throw new Error(
    `package: wanted a machine of 64 bits by ARM or Intel, this one is ${arch}; name arm64 or amd64`,
  )
}
