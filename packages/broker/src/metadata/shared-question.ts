// A question whose answer many who ask at one moment may share: it has to be asked after each of them
// wanted to know.

export class SharedQuestion<A> {
  readonly #put: () => Promise<A>
  #running: Promise<A> | null = null
  /** Asked once the one that runs has ended: that one began too early. */
  #next: Promise<A> | null = null

  /** `put` asks, and never rejects. */
  constructor(put: () => Promise<A>) {
    this.#put = put
  }

  /** An answer from some moment after the call. */
  ask(): Promise<A> {
    if (this.#running === null) return this.#run()
    this.#next ??= this.#running.then(() => {
      this.#next = null
      return this.#run()
    })
    return this.#next
  }

  #run(): Promise<A> {
    const running = this.#put().finally(() => {
      if (this.#running === running) this.#running = null
    })
    this.#running = running
    return running
  }
}
