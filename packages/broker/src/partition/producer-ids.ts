// Producer ids for clients, out of blocks that the controller has made durable before this broker
// hands out any id of them (docs/traps.md T5). Ids left over at a stop are never used.

import type { Env } from '@weir/core'

/** Where blocks come from: the controller client. */
export interface ProducerIdSource {
  allocateProducerIds(): Promise<{ readonly firstProducerId: number; readonly count: number }>
}

export class ProducerIds {
  readonly #env: Env
  readonly #source: ProducerIdSource
  #next = 0
  #end = 0
  #refill: Promise<void> | null = null

  constructor(env: Env, source: ProducerIdSource) {
    this.#env = env
    this.#source = source
  }

  /** An id that nobody else has; rejects when the controller cannot be reached. */
  async next(): Promise<number> {
    while (this.#next === this.#end) {
      this.#refill ??= this.#takeBlock()
      await this.#refill
    }
    return this.#next++
  }

  async #takeBlock(): Promise<void> {
    try {
      const block = await this.#source.allocateProducerIds()
      this.#next = block.firstProducerId
      this.#end = block.firstProducerId + block.count
      this.#env.log.debug('new block of producer ids', { ...block })
    } finally {
      this.#refill = null
    }
  }
}
