// The offset index and the time index of a segment in memory, in the layout of their files (Kafka's).
//
// Both are caches: what is read from a file is checked for order and bounds here, and every answer is
// verified against the log by the reader. Invariants: relative offsets increase strictly; positions
// increase strictly; timestamps never decrease.

const OFFSET_ENTRY_BYTES = 8
const TIME_ENTRY_BYTES = 12
const FIRST_ENTRIES = 16

/** Entries of 8 bytes: offset relative to the segment's base, position in its file. */
export class OffsetIndex {
  #bytes: Buffer
  #count: number

  constructor(bytes: Buffer = EMPTY, count = 0) {
    this.#bytes = bytes
    this.#count = count
  }

  /** Null if the bytes are not an index of a segment of this size. */
  static parse(bytes: Buffer, maxRelativeOffset: number, segmentBytes: number): OffsetIndex | null {
    if (bytes.length % OFFSET_ENTRY_BYTES !== 0) return null
    let lastOffset = -1
    let lastPosition = -1
    for (let at = 0; at < bytes.length; at += OFFSET_ENTRY_BYTES) {
      const offset = bytes.readInt32BE(at)
      const position = bytes.readInt32BE(at + 4)
      if (offset <= lastOffset || position <= lastPosition) return null
      lastOffset = offset
      lastPosition = position
    }
    if (lastOffset > maxRelativeOffset || lastPosition >= segmentBytes) {
      if (bytes.length > 0) return null
    }
    return new OffsetIndex(bytes, bytes.length / OFFSET_ENTRY_BYTES)
  }

  get count(): number {
    return this.#count
  }

  get sizeInBytes(): number {
    return this.#count * OFFSET_ENTRY_BYTES
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.sizeInBytes)
  }

  append(relativeOffset: number, position: number): void {
    const at = this.sizeInBytes
    this.#bytes = withRoom(this.#bytes, at, OFFSET_ENTRY_BYTES)
    this.#bytes.writeInt32BE(relativeOffset, at)
    this.#bytes.writeInt32BE(position, at + 4)
    this.#count++
  }

  relativeOffsetAt(index: number): number {
    return this.#bytes.readInt32BE(index * OFFSET_ENTRY_BYTES)
  }

  positionAt(index: number): number {
    return this.#bytes.readInt32BE(index * OFFSET_ENTRY_BYTES + 4)
  }

  /** Index of the last entry whose offset is at most this; -1 if there is none. */
  floor(relativeOffset: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.relativeOffsetAt(middle) <= relativeOffset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** True if there is an entry for exactly this batch. */
  has(relativeOffset: number, position: number): boolean {
    const index = this.floor(relativeOffset)
    if (index < 0) return false
    return this.relativeOffsetAt(index) === relativeOffset && this.positionAt(index) === position
  }

  /** Forgets entries of batches at or behind the position. */
  truncate(position: number): void {
    while (this.#count > 0 && this.positionAt(this.#count - 1) >= position) this.#count--
  }
}

/** Entries of 12 bytes: a timestamp, and the offset (relative) of the last record up to it. */
export class TimeIndex {
  #bytes: Buffer
  #count: number

  constructor(bytes: Buffer = EMPTY, count = 0) {
    this.#bytes = bytes
    this.#count = count
  }

  static parse(bytes: Buffer, maxRelativeOffset: number): TimeIndex | null {
    if (bytes.length % TIME_ENTRY_BYTES !== 0) return null
    const index = new TimeIndex(bytes, bytes.length / TIME_ENTRY_BYTES)
    let lastOffset = -1
    let lastTimestamp = Number.NEGATIVE_INFINITY
    for (let entry = 0; entry < index.count; entry++) {
      const timestamp = index.timestampAt(entry)
      const offset = index.relativeOffsetAt(entry)
      if (offset <= lastOffset || timestamp < lastTimestamp || timestamp < 0) return null
      lastOffset = offset
      lastTimestamp = timestamp
    }
    return lastOffset > maxRelativeOffset ? null : index
  }

  get count(): number {
    return this.#count
  }

  get sizeInBytes(): number {
    return this.#count * TIME_ENTRY_BYTES
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.sizeInBytes)
  }

  /** Ignored unless both the timestamp and the offset are beyond the last entry's. */
  append(timestamp: number, relativeOffset: number): void {
    if (timestamp < 0) return
    if (this.#count > 0) {
      const last = this.#count - 1
      if (timestamp <= this.timestampAt(last) || relativeOffset <= this.relativeOffsetAt(last)) {
        return
      }
    }
    const at = this.sizeInBytes
    this.#bytes = withRoom(this.#bytes, at, TIME_ENTRY_BYTES)
    this.#bytes.writeBigInt64BE(clampedInt64(timestamp), at)
    this.#bytes.writeInt32BE(relativeOffset, at + 8)
    this.#count++
  }

  timestampAt(index: number): number {
    const at = index * TIME_ENTRY_BYTES
    return this.#bytes.readInt32BE(at) * 4294967296 + this.#bytes.readUInt32BE(at + 4)
  }

  relativeOffsetAt(index: number): number {
    return this.#bytes.readInt32BE(index * TIME_ENTRY_BYTES + 8)
  }

  /** Index of the last entry whose timestamp is below this; -1 if there is none. */
  lastBelow(timestamp: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.timestampAt(middle) < timestamp) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Forgets entries of records at or above the offset. */
  truncate(relativeOffset: number): void {
    while (this.#count > 0 && this.relativeOffsetAt(this.#count - 1) >= relativeOffset) {
      this.#count--
    }
  }
}

const EMPTY = Buffer.alloc(0)
const MAX_INT64 = 2n ** 63n - 1n

/** A timestamp that was rounded up to 2^63 is the largest there is. */
export function clampedInt64(value: number): bigint {
  return value >= 2 ** 63 ? MAX_INT64 : BigInt(value)
}

function withRoom(bytes: Buffer, used: number, more: number): Buffer {
  if (used + more <= bytes.length) return bytes
  const grown = Buffer.alloc(Math.max(FIRST_ENTRIES * more, bytes.length * 2))
  bytes.copy(grown, 0, 0, used)
  return grown
}
