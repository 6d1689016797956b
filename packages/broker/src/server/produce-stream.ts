// A large Produce request, read while it arrives. The records of each partition get memory of their
// own; records that will be refused whatever they hold, as they are larger than their topic allows or
// nobody here leads the partition, get none: of these only the header of their first batch is kept.
//
// So a frame of 100 MB is no buffer of 100 MB, which would be new memory each time (page faults,
// and a full run of the garbage collector for each frame), and has nothing left to do at its end.
//
// Memory for records grows with what has arrived, not with what is announced. That costs copies; but
// memory that is only asked for counts as well for the garbage collector, which runs for every further
// piece when there is a GiB of it (1,000 connections that announce 1 MB each held the loop for 4 s).

import {
  type DecodedRequestHeader,
  DecodeError,
  decodeRequestHeader,
  type ErrorName,
  produceApi,
  RECORD_BATCH_HEADER_BYTES,
  Reader,
} from '@weir/protocol'
import type { FrameStream } from './frame-stream.ts'

/** Why the records of a partition were not kept. */
export interface RecordsRefusal {
  readonly error: ErrorName
  readonly message: string
}

export interface StreamedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionData: StreamedPartition[]
}

export interface StreamedPartition {
  readonly index: number
  /** Where there is a refusal: as much of them as has attributes. */
  records: Buffer | null
  readonly refusal: RecordsRefusal | null
}

/** Asked before the records of a partition come: null if they are wanted. */
export type RefuseRecords = (
  topic: { readonly name: string; readonly topicId: string },
  index: number,
  byteCount: number,
) => RecordsRefusal | null

type Step =
  | 'header'
  | 'head'
  | 'topic'
  | 'partition'
  | 'records'
  | 'partitionEnd'
  | 'topicEnd'
  | 'rest'

const TOPIC_ID_VERSION = 13
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const EMPTY = Buffer.alloc(0)
/** No field between records takes more: the longest string has 32 KiB. */
const MAX_FIELD_BYTES = 64 * 1024
/** Smaller records share blocks; the log copies those. It keeps larger ones if they are all of their memory. */
const OWN_MEMORY_BYTES = 128 * 1024
const BLOCK_BYTES = 256 * 1024
/** What large records begin with, and how much more they get each time when that is full. */
const FIRST_BYTES = 64 * 1024
const GROWTH = 4
/** From here on a copy takes longer than the memory is worth. */
const MUCH_BYTES = 1024 * 1024
const GROWTH_OF_MUCH = 16

export class ProduceStream implements FrameStream {
  readonly frameBytes: number
  droppedBytes = 0
  readonly #version: number
  readonly #isFlexible: boolean
  readonly #refuse: RefuseRecords
  #header: DecodedRequestHeader | null = null
  readonly #body = {
    transactionalId: null as string | null,
    acks: 0,
    timeoutMs: 0,
    topicData: [] as StreamedTopic[],
  }
  #missingBytes: number
  #elementsLeft = produceApi.request.maxElements
  #step: Step = 'header'
  /** The beginning of a field whose end has not come. */
  #rest: Buffer = EMPTY
  #topicsLeft = 0
  #partitionsLeft = 0
  /** Of the current partition. */
  #recordBytes = 0
  #recordsLeft = 0
  #target: Buffer = EMPTY
  #filled = 0
  #block: Buffer = EMPTY
  #blockAt = 0

  constructor(version: number, frameBytes: number, refuse: RefuseRecords) {
    this.frameBytes = frameBytes
    this.#missingBytes = frameBytes
    this.#version = version
    this.#isFlexible = version >= produceApi.firstFlexible
    this.#refuse = refuse
  }

  get isWhole(): boolean {
    return this.#missingBytes === 0
  }

  get header(): DecodedRequestHeader {
    if (this.#header === null) throw new DecodeError('no header')
    return this.#header
  }

  get body(): unknown {
    return this.#body
  }

  push(bytes: Buffer): void {
    this.#missingBytes -= bytes.length
    const pushed = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = EMPTY
    let at = 0
    while (at < pushed.length && this.#step !== 'rest') {
      const next = this.#step === 'records' ? this.#takeRecords(pushed, at) : this.#read(pushed, at)
      if (next < 0) {
        this.#rest = Buffer.from(pushed.subarray(at))
        break
      }
      at = next
    }
    if (this.#step === 'rest') this.droppedBytes += pushed.length - at
    if (this.isWhole && this.#step !== 'rest') {
      throw new DecodeError(`the frame of ${this.frameBytes} bytes ends before the request does`)
    }
  }

  /** One step of the structure between records. Answers where it ends, -1 if more bytes are needed. */
  #read(bytes: Buffer, at: number): number {
    const reader = new Reader(bytes, at)
    try {
      return this.#readStep(reader, bytes, at)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      // The reader cannot tell what is wrong from what is not there yet.
      const mayBeIncomplete = !this.isWhole && bytes.length - at < MAX_FIELD_BYTES
      if (mayBeIncomplete && !(error instanceof HopelessError)) return -1
      throw error
    }
  }

  #readStep(reader: Reader, bytes: Buffer, at: number): number {
    switch (this.#step) {
      case 'header': {
        this.#header = decodeRequestHeader(bytes, at)
        this.#step = 'head'
        return this.#header.bodyStart
      }
      case 'head':
        this.#readHead(reader)
        break
      case 'topic':
        this.#readTopic(reader)
        break
      case 'partition':
        this.#readPartition(reader, bytes)
        break
      case 'partitionEnd':
        reader.skipTags()
        this.#endPartition()
        break
      default:
        reader.skipTags()
        this.#endTopic()
    }
    return reader.offset
  }

  #afterRecords(): void {
    if (this.#isFlexible) this.#step = 'partitionEnd'
    else this.#endPartition()
  }

  #endPartition(): void {
    this.#partitionsLeft--
    if (this.#partitionsLeft > 0) this.#step = 'partition'
    else this.#afterPartitions()
  }

  #afterPartitions(): void {
    if (this.#isFlexible) this.#step = 'topicEnd'
    else this.#endTopic()
  }

  #endTopic(): void {
    this.#topicsLeft--
    // Tagged fields behind the last topic are of no interest.
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'rest'
  }

  #readHead(reader: Reader): void {
    const isFlexible = this.#isFlexible
    const transactionalId = isFlexible ? reader.compactNullableString() : reader.nullableString()
    const acks = reader.int16()
    const timeoutMs = reader.int32()
    this.#topicsLeft = this.#count(reader)
    Object.assign(this.#body, { transactionalId, acks, timeoutMs })
    this.#step = this.#topicsLeft > 0 ? 'topic' : 'rest'
  }

  #readTopic(reader: Reader): void {
    const hasId = this.#version >= TOPIC_ID_VERSION
    const topicId = hasId ? reader.uuid() : NO_TOPIC_ID
    const name = hasId ? '' : this.#isFlexible ? reader.compactString() : reader.string()
    this.#partitionsLeft = this.#count(reader)
    this.#body.topicData.push({ name, topicId, partitionData: [] })
    if (this.#partitionsLeft > 0) this.#step = 'partition'
    else this.#afterPartitions()
  }

  #readPartition(reader: Reader, bytes: Buffer): void {
    const index = reader.int32()
    const byteCount = this.#isFlexible ? reader.unsignedVarint() - 1 : reader.int32()
    const missing = this.#missingBytes + bytes.length - reader.offset
    if (byteCount < -1 || byteCount > missing) {
      throw new HopelessError(`records of ${byteCount} bytes, ${missing} are left in the frame`)
    }
    const topic = this.#body.topicData.at(-1) as StreamedTopic
    if (byteCount <= 0) {
      topic.partitionData.push({ index, records: byteCount < 0 ? null : EMPTY, refusal: null })
      this.#afterRecords()
      return
    }
    const refusal = this.#refuse(topic, index, byteCount)
    const keptBytes = refusal === null ? byteCount : Math.min(byteCount, RECORD_BATCH_HEADER_BYTES)
    this.#recordsLeft = byteCount
    this.#recordBytes = keptBytes
    this.#target = this.#memoryFor(keptBytes)
    this.#filled = 0
    topic.partitionData.push({ index, records: this.#target, refusal })
    this.#step = 'records'
  }

  /** Nothing is made for elements before they come. */
  #count(reader: Reader): number {
    const count = this.#isFlexible ? reader.unsignedVarint() - 1 : reader.int32()
    this.#elementsLeft -= count
    if (count < 0 || this.#elementsLeft < 0) {
      throw new HopelessError(`${count} array elements`)
    }
    return count
  }

  #memoryFor(byteCount: number): Buffer {
    if (byteCount >= OWN_MEMORY_BYTES) return Buffer.allocUnsafeSlow(FIRST_BYTES)
    if (this.#block.length - this.#blockAt < byteCount) {
      const arrivedBytes = this.frameBytes - this.#missingBytes
      const blockBytes = Math.max(byteCount, Math.min(BLOCK_BYTES, arrivedBytes))
      this.#block = Buffer.allocUnsafeSlow(blockBytes)
      this.#blockAt = 0
    }
    const start = this.#blockAt
    this.#blockAt += byteCount
    return this.#block.subarray(start, start + byteCount)
  }

  /** Answers where the records, or the bytes, end. */
  #takeRecords(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#recordsLeft)
    let from = at
    while (from < end && this.#filled < this.#recordBytes) {
      if (this.#filled === this.#target.length) this.#grow()
      const copied = bytes.copy(this.#target, this.#filled, from, end)
      this.#filled += copied
      from += copied
    }
    this.droppedBytes += end - from
    this.#recordsLeft -= end - at
    if (this.#recordsLeft === 0) this.#afterRecords()
    return end
  }

  #grow(): void {
    const { length } = this.#target
    const growth = length < MUCH_BYTES ? GROWTH : GROWTH_OF_MUCH
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#recordBytes, growth * length))
    this.#target.copy(larger)
    this.#target = larger
    const partition = this.#body.topicData.at(-1)?.partitionData.at(-1)
    if (partition !== undefined) partition.records = larger
  }
}

/** Wrong, however much may still come. */
class HopelessError extends DecodeError {}
