// The end markers of transactions, read out of control batches.

import { batchAttributes, batchPayload, isControl, RecordWalker } from '@weir/protocol'

export interface EndMarker {
  readonly kind: 'commit' | 'abort'
  readonly coordinatorEpoch: number
}

const ABORT = 0
const COMMIT = 1
/** A control batch has one tiny record, never compressed. */
const MAX_CONTROL_BYTES = 64 * 1024

/** Null if the batch is not an end marker: plain, another control record, or emptied by cleaning. */
export function endMarkerOf(b: Buffer, at: number): EndMarker | null {
  if (!isControl(batchAttributes(b, at))) return null
  const payload = batchPayload(b, at, MAX_CONTROL_BYTES)
  const walker = new RecordWalker()
  walker.reset(payload, 0, payload.length)
  if (walker.isAtEnd || !walker.next() || walker.keyLength < 4) return null
  const type = payload.readInt16BE(walker.keyAt + 2)
  if (type !== ABORT && type !== COMMIT) return null
  // A value that is too short to hold the coordinator's epoch fences nobody.
  const coordinatorEpoch = walker.valueLength >= 6 ? payload.readInt32BE(walker.valueAt + 2) : -1
  return { kind: type === COMMIT ? 'commit' : 'abort', coordinatorEpoch }
}

/** The same for batches that are in the log: one whose inside does not parse ends nothing. */
export function readEndMarker(b: Buffer, at: number): EndMarker | null {
  try {
    return endMarkerOf(b, at)
  } catch {
    // Its checksum fits, so somebody wrote it like that; as an append it would have been refused.
    return null
  }
}
