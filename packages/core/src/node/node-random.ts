// Randomness from the system, drawn in blocks: a call for four bytes would cost a microsecond.

import { randomFillSync } from 'node:crypto'
import type { Random } from '../env.ts'
import { randomUuid } from '../uuid.ts'

const POOL_BYTES = 4096

class NodeRandom implements Random {
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #at = POOL_BYTES

  u32(): number {
    if (this.#at + 4 > POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    const value = this.#pool.readUInt32LE(this.#at)
    this.#at += 4
    return value
  }

  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  fraction(): number {
    return this.u32() / 0x1_0000_0000
  }

  bytes(count: number): Buffer {
    return randomFillSync(Buffer.alloc(count))
  }

  uuid(): string {
    return randomUuid(this)
  }
}

export const nodeRandom: Random = new NodeRandom()
