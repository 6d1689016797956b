// The newest offset of each key, by the key's hash: what a cleaning decides by. Bounded: when it is
// full the cleaning covers less of the log, never more memory.
//
// Lies in shared memory, so that the jobs of one cleaning use it one after the other without copies.
// Invariants: open addressing with linear probing; at most LOAD of the slots are used; offsets only grow.

import { hashKey } from './key-hash.ts'

const SLOT_BYTES = 24
const LOAD = 0.75
const FIRST_SLOTS = 1024

/** What travels to a worker. */
export interface OffsetMapData {
  readonly hashes: SharedArrayBuffer
  readonly offsets: SharedArrayBuffer
  readonly count: number
  readonly seed: number
  readonly limitBytes: number
}

export class OffsetMap {
  readonly #seed: number
  readonly #limitSlots: number
  readonly #hash = new Int32Array(4)
  #hashes: Int32Array
  /** Offset + 1; 0 is a free slot. */
  #offsets: Float64Array
  #slots: number
  #count: number

  constructor(data: OffsetMapData | { readonly seed: number; readonly limitBytes: number }) {
    this.#seed = data.seed
    this.#limitSlots = Math.max(FIRST_SLOTS, powerOfTwoBelow(data.limitBytes / SLOT_BYTES))
    if ('hashes' in data) {
      this.#hashes = new Int32Array(data.hashes)
      this.#offsets = new Float64Array(data.offsets)
      this.#count = data.count
    } else {
      this.#hashes = new Int32Array(new SharedArrayBuffer(FIRST_SLOTS * 16))
      this.#offsets = new Float64Array(new SharedArrayBuffer(FIRST_SLOTS * 8))
      this.#count = 0
    }
    this.#slots = this.#offsets.length
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#slots * SLOT_BYTES
  }

  /** True if so many more keys fit. */
  hasRoomFor(keys: number): boolean {
    return this.#count + keys <= this.#limitSlots * LOAD
  }

  data(limitBytes: number): OffsetMapData {
    return {
      hashes: this.#hashes.buffer as SharedArrayBuffer,
      offsets: this.#offsets.buffer as SharedArrayBuffer,
      count: this.#count,
      seed: this.#seed,
      limitBytes,
    }
  }

  /** The key `b[start, end)` was seen at `offset`, which is above all before. */
  put(b: Buffer, start: number, end: number, offset: number): void {
    if (this.#count + 1 > this.#slots * LOAD) this.#grow()
    const slot = this.#find(b, start, end)
    if (this.#offsets[slot] === 0) {
      this.#count++
      this.#hashes.set(this.#hash, slot * 4)
    }
    this.#offsets[slot] = offset + 1
  }

  /** The newest offset of the key; -1 if it was not seen. */
  get(b: Buffer, start: number, end: number): number {
    return (this.#offsets[this.#find(b, start, end)] ?? 0) - 1
  }

  #find(b: Buffer, start: number, end: number): number {
    const hash = this.#hash
    hashKey(b, start, end, { seed: this.#seed, into: hash })
    return this.#findHash(hash[0] ?? 0, hash[1] ?? 0, hash[2] ?? 0, hash[3] ?? 0)
  }

  #findHash(h1: number, h2: number, h3: number, h4: number): number {
    const hashes = this.#hashes
    const mask = this.#slots - 1
    let slot = h1 & mask
    while (this.#offsets[slot] !== 0) {
      const at = slot * 4
      const isSame =
        hashes[at] === h1 && hashes[at + 1] === h2 && hashes[at + 2] === h3 && hashes[at + 3] === h4
      if (isSame) return slot
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const hashes = this.#hashes
    const offsets = this.#offsets
    this.#slots *= 2
    this.#hashes = new Int32Array(new SharedArrayBuffer(this.#slots * 16))
    this.#offsets = new Float64Array(new SharedArrayBuffer(this.#slots * 8))
    for (let old = 0; old < offsets.length; old++) {
      const offset = offsets[old] ?? 0
      if (offset === 0) continue
      const hash = hashes.subarray(old * 4, old * 4 + 4)
      const slot = this.#findHash(hash[0] ?? 0, hash[1] ?? 0, hash[2] ?? 0, hash[3] ?? 0)
      this.#hashes.set(hash, slot * 4)
      this.#offsets[slot] = offset
    }
  }
}

function powerOfTwoBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, value)))
}
