// Steps over the records of one batch by their varints, without making an object a record.

/** After `next()` is true its fields describe one record, after false `failure` says why, if at all. */
export class RecordWalker {
  timestampDelta = 0
  offsetDelta = 0
  keyAt = 0
  /** -1 is a null key, so for the value. */
  keyLength = -1
  valueAt = 0
  valueLength = -1
  headerCount = 0
  headersAt = 0
  /** Null while the bytes are what they should be. */
  failure: string | null = null

  #buffer: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  #limit = 0

  /** Starts over at plain records `buffer[start, end)`. */
  reset(buffer: Buffer, start: number, end: number): void {
    this.#buffer = buffer
    this.#at = start
    this.#end = end
    this.#limit = end
    this.failure = null
  }

  /** True if there are no bytes left. */
  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  next(): boolean {
    const buffer = this.#buffer
    const end = this.#end
    this.#limit = end
    const length = this.#varint()
    if (this.failure !== null) return false
    if (length < 1 || length > end - this.#at) return this.#fail('record length', length)
    const recordEnd = this.#at + length
    this.#limit = recordEnd
    // Record attributes, the first byte, are not used, and not checked.
    let at = this.#at + 1
    // Most numbers have one byte: read here, all else by the methods below.
    let byte = at < recordEnd ? (buffer[at] as number) : 0xff
    if (byte < 0x80) {
      this.timestampDelta = (byte >>> 1) ^ -(byte & 1)
      at++
    } else {
      this.#at = at
      this.timestampDelta = this.#varlong()
      at = this.#at
    }
    byte = at < recordEnd ? (buffer[at] as number) : 0xff
    if (byte < 0x80) {
      this.offsetDelta = (byte >>> 1) ^ -(byte & 1)
      this.#at = at + 1
    } else {
      this.#at = at
      this.offsetDelta = this.#varint()
    }
    this.keyLength = this.#varint()
    this.keyAt = this.#at
    if (!this.#skip(this.keyLength)) return this.#fail('key length', this.keyLength)
    this.valueLength = this.#varint()
    this.valueAt = this.#at
    if (!this.#skip(this.valueLength)) return this.#fail('value length', this.valueLength)
    this.headerCount = this.#varint()
    this.headersAt = this.#at
    if (this.failure !== null) return false
    if (this.headerCount !== 0 && !this.#skipHeaders()) return false
    if (this.#at !== recordEnd) return this.#fail('record end', this.#at - recordEnd)
    return true
  }

  /** The headers of the record of the last `next()`, which was true. */
  headers(): RecordHeader[] {
    const result: RecordHeader[] = []
    const behind = this.#at
    this.#at = this.headersAt
    for (let index = 0; index < this.headerCount; index++) {
      const key = this.#slice(this.#varint())
      const value = this.#slice(this.#varint())
      result.push({ key: key === null ? '' : key.toString('utf8'), value })
    }
    this.#at = behind
    return result
  }

  #slice(length: number): Buffer | null {
    if (length < 0) return null
    this.#at += length
    return this.#buffer.subarray(this.#at - length, this.#at)
  }

  #skipHeaders(): boolean {
    const count = this.headerCount
    // A header has at least two bytes.
    if (count < 0 || count * 2 > this.#limit - this.#at) return this.#fail('header count', count)
    for (let index = 0; index < count; index++) {
      const keyLength = this.#varint()
      if (keyLength < 0 || !this.#skip(keyLength)) return this.#fail('header key length', keyLength)
      const valueLength = this.#varint()
      if (!this.#skip(valueLength)) return this.#fail('header value length', valueLength)
    }
    return this.failure === null
  }

  #skip(length: number): boolean {
    if (length < -1 || length > this.#limit - this.#at || this.failure !== null) return false
    if (length > 0) this.#at += length
    return true
  }

  #fail(what: string, value: number): false {
    this.failure ??= `${what} ${value}`
    return false
  }

  #varint(): number {
    const buffer = this.#buffer
    const limit = this.#limit
    let at = this.#at
    if (at < limit) {
      const first = buffer[at] as number
      if (first < 0x80) {
        this.#at = at + 1
        return (first >>> 1) ^ -(first & 1)
      }
    }
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= limit) {
        this.#fail('varint cut off at', at)
        return 0
      }
      const byte = buffer[at++] as number
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        return (raw >>> 1) ^ -(raw & 1)
      }
    }
    this.#fail('varint too long at', at)
    return 0
  }

  #varlong(): number {
    const buffer = this.#buffer
    const limit = this.#limit
    let at = this.#at
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= limit) {
        this.#fail('varint cut off at', at)
        return 0
      }
      const byte = buffer[at++] as number
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        return (low >>> 1) ^ -(low & 1)
      }
    }
    let high = 0
    for (let scale = 1; scale < 2 ** 42; scale *= 128) {
      if (at >= limit) {
        this.#fail('varint cut off at', at)
        return 0
      }
      const byte = buffer[at++] as number
      high += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.#at = at
        // Half of the zigzag number, so that it is exact up to 2^53.
        const half = high * 134217728 + (low >>> 1)
        return (low & 1) === 0 ? half : -half - 1
      }
    }
    this.#fail('varint too long at', at)
    return 0
  }
}

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}
