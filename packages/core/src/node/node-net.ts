// TCP over node:net.

import net from 'node:net'
import type { ConnectOptions, Listener, ListenOptions, Logger, Net, Socket } from '../env.ts'
import { NetError } from '../errors.ts'
import { NodeSocket } from './node-socket.ts'
import { openFileLimit } from './open-file-limit.ts'
import { adoptSocket, CAN_SHARE_READS, ReadBuffers } from './read-buffers.ts'

const BACKLOG = 1024

export class NodeNet implements Net {
  readonly maxOpen = openFileLimit()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const server = net.createServer({
      noDelay: true,
      keepAlive: true,
      allowHalfOpen: true,
      pauseOnConnect: CAN_SHARE_READS,
    })
    server.on('connection', accepted => {
      const reads = new ReadBuffers()
      const adopted = adoptSocket(accepted, reads)
      onSocket(adopted === null ? new NodeSocket(accepted, null) : new NodeSocket(adopted, reads))
    })
    return new Promise((resolve, reject) => {
      const where = `${options.host}:${options.port}`
      const onError = (error: Error) => reject(netError(error, `cannot listen on ${where}`))
      server.once('error', onError)
      server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, () => {
        server.off('error', onError)
        server.on('error', error => this.#log.error(`accepting on ${where} failed`, { error }))
        resolve(listenerOf(server, options.host))
      })
    })
  }

  connect(options: ConnectOptions): Promise<Socket> {
    const { host, port, timeoutMs } = options
    return new Promise((resolve, reject) => {
      const reads = CAN_SHARE_READS ? new ReadBuffers() : null
      const socket = net.connect({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        allowHalfOpen: true,
        ...(reads === null ? {} : { onread: reads.onread }),
      })
      const timeout = setTimeout(() => {
        const late = new NetError('ETIMEDOUT', `no answer from ${host}:${port} in ${timeoutMs} ms`)
        socket.destroy(late)
      }, timeoutMs)
      const onError = (error: Error) => {
        clearTimeout(timeout)
        reject(netError(error, `cannot connect to ${host}:${port}`))
      }
      socket.once('error', onError)
      socket.once('connect', () => {
        clearTimeout(timeout)
        socket.off('error', onError)
        resolve(new NodeSocket(socket, reads))
      })
    })
  }
}

function listenerOf(server: net.Server, host: string): Listener {
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    host,
    port,
    // Resolves at once: node's own callback waits for all connections to end, and they may stay.
    close: () => {
      server.close()
      return Promise.resolve()
    },
  }
}

function netError(error: Error, what: string): NetError {
  if (error instanceof NetError) return error
  const { code } = error as NodeJS.ErrnoException
  return new NetError(code ?? 'EIO', `${what} (${code ?? error.message})`, error)
}
