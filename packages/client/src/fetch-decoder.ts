// A partition's part of a fetch answer -> records. Skips what lies before the asked offset, control
// batches, and with read_committed the records of aborted transactions.
import {
  batchAttributes,
  batchBaseOffset,
  batchLastOffset,
  batchPositions,
  batchProducerId,
  isControl,
  isLogAppendTime,
  isTransactional,
  records,
  verifyBatchCrc,
} from '@weir/protocol'
import { ClientError } from './errors.ts'

export interface ConsumerRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds; -1 if the producer set none. */
  readonly timestamp: number
  /** The broker's time instead of the producer's. */
  readonly isLogAppendTime: boolean
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

export interface FetchedBytes {
  readonly topic: string
  readonly partition: number
  readonly fetchOffset: number
  readonly records: Buffer | null
  /** Null unless the fetch was read_committed. */
  readonly abortedTransactions:
    | readonly { readonly producerId: number; readonly firstOffset: number }[]
    | null
}

export interface FetchedRecords {
  readonly records: ConsumerRecord[]
  /** Where to go on; the asked offset if there was nothing. */
  readonly nextOffset: number
}

const CONTROL_ABORT = 0

/** Throws RecordsError and ClientError on damaged data. */
export function decodeFetched(fetched: FetchedBytes): FetchedRecords {
  const { topic, partition, fetchOffset, records: data } = fetched
  const result: ConsumerRecord[] = []
  let nextOffset = fetchOffset
  if (data === null) return { records: result, nextOffset }
  const aborted = new AbortedFilter(fetched.abortedTransactions ?? [])
  for (const at of batchPositions(data)) {
    if (!verifyBatchCrc(data, at)) {
      const offset = batchBaseOffset(data, at)
      throw new ClientError(
        'closed',
        `batch at offset ${offset} of ${topic}-${partition} is corrupt`,
      )
    }
    const attributes = batchAttributes(data, at)
    nextOffset = Math.max(nextOffset, batchLastOffset(data, at) + 1)
    if (isControl(attributes)) {
      aborted.onControl(data, at)
      continue
    }
    if (isTransactional(attributes) && aborted.isAborted(data, at)) continue
    const isAppendTime = isLogAppendTime(attributes)
    for (const record of records(data, at)) {
      if (record.offset < fetchOffset) continue
      result.push({ topic, partition, isLogAppendTime: isAppendTime, ...record })
    }
  }
  return { records: result, nextOffset }
}

/** Follows the aborted transactions of one answer from batch to batch. */
class AbortedFilter {
  readonly #waiting: { producerId: number; firstOffset: number }[]
  readonly #open = new Set<number>()

  constructor(transactions: NonNullable<FetchedBytes['abortedTransactions']>) {
    this.#waiting = [...transactions].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  isAborted(data: Buffer, at: number): boolean {
    this.#openUpTo(batchLastOffset(data, at))
    return this.#open.has(batchProducerId(data, at))
  }

  onControl(data: Buffer, at: number): void {
    for (const { key } of records(data, at)) {
      const isAbort = key !== null && key.length >= 4 && key.readInt16BE(2) === CONTROL_ABORT
      if (!isAbort) continue
      // The marker may end a transaction of which no batch was in this answer.
      this.#openUpTo(batchLastOffset(data, at))
      this.#open.delete(batchProducerId(data, at))
    }
  }

  #openUpTo(lastOffset: number): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].firstOffset <= lastOffset) {
      const started = this.#waiting.shift()
      if (started !== undefined) this.#open.add(started.producerId)
    }
  }
}
