// Snapshots of the producers' state (.snapshot, named by the offset they were taken at), in Kafka's
// format. They hold the last batch of a producer only, as Kafka's do.
//
// Invariant: what does not fit its checksum is treated as absent.

import { crc32c } from '@weir/protocol'
import { ProducerState } from './producer-state.ts'
import { clampedInt64 } from './sparse-index.ts'

const VERSION = 1
const HEADER_BYTES = 10
const ENTRY_BYTES = 46
const CRC_AT = 2
const COUNT_AT = 6
const MAX_SEQUENCE = 2147483648

export function encodeProducerSnapshot(state: ProducerState): Buffer {
  const entries = [...state.entries()]
  const bytes = Buffer.alloc(HEADER_BYTES + entries.length * ENTRY_BYTES)
  bytes.writeInt16BE(VERSION, 0)
  bytes.writeInt32BE(entries.length, COUNT_AT)
  entries.forEach((entry, index) => {
    const at = HEADER_BYTES + index * ENTRY_BYTES
    const last = entry.batches.at(-1)
    bytes.writeBigInt64BE(BigInt(entry.producerId), at)
    bytes.writeInt16BE(entry.producerEpoch, at + 8)
    bytes.writeInt32BE(last?.lastSequence ?? -1, at + 10)
    bytes.writeBigInt64BE(BigInt(last?.lastOffset ?? -1), at + 14)
    bytes.writeInt32BE(last === undefined ? 0 : last.lastOffset - last.firstOffset, at + 22)
    bytes.writeBigInt64BE(clampedInt64(entry.lastTimestamp), at + 26)
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34)
    bytes.writeBigInt64BE(BigInt(entry.transactionFirstOffset), at + 38)
  })
  bytes.writeUInt32BE(crc32c(bytes, COUNT_AT, bytes.length), CRC_AT)
  return bytes
}

/** Null if the bytes are damaged. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerState | null {
  if (bytes.length < HEADER_BYTES || bytes.readInt16BE(0) !== VERSION) return null
  const count = bytes.readInt32BE(COUNT_AT)
  if (count < 0 || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return null
  if (bytes.readUInt32BE(CRC_AT) !== crc32c(bytes, COUNT_AT, bytes.length)) return null
  const entries = Array.from({ length: count }, (_, index) => {
    const at = HEADER_BYTES + index * ENTRY_BYTES
    const lastSequence = bytes.readInt32BE(at + 10)
    const lastOffset = Number(bytes.readBigInt64BE(at + 14))
    const offsetDelta = bytes.readInt32BE(at + 22)
    const timestamp = Number(bytes.readBigInt64BE(at + 26))
    const hasBatch = lastOffset >= 0
    const firstSequence =
      (lastSequence - (offsetDelta % MAX_SEQUENCE) + MAX_SEQUENCE) % MAX_SEQUENCE
    return {
      producerId: Number(bytes.readBigInt64BE(at)),
      producerEpoch: bytes.readInt16BE(at + 8),
      lastTimestamp: timestamp,
      coordinatorEpoch: bytes.readInt32BE(at + 34),
      transactionFirstOffset: Number(bytes.readBigInt64BE(at + 38)),
      batches: hasBatch
        ? [
            {
              firstSequence,
              lastSequence,
              firstOffset: lastOffset - offsetDelta,
              lastOffset,
              timestamp,
            },
          ]
        : [],
    }
  })
  return new ProducerState({ entries, undecided: [] })
}
