import { once } from 'node:events'
import { connect } from 'node:net'
import { describeTcpServerContract } from '../ports/tcp-server.contract.ts'
import { nodeTcpServer } from './tcp-server.ts'

describeTcpServerContract('Node’s TCP', () => ({
  server: nodeTcpServer,
  async dial(port) {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {}) // It closes then.
    await once(socket, 'connect')
    const chunks = socket[Symbol.asyncIterator]()
    return {
      send: (bytes) => void socket.write(bytes),
      async next() {
        const { value }: IteratorResult<unknown> = await chunks
          .next()
          .catch(() => ({ done: true, value: undefined }))
        return Buffer.isBuffer(value) ? value : undefined
      },
      close: () => void socket.destroy(),
    }
  },
}))
