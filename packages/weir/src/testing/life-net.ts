// The network of one life of a broker: its listeners and connections die with it.

import {
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
  type SocketHandlers,
} from '@weir/core'

export class LifeNet implements Net {
  readonly #net: Net
  readonly #listeners = new Set<Listener>()
  readonly #sockets = new Set<LifeSocket>()
  #isAlive = true
  #onAllClosed: (() => void) | null = null

  constructor(net: Net) {
    this.#net = net
  }

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const listener = await this.#net.listen(options, socket => {
      if (this.#isAlive) onSocket(this.#adopt(socket))
      else socket.destroy()
    })
    if (!this.#isAlive) {
      await listener.close()
      throw ended()
    }
    this.#listeners.add(listener)
    return listener
  }

  async connect(options: ConnectOptions): Promise<Socket> {
    const socket = await this.#net.connect(options)
    if (this.#isAlive) return this.#adopt(socket)
    socket.destroy()
    throw ended()
  }

  /** Resolves when all of them are closed. */
  async end(): Promise<void> {
    this.#isAlive = false
    await Promise.all([...this.#listeners].map(listener => listener.close()))
    if (this.#sockets.size === 0) return
    await new Promise<void>(resolve => {
      this.#onAllClosed = resolve
      for (const socket of [...this.#sockets]) socket.destroy()
    })
  }

  #adopt(socket: Socket): Socket {
    const adopted = new LifeSocket(socket, () => {
      this.#sockets.delete(adopted)
      if (this.#sockets.size === 0) this.#onAllClosed?.()
    })
    this.#sockets.add(adopted)
    return adopted
  }
}

/** A socket that says when it is closed. */
class LifeSocket implements Socket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #socket: Socket
  readonly #onClosed: () => void

  constructor(socket: Socket, onClosed: () => void) {
    this.#socket = socket
    this.#onClosed = onClosed
    this.remoteAddress = socket.remoteAddress
    this.remotePort = socket.remotePort
    this.localAddress = socket.localAddress
    this.localPort = socket.localPort
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes
  }

  start(handlers: SocketHandlers, options?: { readonly isLent?: boolean }): void {
    const onClose = (error: Error | null) => {
      this.#onClosed()
      handlers.onClose(error)
    }
    this.#socket.start(
      {
        onData: chunk => handlers.onData(chunk),
        onEnd: () => handlers.onEnd(),
        onDrain: () => handlers.onDrain(),
        onClose,
      },
      options,
    )
  }

  giveBack(bytes: number): void {
    this.#socket.giveBack(bytes)
  }

  readBriefly(bytes: number): void {
    this.#socket.readBriefly(bytes)
  }

  write(chunks: readonly Buffer[], onFlushed?: () => void): boolean {
    return this.#socket.write(chunks, onFlushed)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

function ended(): NetError {
  return new NetError('ECONNABORTED', 'the broker was killed')
}
