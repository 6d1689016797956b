// The aborted transactions of a segment (.txnindex, Kafka's format): one entry an ABORT marker whose
// transaction had data, in the segment of the marker.
//
// Invariants: `lastOffset` (the marker's) increases from entry to entry; firstOffset <= lastOffset.

export interface AbortedEntry {
  readonly producerId: number
  readonly firstOffset: number
  /** Of the marker, inclusive. */
  readonly lastOffset: number
  /** What the last stable offset was once the marker was there. */
  readonly lastStableOffset: number
}

const ENTRY_BYTES = 34
const VERSION = 0

export function encodeTransactionIndex(entries: readonly AbortedEntry[]): Buffer {
  const bytes = Buffer.alloc(entries.length * ENTRY_BYTES)
  entries.forEach((entry, index) => {
    const at = index * ENTRY_BYTES
    bytes.writeInt16BE(VERSION, at)
    bytes.writeBigInt64BE(BigInt(entry.producerId), at + 2)
    bytes.writeBigInt64BE(BigInt(entry.firstOffset), at + 10)
    bytes.writeBigInt64BE(BigInt(entry.lastOffset), at + 18)
    bytes.writeBigInt64BE(BigInt(entry.lastStableOffset), at + 26)
  })
  return bytes
}

/** Null if the bytes are not a transaction index of a segment with these bounds (end exclusive). */
export function decodeTransactionIndex(
  bytes: Buffer,
  baseOffset: number,
  endOffset: number,
): AbortedEntry[] | null {
  if (bytes.length % ENTRY_BYTES !== 0) return null
  const entries: AbortedEntry[] = []
  let last = baseOffset - 1
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    if (bytes.readInt16BE(at) !== VERSION) return null
    const entry = {
      producerId: Number(bytes.readBigInt64BE(at + 2)),
      firstOffset: Number(bytes.readBigInt64BE(at + 10)),
      lastOffset: Number(bytes.readBigInt64BE(at + 18)),
      lastStableOffset: Number(bytes.readBigInt64BE(at + 26)),
    }
    const isOrdered = entry.lastOffset > last && entry.lastOffset < endOffset
    if (!isOrdered || entry.firstOffset < 0 || entry.firstOffset > entry.lastOffset) return null
    last = entry.lastOffset
    entries.push(entry)
  }
  return entries
}
