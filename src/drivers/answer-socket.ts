import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Fault, messageOf } from '../base/fault.ts'
import { errnoOf } from './errno.ts'

const CONNECTIONS_MAX = 8
const ANSWER_BYTES_MAX = 1024 * 1024
const ANSWER_MS_MAX = 10_000
/** sockaddr_un; the kernel would cut off what is longer. */
const PATH_BYTES_MAX = 107
const UMASK_GROUP = 0o117

/**
 * Answers whoever connects to a socket in the file system with one text, then hangs up: no request, so nothing that could be wrong with one.
 * Who may ask is who may open the file: its owner and its group. Throws `Fault` when it cannot be made.
 */
export async function answerOnSocket(path: string, answer: () => Promise<string>): Promise<AsyncDisposable> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new Fault('invalid', `socket ${path}: wanted a path of at most ${PATH_BYTES_MAX} bytes`)
  await rm(path, { force: true }) // Of a process that is gone: who holds the data folder's lock is alone.
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => {}) // Whoever asked has gone.
    answer().then(
      (text) => socket.end(text),
      (error: unknown) => socket.end(JSON.stringify({ problem: messageOf(error) })),
    )
  })
  server.maxConnections = CONNECTIONS_MAX
  await listening(server, path)
  server.unref()
  return {
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

async function listening(server: Server, path: string): Promise<void> {
  const before = process.umask(UMASK_GROUP)
  try {
    server.listen(path)
    await once(server, 'listening')
  } catch (cause) {
    throw new Fault('unavailable', `socket ${path}: ${messageOf(cause)}`, { cause })
  } finally {
    process.umask(before)
  }
}

/** What is said there. Throws `Fault('missing')` when nobody listens, `denied` when this user may not ask. */
export async function askSocket(path: string): Promise<string> {
  const socket = connect(path)
  socket.setTimeout(ANSWER_MS_MAX, () =>
    socket.destroy(new Fault('unavailable', `socket ${path}: no answer`)),
  )
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) throw new Fault('corrupt', `socket ${path}: an answer without end`)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw faultOf(path, cause)
  }
  return Buffer.concat(chunks).toString()
}

function faultOf(path: string, cause: unknown): unknown {
  switch (errnoOf(cause)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new Fault('missing', `nobody answers at ${path}`, { cause })
    case 'EACCES':
    case 'EPERM':
      return new Fault('denied', `this user may not ask at ${path}; try it with sudo`, { cause })
    default:
      return cause instanceof Fault
        ? cause
        : new Fault('unavailable', `socket ${path}: ${messageOf(cause)}`, { cause })
  }
}
