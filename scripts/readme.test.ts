import { describe, expect, it } from 'vitest'
import { upToDate } from './readme.ts'

describe('the README', () => {
  it('has the tables that the code gives (scripts/node scripts/readme.ts writes them)', async () => {
    const { present, wanted } = await upToDate()
    expect(present).toBe(wanted)
  })
})
