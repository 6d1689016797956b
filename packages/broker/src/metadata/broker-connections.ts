// Which broker is at the other end of the connections to the controller listener. When the last one of
// a broker breaks its process is probably gone: the controller then gives it less time than its session.

export class BrokerConnections {
  readonly #brokerOf = new Map<number, number>()
  readonly #counts = new Map<number, number>()
  readonly #onReset: (brokerId: number) => void

  constructor(onReset: (brokerId: number) => void) {
    this.#onReset = onReset
  }

  /** A request by which the broker shows itself came by this connection. */
  note(connectionId: number, brokerId: number): void {
    const known = this.#brokerOf.get(connectionId)
    if (known === brokerId) return
    if (known !== undefined) this.#drop(known)
    this.#brokerOf.set(connectionId, brokerId)
    this.#counts.set(brokerId, (this.#counts.get(brokerId) ?? 0) + 1)
  }

  closed(connectionId: number): void {
    const brokerId = this.#brokerOf.get(connectionId)
    if (brokerId === undefined) return
    this.#brokerOf.delete(connectionId)
    if (this.#drop(brokerId)) this.#onReset(brokerId)
  }

  /** True if it was the last connection of the broker. */
  #drop(brokerId: number): boolean {
    const count = (this.#counts.get(brokerId) ?? 1) - 1
    if (count === 0) this.#counts.delete(brokerId)
    else this.#counts.set(brokerId, count)
    return count === 0
  }
}
