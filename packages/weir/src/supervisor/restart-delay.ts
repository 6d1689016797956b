// How long a node that died waits for its next start: nothing after a long life, since then every
// moment counts, and ever longer when it dies again and again.

const LONG_LIFE_MS = 10_000
const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 10_000

export class RestartDelay {
  #shortLives = 0

  /** Milliseconds until the next start, after a life of this length. */
  next(livedMs: number): number {
    this.#shortLives = livedMs >= LONG_LIFE_MS ? 0 : this.#shortLives + 1
    if (this.#shortLives === 0) return 0
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#shortLives - 1))
  }
}
