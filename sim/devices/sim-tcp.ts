import { Bell } from '../../src/base/bell.ts'
import { Fault } from '../../src/base/fault.ts'
import { BoundedQueue } from '../../src/base/queue.ts'
import { TCP_LIMITS, type TcpConnection, type TcpServer } from '../../src/ports/tcp-server.ts'

/** TCP without a network between. */
export interface SimTcp {
  readonly server: TcpServer
  /** Throws `Fault('unavailable')` where nobody listens. */
  dial(port: number): SimCaller
}

export interface SimCaller {
  send(bytes: Uint8Array): void
  next(): Promise<Uint8Array | undefined>
  close(): void
}

const CHUNKS_MAX = 1000
const FIRST_PORT = 49_152

export function createSimTcp(): SimTcp {
  const listeners = new Map<number, (line: Line) => void>()
  return {
    server: {
      async listen(onConnection, { port: wanted }) {
        let port = wanted
        if (port === 0) for (port = FIRST_PORT; listeners.has(port);) port++
        if (listeners.has(port)) throw new Fault('unavailable', `cannot listen on port ${port}: it is in use`)
        const open = new Set<Line>()
        listeners.set(port, (line) => {
          open.add(line)
          const over = (): void => {
            line.close()
            open.delete(line)
          }
          onConnection(line.connection).then(over, over)
        })
        return {
          port,
          async [Symbol.asyncDispose]() {
            listeners.delete(port)
            for (const line of open) line.close()
          },
        }
      },
    },
    dial(port) {
      const take = listeners.get(port)
      if (take === undefined) throw new Fault('unavailable', `nobody listens on port ${port}`)
      const line = new Line()
      take(line)
      return line
    },
  }
}

class Line implements SimCaller {
  readonly #toServer = new BoundedQueue<Uint8Array>(CHUNKS_MAX)
  readonly #gone = new AbortController()
  readonly #read = new Bell()
  readonly #came = new Bell()
  #toCaller: Uint8Array[] = []
  #waitingBytes = 0

  readonly connection: TcpConnection = {
    peer: '192.0.2.7',
    local: '192.0.2.1',
    chunks: this.#toServer,
    signal: this.#gone.signal,
    send: (bytes) => this.#sendToCaller(bytes),
    drained: (signal) => this.#untilRead(signal),
    close: () => this.close(),
  }

  send(bytes: Uint8Array): void {
    this.#toServer.push(bytes)
  }

  /** What was sent before the end is still delivered. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#toCaller.length === 0 && !this.#gone.signal.aborted)
      await this.#came.untilRung(this.#gone.signal)
    const bytes = this.#toCaller.shift()
    this.#waitingBytes -= bytes?.length ?? 0
    if (this.#waitingBytes === 0) this.#read.ring()
    return bytes
  }

  close(): void {
    this.#toServer.end()
    this.#gone.abort()
  }

  #sendToCaller(bytes: Uint8Array): boolean {
    if (this.#gone.signal.aborted) return false
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > TCP_LIMITS.bufferBytesMax) return false
    this.#toCaller.push(bytes)
    this.#waitingBytes += bytes.length
    this.#came.ring()
    return true
  }

  async #untilRead(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#gone.signal])
    while (this.#waitingBytes > 0) {
      either.throwIfAborted()
      await this.#read.untilRung(either)
    }
    either.throwIfAborted()
  }
}
