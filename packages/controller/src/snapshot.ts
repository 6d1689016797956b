// A snapshot of the metadata: all records of an image at an offset, in one checksummed piece.
//
// Bytes: magic "WEIRMETA", u32 format version, u32 CRC-32C of what follows, u64 end offset (the next
// record's), u32 epoch of the last record, then a metadata batch. All big-endian.

import { crc32c } from '@weir/protocol'
import type { MetadataImage } from './image.ts'
import { decodeMetadataBatch, encodeMetadataBatch, MetadataFormatError } from './record-codec.ts'
import type { MetadataRecord } from './records.ts'

export interface Snapshot {
  /** The offset of the first record that the snapshot does not hold. */
  readonly endOffset: number
  readonly epoch: number
  readonly records: readonly MetadataRecord[]
}

const MAGIC = 'WEIRMETA'
const FORMAT_VERSION = 1
const VERSION_AT = 8
const CRC_AT = 12
const OFFSET_AT = 16
const EPOCH_AT = 24
const RECORDS_AT = 28

export function encodeSnapshot(image: MetadataImage, endOffset: number, epoch: number): Buffer {
  const records = encodeMetadataBatch(image.records())
  const header = Buffer.alloc(RECORDS_AT)
  header.write(MAGIC, 0, 'latin1')
  header.writeUInt32BE(FORMAT_VERSION, VERSION_AT)
  header.writeBigUInt64BE(BigInt(endOffset), OFFSET_AT)
  header.writeUInt32BE(epoch, EPOCH_AT)
  const bytes = Buffer.concat([header, records])
  bytes.writeUInt32BE(crc32c(bytes, OFFSET_AT, bytes.length), CRC_AT)
  return bytes
}

/** Throws MetadataFormatError if the bytes are not a whole, undamaged snapshot. */
export function decodeSnapshot(bytes: Buffer): Snapshot {
  if (bytes.length < RECORDS_AT || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new MetadataFormatError('not a metadata snapshot')
  }
  const version = bytes.readUInt32BE(VERSION_AT)
  if (version !== FORMAT_VERSION) {
    throw new MetadataFormatError(
      `metadata snapshot of format ${version}, known is ${FORMAT_VERSION}`,
    )
  }
  if (crc32c(bytes, OFFSET_AT, bytes.length) !== bytes.readUInt32BE(CRC_AT)) {
    throw new MetadataFormatError('metadata snapshot with a wrong checksum')
  }
  return {
    endOffset: Number(bytes.readBigUInt64BE(OFFSET_AT)),
    epoch: bytes.readUInt32BE(EPOCH_AT),
    records: decodeMetadataBatch(bytes.subarray(RECORDS_AT)),
  }
}
