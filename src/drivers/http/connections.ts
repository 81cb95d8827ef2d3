import type { Socket } from 'node:net'

type Connection = { readonly socket: Socket; readonly peer: string; busy: number }
type Limits = { readonly connectionsMax: number; readonly connectionsPerPeerMax: number }

/**
 * All connections, longest idle first. When there are too many, the one that has been idle longest goes (of the same peer, or of the peer
 * that has most), so that whoever opens many and asks nothing never keeps others out. Idle is also who has not finished asking.
 */
export class Connections {
  readonly #all = new Map<string, Connection>()
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#all.size
  }

  /** False: it was destroyed, because all others are at work. */
  admit(socket: Socket): boolean {
    const peer = peerOf(socket)
    if (!this.#makeRoom(peer)) {
      socket.destroy()
      return false
    }
    const key = keyOf(socket)
    const connection = { socket, peer, busy: 0 }
    this.#all.set(key, connection)
    socket.once('close', () => {
      if (this.#all.get(key) === connection) this.#all.delete(key)
    })
    return true
  }

  /** From now on it is at work, until disposed. TLS and the TCP below it are the same connection. */
  begin(socket: Socket): Disposable {
    const key = keyOf(socket)
    const connection = this.#all.get(key)
    if (connection !== undefined) connection.busy++
    return {
      [Symbol.dispose]: () => {
        if (connection === undefined) return
        connection.busy--
        if (this.#all.get(key) !== connection) return
        this.#all.delete(key) // It has been idle for the shortest time now.
        this.#all.set(key, connection)
      },
    }
  }

  destroyAll(): void {
    for (const { socket } of this.#all.values()) socket.destroy()
  }

  #makeRoom(peer: string): boolean {
    const counts = new Map<string, number>()
    for (const { peer: each } of this.#all.values()) counts.set(each, (counts.get(each) ?? 0) + 1)
    if ((counts.get(peer) ?? 0) >= this.#limits.connectionsPerPeerMax) return this.#evictOneOf(peer)
    if (this.#all.size < this.#limits.connectionsMax) return true
    const byCount = [...counts].sort(([, a], [, b]) => b - a)
    return byCount.some(([each]) => this.#evictOneOf(each))
  }

  #evictOneOf(peer: string): boolean {
    for (const [key, connection] of this.#all) {
      if (connection.peer !== peer || connection.busy > 0) continue
      this.#all.delete(key)
      connection.socket.destroy()
      return true
    }
    return false
  }
}

/** IPv4 as people write it, also where it arrives at an IPv6 address. */
export const peerOf = ({ remoteAddress }: Socket): string =>
  (remoteAddress ?? 'gone').replace(/^::ffff:(?=\d+\.)/, '')

const keyOf = ({ remoteAddress, remotePort, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localPort}`
