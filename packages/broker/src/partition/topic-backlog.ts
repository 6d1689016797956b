// Topics whose partitions are not all made here yet. Thousands of new partitions at once would hold the
// event loop for longer than an election takes: they are made in slices, one a turn.
//
// Who asks for a partition that is still to come hears NOT_LEADER_OR_FOLLOWER, as from a broker that the
// news has not reached.

import type { Clock } from '@weir/core'

export class TopicBacklog {
  readonly #clock: Clock
  readonly #makeSlice: () => void
  /** By topic id: from which position of the topic on partitions are to be made. */
  readonly #positions = new Map<string, number>()
  #waiters: (() => void)[] = []
  #isScheduled = false

  /** `makeSlice` takes the first topic, and deletes or moves its entry. */
  constructor(clock: Clock, makeSlice: () => void) {
    this.#clock = clock
    this.#makeSlice = makeSlice
  }

  get size(): number {
    return this.#positions.size
  }

  /** The topic whose turn it is. */
  get first(): { readonly topicId: string; readonly position: number } | null {
    for (const [topicId, position] of this.#positions) return { topicId, position }
    return null
  }

  /** What is at this position and behind it comes later; infinite if nothing does. */
  positionOf(topicId: string): number {
    return this.#positions.get(topicId) ?? Number.POSITIVE_INFINITY
  }

  set(topicId: string, position: number): void {
    this.#positions.set(topicId, position)
    this.#schedule()
  }

  delete(topicId: string): void {
    if (this.#positions.delete(topicId)) this.#wakeIfEmpty()
  }

  clear(): void {
    this.#positions.clear()
    this.#wakeIfEmpty()
  }

  /** Resolves when nothing is left to be made. */
  whenEmpty(): Promise<void> {
    if (this.#positions.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.soon(() => {
      this.#isScheduled = false
      if (this.#positions.size === 0) return
      this.#makeSlice()
      if (this.#positions.size > 0) this.#schedule()
    })
  }

  #wakeIfEmpty(): void {
    if (this.#positions.size > 0) return
    for (const wake of this.#waiters.splice(0)) wake()
  }
}
