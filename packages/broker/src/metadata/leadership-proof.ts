// Whether this node still leads the quorum, asked of a majority (ReadIndex). A node that stood still may
// have been deposed without knowing; what it says of brokers could be of the past (R16).
//
// Questions of one moment share an answer: it has to be asked for after the question.

export class LeadershipProof {
  readonly #ask: () => Promise<boolean>
  #running: Promise<boolean> | null = null
  /** Asked for once the one that runs has ended: that one began too early. */
  #next: Promise<boolean> | null = null

  constructor(ask: () => Promise<boolean>) {
    this.#ask = ask
  }

  /** True if this node led at some moment after the call. */
  confirm(): Promise<boolean> {
    if (this.#running === null) return this.#run()
    this.#next ??= this.#running.then(() => {
      this.#next = null
      return this.#run()
    })
    return this.#next
  }

  #run(): Promise<boolean> {
    const running = this.#ask().finally(() => {
      if (this.#running === running) this.#running = null
    })
    this.#running = running
    return running
  }
}
