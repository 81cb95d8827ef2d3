import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { signerOf, signNote } from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import { claimDataFormat } from './data-format.ts'
import { formatRelease, formatReleaseKey, openRelease, parseReleaseKey, type Release } from './release.ts'
import {
  beginTrial,
  chooseSlot,
  confirmTrial,
  decodeSlots,
  encodeSlots,
  firstSlots,
  returnToPackage,
  type Host,
  type Slots,
} from './slots.ts'
import { checkVersion, compareVersions } from './version.ts'

const host: Host = { arch: 'arm64', packageVersion: '1.0.0', dataFormat: 1 }
const release: Release = { version: '1.1.0', arch: 'arm64', bytes: 5, sha256: 'ab'.repeat(32), dataFormat: 1 }
const signer = (): ReturnType<typeof signerOf> =>
  signerOf('lintel-release', generateKeyPairSync('ed25519').privateKey)

/** Starts the service so often; what ran. */
function startOften(slots: Slots, times: number, there = ['1.1.0']): { ran: string[]; slots: Slots } {
  const ran: string[] = []
  let state = slots
  for (let n = 0; n < times; n++) {
    const chosen = chooseSlot(state, { packageVersion: '1.0.0', there })
    state = chosen.slots
    ran.push(chosen.run === 'package' ? 'package' : chosen.run.version)
  }
  return { ran, slots: state }
}

describe('versions', () => {
  it('are ordered as semver.org says', () => {
    const ordered = [
      '0.9.10',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.10.0',
      '2.0.0',
    ]
    expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered)
    expect(compareVersions('1.2.3', '1.2.3')).toBe(0)
  })

  it('that are none are refused with what was wanted', () => {
    for (const text of ['', '1', '1.2', '01.2.3', '1.2.3.4', '1.2.3-', 'v1.2.3', '1.2.3/../..', '1.2.3 '])
      expect(() => checkVersion(text)).toThrow(/wanted three numbers such as 1\.4\.0/)
  })
})

describe('a release', () => {
  it('is what its key signed, and nothing else', () => {
    const key = signer()
    const note = signNote(formatRelease(release), key)
    expect(openRelease(note, parseReleaseKey(formatReleaseKey(key), 'update-key'))).toEqual(release)
    expect(() => openRelease(note, signer())).toThrow(Fault)
    expect(() => openRelease(signNote('other text\n', key), key)).toThrow(/wanted the six lines of a release/)
  })

  it('with any letter changed is refused', () => {
    const key = signer()
    const note = signNote(formatRelease(release), key)
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.constantFrom('0', 'x', '\n', ' '), (at, letter) => {
        fc.pre(note[at] !== letter)
        expect(() => openRelease(note.slice(0, at) + letter + note.slice(at + 1), key)).toThrow(Fault)
      }),
    )
  })

  it('key with any letter changed is refused', () => {
    const line = formatReleaseKey(signer())
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.constantFrom('A', 'b', '0'), (at, letter) => {
        fc.pre(line[at] !== letter)
        expect(() => parseReleaseKey(line.slice(0, at) + letter + line.slice(at + 1), 'update-key')).toThrow(
          /update-key: wanted a release key/,
        )
      }),
    )
  })
})

describe('a trial', () => {
  it('that stays up becomes the version that runs', () => {
    const { slots } = startOften(beginTrial(firstSlots('1.0.0'), release, host), 1)
    const confirmed = confirmTrial(slots)
    expect(startOften(confirmed, 5).ran).toEqual(Array(5).fill('1.1.0'))
    expect(confirmed.newest).toBe('1.1.0')
  })

  it('that does not is over after three starts, and the version before runs again', () => {
    const { ran, slots } = startOften(beginTrial(firstSlots('1.0.0'), release, host), 6)
    expect(ran).toEqual(['1.1.0', '1.1.0', '1.1.0', 'package', 'package', 'package'])
    expect(() => beginTrial(slots, release, host)).toThrow(
      /was tried here and did not stay up; --any-version insists/,
    )
    expect(beginTrial(slots, release, host, { anyVersion: true }).trial).toEqual({
      version: '1.1.0',
      starts: 0,
    })
  })

  it('returns to a good release, not to the package before it', () => {
    const first = confirmTrial(startOften(beginTrial(firstSlots('1.0.0'), release, host), 1).slots)
    const second = beginTrial(first, { ...release, version: '1.2.0' }, host)
    expect(startOften(second, 5, ['1.1.0', '1.2.0']).ran).toEqual([
      '1.2.0',
      '1.2.0',
      '1.2.0',
      '1.1.0',
      '1.1.0',
    ])
  })

  it('whose files are gone is over at once', () => {
    expect(startOften(beginTrial(firstSlots('1.0.0'), release, host), 2, []).ran).toEqual([
      'package',
      'package',
    ])
  })

  it('that never started is not confirmed by a confirmation that comes late', () => {
    const slots = beginTrial(firstSlots('1.0.0'), release, host)
    expect(confirmTrial(slots)).toEqual(slots)
  })

  it('of an older version, of another processor or of older data is refused', () => {
    const newest = confirmTrial(startOften(beginTrial(firstSlots('1.0.0'), release, host), 1).slots)
    const back = returnToPackage(newest)
    expect(() => beginTrial(back, release, host)).toThrow(
      /wanted one newer than 1\.1\.0, which was here already/,
    )
    expect(() => beginTrial(firstSlots('1.0.0'), { ...release, version: '0.9.0' }, host)).toThrow(
      /newer than 1\.0\.0/,
    )
    expect(() => beginTrial(firstSlots('1.0.0'), { ...release, arch: 'amd64' }, host)).toThrow(
      /wanted one for arm64, got amd64/,
    )
    expect(() => beginTrial(firstSlots('1.0.0'), release, { ...host, dataFormat: 2 })).toThrow(
      /reads data format 1 or older/,
    )
  })

  it('of a version whose data nobody could return from has to be insisted on, and is none then', () => {
    const next = { ...release, dataFormat: 2 }
    expect(() => beginTrial(firstSlots('1.0.0'), next, host)).toThrow(/--no-way-back insists/)
    const slots = beginTrial(firstSlots('1.0.0'), next, host, { noWayBack: true })
    expect(startOften(slots, 9).ran).toEqual(Array(9).fill('1.1.0'))
  })

  it('whatever happens, the package runs when nothing else can', () => {
    const signs = fc.constantFrom(
      'start',
      'confirm',
      'back',
      'install 1.1.0',
      'install 1.2.0',
      'install 1.3.0',
    )
    fc.assert(
      fc.property(
        fc.array(signs, { maxLength: 40 }),
        fc.subarray(['1.1.0', '1.2.0', '1.3.0']),
        (all, there) => {
          let slots = firstSlots('1.0.0')
          for (const sign of all) {
            if (sign === 'start') slots = startOften(slots, 1, there).slots
            else if (sign === 'confirm') slots = confirmTrial(slots)
            else if (sign === 'back') slots = returnToPackage(slots)
            else slots = tryTrial(slots, sign.slice(8))
            expect(decodeSlots(encodeSlots(slots))).toEqual(slots)
          }
          const { ran } = startOften(slots, 8, there)
          for (const version of ran) expect(['package', ...there]).toContain(version)
          expect(new Set(ran.slice(4)).size).toBe(1) // It has come to rest.
        },
      ),
    )
  })
})

function tryTrial(slots: Slots, version: string): Slots {
  try {
    return beginTrial(slots, { ...release, version }, host)
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return slots
  }
}

describe('the state of updates', () => {
  it('that is damaged is told as such', () => {
    for (const text of [
      '',
      '{}',
      '[]',
      '{"format":2}',
      '{"format":1,"good":7}',
      encodeSlots(firstSlots('1.0.0')).replace('1.0.0', '../..'),
    ])
      expect(() => decodeSlots(text)).toThrow(Fault)
  })
})

describe('the data’s format', () => {
  const formatOn = async (disk: Disk): Promise<string> =>
    Buffer.from(await disk.read('data-format')).toString()

  it('is written down at the first start, and again by a newer version', async () => {
    const disk = createMemoryDisk()
    await claimDataFormat(disk, 1)
    expect(await formatOn(disk)).toBe('1\n')
    await claimDataFormat(disk, 2)
    disk.powerCut()
    expect(await formatOn(disk)).toBe('2\n')
  })

  it('of a newer version stops an older one, which changes nothing', async () => {
    const disk = createMemoryDisk()
    await disk.replace('data-format', utf8('7\n'))
    await expect(claimDataFormat(disk, 2)).rejects.toThrow(/wanted data format 2 or older, got 7/)
    expect(await formatOn(disk)).toBe('7\n')
  })

  it('that is no number is damage', async () => {
    const disk = createMemoryDisk()
    await disk.replace('data-format', utf8('new'))
    await expect(claimDataFormat(disk)).rejects.toThrow(/wanted a number, got “new”/)
  })
})
