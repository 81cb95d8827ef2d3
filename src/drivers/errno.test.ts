import { expect, it } from 'vitest'
import { Fault } from '../base/fault.ts'
import { errnoOf, faultOfErrno } from './errno.ts'

/** As Node makes it of an error number that libuv has no name for. */
const unnamed = (number: number): Error =>
  Object.assign(new Error(`Unknown system error -${number}: Unknown system error -${number}, fdatasync`), {
    code: `Unknown system error -${number}`,
    errno: -number,
  })

it('a full quota and a damaged file system are faults too, though libuv has no name for them', () => {
  expect(errnoOf(unnamed(122))).toBe('EDQUOT')
  expect(faultOfErrno(unnamed(122), 'write')).toMatchObject({ kind: 'full' })
  expect(faultOfErrno(unnamed(117), 'write')).toMatchObject({ kind: 'corrupt' })
})

it('what nobody has a name for is weather', () => {
  expect(faultOfErrno(unnamed(4000), 'write')).toBeInstanceOf(Fault)
  expect(faultOfErrno(unnamed(4000), 'write')).toMatchObject({ kind: 'unavailable' })
})
