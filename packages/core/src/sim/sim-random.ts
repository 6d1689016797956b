// A seeded stream of random numbers (sfc32, seeded through splitmix32). The same seed gives the
// same stream in every process and on every Node.

import type { Random } from '../env.ts'
import { randomUuid } from '../uuid.ts'

export class SimRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number | string) {
    let state = typeof seed === 'number' ? Math.trunc(seed) ^ Math.trunc(seed / 0x1_0000_0000) : 0
    if (typeof seed === 'string') state = hashText(seed)
    const next = () => {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    for (let i = 0; i < 12; i++) this.u32()
  }

  u32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  fraction(): number {
    return this.u32() / 0x1_0000_0000
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + this.fraction() * (to - from)
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let i = 0; i < count; i++) bytes[i] = this.u32() >>> 24
    return bytes
  }

  uuid(): string {
    return randomUuid(this)
  }
}

/** FNV-1a over UTF-16 code units, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return hash | 0
}
