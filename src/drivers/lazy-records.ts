import type { Records } from '../ports/records.ts'

/**
 * An index that is opened when somebody first asks for something. A failure to open is the failure of that call, and the next call
 * tries again: whoever starts with it can ring before there is an index.
 */
export function openRecordsLazily(open: () => Promise<Records>): Records {
  let opening: Promise<Records> | undefined
  let isClosed = false
  const opened = (): Promise<Records> => {
    if (opening === undefined) {
      const mine = open()
      opening = mine
      mine.catch(() => {
        if (opening === mine && !isClosed) opening = undefined
      })
    }
    return opening
  }
  return {
    write: async (changes) => (await opened()).write(changes),
    read: async (table, key) => (await opened()).read(table, key),
    list: async (table, range) => (await opened()).list(table, range),
    async [Symbol.asyncDispose]() {
      isClosed = true
      const records = await opening?.catch(() => undefined) // Whoever asked has heard of it.
      await records?.[Symbol.asyncDispose]()
    },
  }
}
