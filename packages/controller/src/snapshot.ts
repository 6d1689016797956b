// A snapshot of the metadata: all records of an image at an offset, in chunks that are made and read one
// after the other, so that a large one holds nothing up.
//
// Bytes: a header, then frames, then a frame without records. All big-endian.
//   header  magic "WEIRMETA", u32 format version, u64 end offset (the next record's), u32 epoch of the
//           last record, u32 CRC-32C of all that
//   frame   u32 length of the metadata batch, u32 CRC-32C of the batch and of its number (u32), batch
// The number binds a frame to its place: none can be lost, moved or come from elsewhere unnoticed.

import { crc32c } from '@weir/protocol'
import type { MetadataImage } from './image.ts'
import { decodeMetadataBatch, encodeMetadataBatch, MetadataFormatError } from './record-codec.ts'
import type { MetadataRecord } from './records.ts'

export interface Snapshot<Records = readonly MetadataRecord[]> {
  /** The offset of the first record that the snapshot does not hold. */
  readonly endOffset: number
  readonly epoch: number
  readonly records: Records
}

const MAGIC = 'WEIRMETA'
const FORMAT_VERSION = 2
const VERSION_AT = 8
const OFFSET_AT = 12
const EPOCH_AT = 20
const HEADER_CRC_AT = 24
const HEADER_BYTES = 28
const FRAME_HEAD_BYTES = 8
/** About 50 KiB: a millisecond or two. */
const RECORDS_PER_FRAME = 1_000
const EMPTY = Buffer.alloc(0)

export function encodeSnapshot(image: MetadataImage, endOffset: number, epoch: number): Buffer {
  return Buffer.concat([...snapshotChunks(image, endOffset, epoch)])
}

/**
 * The bytes of a snapshot, piece by piece. The image must not change meanwhile: who takes pauses
 * takes a copy of it.
 */
export function* snapshotChunks(
  image: MetadataImage,
  endOffset: number,
  epoch: number,
): Generator<Buffer> {
  yield encodeHeader(endOffset, epoch)
  let number = 0
  let records: MetadataRecord[] = []
  for (const record of image.records()) {
    records.push(record)
    if (records.length < RECORDS_PER_FRAME) continue
    yield encodeFrame(number++, encodeMetadataBatch(records))
    records = []
  }
  if (records.length > 0) yield encodeFrame(number++, encodeMetadataBatch(records))
  yield encodeFrame(number, EMPTY)
}

/** Throws MetadataFormatError if the bytes are not a whole, undamaged snapshot. */
export function decodeSnapshot(bytes: Buffer): Snapshot {
  const snapshot = readSnapshot([bytes])
  return { ...snapshot, records: [...snapshot.records] }
}

/**
 * Like decodeSnapshot, but of pieces of any size, and record by record: an error may come after some
 * of them, and none of them counts then.
 */
export function readSnapshot(chunks: Iterable<Buffer>): Snapshot<Iterable<MetadataRecord>> {
  const reader = new ChunkReader(chunks)
  const header = reader.take(HEADER_BYTES)
  if (header === null || header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new MetadataFormatError('not a metadata snapshot')
  }
  const version = header.readUInt32BE(VERSION_AT)
  if (version !== FORMAT_VERSION) {
    throw new MetadataFormatError(
      `metadata snapshot of format ${version}, known is ${FORMAT_VERSION}`,
    )
  }
  if (crc32c(header, 0, HEADER_CRC_AT) !== header.readUInt32BE(HEADER_CRC_AT)) {
    throw new MetadataFormatError('metadata snapshot with a wrong checksum')
  }
  return {
    endOffset: Number(header.readBigUInt64BE(OFFSET_AT)),
    epoch: header.readUInt32BE(EPOCH_AT),
    records: readFrames(reader),
  }
}

function* readFrames(reader: ChunkReader): Generator<MetadataRecord> {
  for (let number = 0; ; number++) {
    const head = reader.take(FRAME_HEAD_BYTES)
    const length = head?.readUInt32BE(0) ?? 0
    const batch = head === null ? null : reader.take(length)
    if (head === null || batch === null) {
      throw new MetadataFormatError('metadata snapshot that ends too early')
    }
    if (frameCrc(number, batch) !== head.readUInt32BE(4)) {
      throw new MetadataFormatError('metadata snapshot with a wrong checksum')
    }
    if (length > 0) {
      yield* decodeMetadataBatch(batch)
      continue
    }
    if (reader.take(1) !== null) {
      throw new MetadataFormatError('metadata snapshot with something behind its end')
    }
    return
  }
}

function encodeHeader(endOffset: number, epoch: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(MAGIC, 0, 'latin1')
  header.writeUInt32BE(FORMAT_VERSION, VERSION_AT)
  header.writeBigUInt64BE(BigInt(endOffset), OFFSET_AT)
  header.writeUInt32BE(epoch, EPOCH_AT)
  header.writeUInt32BE(crc32c(header, 0, HEADER_CRC_AT), HEADER_CRC_AT)
  return header
}

function encodeFrame(number: number, batch: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeUInt32BE(batch.length, 0)
  head.writeUInt32BE(frameCrc(number, batch), 4)
  return Buffer.concat([head, batch])
}

function frameCrc(number: number, batch: Buffer): number {
  const place = Buffer.alloc(8)
  place.writeUInt32BE(number, 0)
  place.writeUInt32BE(crc32c(batch, 0, batch.length), 4)
  return crc32c(place, 0, place.length)
}

/** Takes bytes from a list of chunks; copies only where a piece spans two of them. */
class ChunkReader {
  readonly #chunks: Iterator<Buffer>
  #rest: Buffer = EMPTY

  constructor(chunks: Iterable<Buffer>) {
    this.#chunks = chunks[Symbol.iterator]()
  }

  /** Null if there are not so many left. */
  take(length: number): Buffer | null {
    if (this.#rest.length < length && !this.#gather(length)) return null
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  /** Announced lengths are not believed: chunks are joined as they come. */
  #gather(length: number): boolean {
    const pieces = [this.#rest]
    let gathered = this.#rest.length
    while (gathered < length) {
      const step = this.#chunks.next()
      if (step.done === true) break
      pieces.push(step.value)
      gathered += step.value.length
    }
    this.#rest = Buffer.concat(pieces)
    return gathered >= length
  }
}
