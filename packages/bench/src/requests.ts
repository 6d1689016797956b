// The requests of the load, encoded once, and the layout of their answers. Versions whose answers
// have fields at fixed places: Produce 7, Fetch 11.

import {
  type Codec,
  encodeRequestFrame,
  errorName,
  fetchApi,
  produceApi,
  RecordBatchBuilder,
} from '@weir/protocol'

export const CLIENT_ID = 'weir-bench'
const PRODUCE_VERSION = 7
const FETCH_VERSION = 11

export interface ProduceTemplate {
  readonly topic: string
  readonly partition: number
  readonly acks: number
  readonly recordCount: number
  readonly recordBytes: number
  readonly nowMs: number
  /** 'none' unless given. */
  readonly codec?: Codec
}

/**
 * A produce request of one batch, or of one for each of `partitionCount` partitions from
 * `template.partition` on. Its records hold pieces of `content`.
 */
export function produceRequest(
  template: ProduceTemplate,
  content: Buffer,
  partitionCount = 1,
): Buffer {
  const builder = new RecordBatchBuilder({ codec: template.codec ?? 'none' })
  for (let i = 0; i < template.recordCount; i++) {
    const start = (i * template.recordBytes) % Math.max(1, content.length - template.recordBytes)
    const value = content.subarray(start, start + template.recordBytes)
    builder.append({ timestamp: template.nowMs, key: null, value })
  }
  const records = builder.build()
  const partitionData = Array.from({ length: partitionCount }, (_, i) => ({
    index: template.partition + i,
    records,
  }))
  const chunks = encodeRequestFrame(
    produceApi,
    { version: PRODUCE_VERSION, correlationId: 1, clientId: CLIENT_ID },
    {
      acks: template.acks,
      timeoutMs: 30_000,
      topicData: [{ name: template.topic, partitionData }],
    },
  )
  return Buffer.concat(chunks)
}

export interface ProduceAnswer {
  readonly error: string
  readonly baseOffset: number
}

/** Reads an answer without its size: correlation id, one topic with one partition. */
export function readProduceAnswer(answer: Buffer): ProduceAnswer {
  // correlationId, topic count, name length, name, partition count, index
  const at = 4 + 4 + 2 + answer.readInt16BE(8) + 4 + 4
  return {
    error: errorName(answer.readInt16BE(at)),
    baseOffset: Number(answer.readBigInt64BE(at + 2)),
  }
}

export interface FetchTemplate {
  readonly topic: string
  readonly partition: number
  readonly maxBytes: number
  readonly maxWaitMs: number
}

/** A fetch request of one partition whose offset can be changed in place. */
export class FetchRequest {
  readonly #bytes: Buffer
  readonly #offsetAt: number

  constructor(template: FetchTemplate) {
    const marker = 0x0012_3456_789a_bcde
    const { partition, maxBytes } = template
    const partitions = [{ partition, fetchOffset: marker, partitionMaxBytes: maxBytes }]
    this.#bytes = Buffer.concat(
      encodeRequestFrame(
        fetchApi,
        { version: FETCH_VERSION, correlationId: 1, clientId: CLIENT_ID },
        {
          maxWaitMs: template.maxWaitMs,
          minBytes: 1,
          topics: [{ topic: template.topic, partitions }],
          forgottenTopicsData: [],
        },
      ),
    )
    const wanted = Buffer.alloc(8)
    wanted.writeBigInt64BE(BigInt(marker))
    this.#offsetAt = this.#bytes.indexOf(wanted)
  }

  /** The request from this offset on: a copy, since an earlier one may still wait to be sent. */
  from(offset: number): Buffer {
    const bytes = Buffer.from(this.#bytes)
    bytes.writeBigInt64BE(BigInt(offset), this.#offsetAt)
    return bytes
  }
}

/** Bytes of a fetch answer before its records, correlation id included, without its size. */
export function fetchHeaderBytes(topic: string): number {
  const top = 4 + 4 + 2 + 4 + 4
  const perTopic = 2 + Buffer.byteLength(topic) + 4
  const perPartition = 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4
  return top + perTopic + perPartition
}

export interface FetchHeader {
  readonly error: string
  readonly highWatermark: number
  readonly recordBytes: number
}

export function readFetchHeader(header: Buffer, topic: string): FetchHeader {
  const topError = header.readInt16BE(8)
  const at = 4 + 4 + 2 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4
  return {
    error: errorName(topError === 0 ? header.readInt16BE(at) : topError),
    highWatermark: Number(header.readBigInt64BE(at + 2)),
    recordBytes: header.readInt32BE(header.length - 4),
  }
}
