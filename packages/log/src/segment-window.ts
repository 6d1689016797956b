// A window that moves over a segment file, for scans: reads big pieces, answers whether a batch is
// whole and fits its checksum. Runs in worker threads; synchronous on purpose.
//
// Invariant: nothing is allocated because a damaged length field says so: a batch that is larger than
// the window is checked in pieces.

import type { DiskFile } from '@weir/core'
import {
  batchCrc,
  batchMagic,
  batchSizeInBytes,
  crc32c,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
} from '@weir/protocol'

const WINDOW_BYTES = 1024 * 1024
const CRC_COVERS_FROM = 21

/** A file, or bytes of one in memory. */
export type WindowSource = Pick<DiskFile, 'readSync'>

export class SegmentWindow {
  readonly #file: WindowSource
  readonly fileBytes: number
  readonly #scratch: Buffer
  /** The bytes of the file from `#start` on. */
  buffer: Buffer
  #start = 0
  #length = 0

  constructor(file: WindowSource, fileBytes: number) {
    this.#file = file
    this.fileBytes = fileBytes
    const windowBytes = Math.max(1, Math.min(WINDOW_BYTES, fileBytes))
    this.buffer = Buffer.allocUnsafeSlow(windowBytes)
    this.#scratch = this.buffer
  }

  /** Index in `buffer` where `bytes` from `position` are; -1 if the file or the window is too short. */
  at(position: number, bytes: number): number {
    if (position + bytes > this.fileBytes || bytes > this.buffer.length) return -1
    if (position < this.#start || position + bytes > this.#start + this.#length) {
      this.#load(position)
      if (position + bytes > this.#start + this.#length) return -1
    }
    return position - this.#start
  }

  #load(position: number): void {
    this.#start = position
    this.#length = this.#readInto(this.#scratch, position)
  }

  #readInto(target: Buffer, position: number): number {
    const want = Math.min(target.length, this.fileBytes - position)
    let done = 0
    while (done < want) {
      const read = this.#file.readSync(target, done, want - done, position + done)
      if (read === 0) break
      done += read
    }
    return done
  }

  /** Size of the batch at `position` if its header is of magic 2 and it is within the file, else 0. */
  batchSize(position: number): number {
    const at = this.at(position, RECORD_BATCH_HEADER_BYTES)
    if (at < 0 || batchMagic(this.buffer, at) !== RECORD_BATCH_MAGIC) return 0
    const size = batchSizeInBytes(this.buffer, at)
    if (size < RECORD_BATCH_HEADER_BYTES || position + size > this.fileBytes) return 0
    return size
  }

  fitsCrc(position: number, size: number): boolean {
    const at = this.at(position, size)
    if (at >= 0) {
      return crc32c(this.buffer, at + CRC_COVERS_FROM, at + size) === batchCrc(this.buffer, at)
    }
    return this.#fitsCrcInPieces(position, size)
  }

  #fitsCrcInPieces(position: number, size: number): boolean {
    const headerAt = this.at(position, RECORD_BATCH_HEADER_BYTES)
    if (headerAt < 0) return false
    const expected = batchCrc(this.buffer, headerAt)
    let crc = 0
    let at = position + CRC_COVERS_FROM
    const end = position + size
    while (at < end) {
      const piece = Math.min(this.buffer.length, end - at)
      const index = this.at(at, piece)
      if (index < 0) return false
      crc = crc32c(this.buffer, index, index + piece, crc)
      at += piece
    }
    return crc === expected
  }

  /** A copy of the batch, for those few whose inside matters (control batches). */
  copy(position: number, size: number): Buffer {
    const at = this.at(position, size)
    if (at >= 0) return Buffer.from(this.buffer.subarray(at, at + size))
    const copy = Buffer.alloc(size)
    this.#readInto(copy, position)
    return copy
  }
}
