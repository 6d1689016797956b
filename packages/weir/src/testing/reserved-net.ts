// A network that has bound some ports before their broker asks for them: nodes of a cluster have to
// know each other's ports before any of them starts, and nobody else may take one meanwhile.

import type { ConnectOptions, Listener, ListenOptions, Net, Socket } from '@weir/core'

interface Reservation {
  readonly listener: Listener
  /** Null until the port is listened to: who connects so early is sent away. */
  onSocket: ((socket: Socket) => void) | null
}

export class ReservedNet implements Net {
  readonly #net: Net
  readonly #reservations = new Map<number, Reservation>()

  constructor(net: Net) {
    this.#net = net
  }

  /** Binds any free port; the next `listen` on it gets it. */
  async reserve(host: string): Promise<number> {
    const listener = await this.#net.listen({ host, port: 0 }, socket => {
      if (reservation.onSocket === null) socket.destroy()
      else reservation.onSocket(socket)
    })
    const reservation: Reservation = { listener, onSocket: null }
    this.#reservations.set(listener.port, reservation)
    return listener.port
  }

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const reservation = this.#reservations.get(options.port)
    if (reservation === undefined) return await this.#net.listen(options, onSocket)
    this.#reservations.delete(options.port)
    reservation.onSocket = onSocket
    return reservation.listener
  }

  connect(options: ConnectOptions): Promise<Socket> {
    return this.#net.connect(options)
  }

  /** Gives up what nobody has listened to. */
  async close(): Promise<void> {
    for (const { listener } of this.#reservations.values()) await listener.close()
    this.#reservations.clear()
  }
}
