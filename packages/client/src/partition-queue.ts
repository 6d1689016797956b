// Records of one partition on their way: a batch that is being filled, and closed ones in order.
import { type Codec, type NewRecord, RecordBatchBuilder } from '@weir/protocol'

export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 with acks 0. */
  readonly offset: number
  /** The log append time, or -1 for topics with the producer's time. */
  readonly timestamp: number
}

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface PendingRecord extends NewRecord {
  readonly onDone: ((error: Error | null, metadata: RecordMetadata | null) => void) | null
}

export interface ProducerBatch {
  readonly records: readonly NewRecord[]
  readonly onDone: readonly PendingRecord['onDone'][]
  /** Estimated, before compression. */
  readonly bytes: number
  /** Set when first sent; a batch keeps its producer id and sequence, so that a copy is recognised. */
  encoded: Buffer | null
}

interface OpenBatch {
  readonly records: NewRecord[]
  readonly onDone: PendingRecord['onDone'][]
  bytes: number
}

const RECORD_OVERHEAD_BYTES = 24

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly #codec: Codec
  readonly #closed: ProducerBatch[] = []
  #open: OpenBatch | null = null
  #identity: ProducerIdentity | null = null
  #nextSequence = 0
  /** A batch was taken and is not done yet. */
  isBusy = false

  constructor(topic: string, partition: number, codec: Codec) {
    this.topic = topic
    this.partition = partition
    this.#codec = codec
  }

  append(record: PendingRecord, batchBytes: number): { addedBytes: number; isBatchFull: boolean } {
    const addedBytes = estimateBytes(record)
    if (this.#open !== null && this.#open.bytes + addedBytes > batchBytes) this.closeBatch()
    this.#open ??= { records: [], onDone: [], bytes: 0 }
    const open = this.#open
    open.records.push(record)
    open.onDone.push(record.onDone)
    open.bytes += addedBytes
    const isBatchFull = open.bytes >= batchBytes
    if (isBatchFull) this.closeBatch()
    return { addedBytes, isBatchFull }
  }

  closeBatch(): void {
    if (this.#open === null) return
    this.#closed.push({ ...this.#open, encoded: null })
    this.#open = null
  }

  /** The next closed batch, if none is on its way. */
  takeNext(): ProducerBatch | null {
    if (this.isBusy) return null
    const batch = this.#closed.shift()
    if (batch === undefined) return null
    this.isBusy = true
    return batch
  }

  get identity(): ProducerIdentity | null {
    return this.#identity
  }

  /** A producer id begins at sequence 0; null: the next batch needs another one. */
  begin(identity: ProducerIdentity | null): void {
    this.#identity = identity
    this.#nextSequence = 0
  }

  /** The batch's bytes; the same ones for a second try. */
  encode(batch: ProducerBatch): Buffer {
    if (batch.encoded !== null) return batch.encoded
    const identity = this.#identity
    const builder = new RecordBatchBuilder({
      codec: this.#codec,
      ...(identity === null ? {} : { ...identity, baseSequence: this.#nextSequence }),
    })
    if (identity !== null) {
      this.#nextSequence = (this.#nextSequence + batch.records.length) % 2 ** 31
    }
    for (const record of batch.records) builder.append(record)
    const data = builder.build()
    batch.encoded = data
    return data
  }

  /** Puts a batch that was refused as too large back, in two halves; it must be the latest one encoded. */
  putBackInHalves(batch: ProducerBatch): void {
    if (batch.encoded !== null && this.#identity !== null) {
      const unused = this.#nextSequence - batch.records.length
      this.#nextSequence = unused < 0 ? unused + 2 ** 31 : unused
    }
    const middle = batch.records.length >> 1
    const halves = [batch.records.slice(0, middle), batch.records.slice(middle)]
    const onDone = [batch.onDone.slice(0, middle), batch.onDone.slice(middle)]
    this.#closed.unshift(
      ...halves.map((records, index) => ({
        records,
        onDone: onDone[index] ?? [],
        bytes: records.reduce((sum, record) => sum + estimateBytes(record), 0),
        encoded: null,
      })),
    )
    this.isBusy = false
  }
}

function estimateBytes(record: NewRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + lengthOf(record.key) + lengthOf(record.value)
  for (const { key, value } of record.headers ?? []) bytes += 4 + lengthOf(key) + lengthOf(value)
  return bytes
}

function lengthOf(data: Buffer | string | null): number {
  return data === null ? 0 : Buffer.byteLength(data)
}
