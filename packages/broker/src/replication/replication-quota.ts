// How many bytes a second replication of throttled replicas may take, of one kind: those that this broker
// leads, or those that it follows (KIP-73). Bytes are counted over a sliding window of whole samples.

import type { Env } from '@weir/core'

const SAMPLE_MS = 100
const SAMPLES = 10

export class ReplicationQuota {
  readonly #env: Env
  /** Bytes a second; Infinity is no limit. */
  readonly #rate: () => number
  readonly #samples = new Array<number>(SAMPLES).fill(0)
  #sum = 0
  #sampleIndex = 0

  constructor(env: Env, rate: () => number) {
    this.#env = env
    this.#rate = rate
  }

  record(bytes: number): void {
    this.#advance()
    const at = this.#sampleIndex % SAMPLES
    this.#samples[at] = (this.#samples[at] ?? 0) + bytes
    this.#sum += bytes
  }

  /** True: throttled replicas have to wait. */
  get isExceeded(): boolean {
    const rate = this.#rate()
    if (rate === Number.POSITIVE_INFINITY) return false
    this.#advance()
    return this.#sum * (1000 / (SAMPLE_MS * SAMPLES)) >= rate
  }

  #advance(): void {
    const now = Math.floor(this.#env.clock.monotonicMs() / SAMPLE_MS)
    const passed = Math.min(SAMPLES, now - this.#sampleIndex)
    if (passed <= 0) return
    for (let step = 1; step <= passed; step++) {
      const at = (now - passed + step) % SAMPLES
      this.#sum -= this.#samples[at] ?? 0
      this.#samples[at] = 0
    }
    this.#sampleIndex = now
  }
}
