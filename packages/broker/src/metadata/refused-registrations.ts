// Which refusals of registrations were told: a broker tries again every few milliseconds, and one line for
// each of its processes is enough.

const MAX_REMEMBERED = 1_000

export class RefusedRegistrations {
  readonly #told = new Map<number, string>()

  /** Whether this one is new; it is remembered then. */
  isNew(brokerId: number, incarnationId: string, error: string): boolean {
    const refusal = `${incarnationId} ${error}`
    if (this.#told.get(brokerId) === refusal) return false
    if (this.#told.size >= MAX_REMEMBERED) this.#told.clear()
    this.#told.set(brokerId, refusal)
    return true
  }
}
