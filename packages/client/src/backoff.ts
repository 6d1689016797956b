// Waiting before another try: 20 ms, doubled up to a quarter of a second, with a fifth of randomness. A
// new leader is there within a second or so, and longer waits would be the larger part of what is felt.
import type { Env } from '@weir/core'

const FIRST_MS = 20
const LIMIT_MS = 250
const RANDOM_SHARE = 0.2

export class Backoff {
  readonly #env: Env
  #nextMs = FIRST_MS

  constructor(env: Pick<Env, 'clock' | 'random'>) {
    this.#env = env as Env
  }

  reset(): void {
    this.#nextMs = FIRST_MS
  }

  async wait(): Promise<void> {
    const delayMs =
      this.#nextMs * (1 - RANDOM_SHARE + 2 * RANDOM_SHARE * this.#env.random.fraction())
    this.#nextMs = Math.min(LIMIT_MS, this.#nextMs * 2)
    await this.#env.clock.sleep(delayMs)
  }
}
