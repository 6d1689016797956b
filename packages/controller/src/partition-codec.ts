// The two records of which there may be millions, by hand and not by table: the same bytes (a test
// compares), a fifth of the time. What is read shares its lists and topic ids, since a million
// partitions have a few hundred different lists.

import type protobuf from 'protobufjs/minimal.js'
import type { ProtoWriter } from './proto-writer.ts'
import { NO_PARTITION_CHANGE, type PartitionChangeRecord, type PartitionRecord } from './records.ts'

type Ids = readonly number[]
type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

const EMPTY: Ids = Object.freeze([])
const VARINT = 0
const BYTES = 2
/** A power of two. */
const SLOTS = 4096

export function writePartition(writer: ProtoWriter, record: PartitionRecord): void {
  writer.varint(tag(1, BYTES))
  writer.string(record.topicId)
  writeNumber(writer, 2, record.partitionIndex)
  writeIds(writer, 3, record.replicas)
  writeIds(writer, 4, record.isr)
  writeIds(writer, 5, record.addingReplicas)
  writeIds(writer, 6, record.removingReplicas)
  writeIds(writer, 7, record.elr)
  writeIds(writer, 8, record.lastKnownElr)
  writer.varint(tag(9, VARINT))
  writer.sint32(record.leader)
  writeNumber(writer, 10, record.leaderEpoch)
  writeNumber(writer, 11, record.partitionEpoch)
  writeNumber(writer, 12, record.leaderRecoveryState)
}

export function writePartitionChange(writer: ProtoWriter, record: PartitionChangeRecord): void {
  writer.varint(tag(1, BYTES))
  writer.string(record.topicId)
  writeNumber(writer, 2, record.partitionIndex)
  writeChangedIds(writer, 3, record.replicas)
  writeChangedIds(writer, 4, record.isr)
  writeChangedIds(writer, 5, record.addingReplicas)
  writeChangedIds(writer, 6, record.removingReplicas)
  writeChangedIds(writer, 7, record.elr)
  writeChangedIds(writer, 8, record.lastKnownElr)
  if (record.leader !== null) {
    writer.varint(tag(9, VARINT))
    writer.sint32(record.leader)
  }
  if (record.leaderEpoch !== null) writeNumber(writer, 10, record.leaderEpoch)
  writeNumber(writer, 11, record.partitionEpoch)
  if (record.leaderRecoveryState !== null) writeNumber(writer, 12, record.leaderRecoveryState)
}

function writeNumber(writer: ProtoWriter, id: number, value: number): void {
  writer.varint(tag(id, VARINT))
  writer.varint(value)
}

function writeIds(writer: ProtoWriter, id: number, ids: Ids): void {
  if (ids.length > 0) writeChangedIds(writer, id, ids)
}

/** Null is nothing, the empty list is there. */
function writeChangedIds(writer: ProtoWriter, id: number, ids: Ids | null): void {
  if (ids === null) return
  writer.varint(tag(id, BYTES))
  const start = writer.begin()
  for (const each of ids) writer.sint32(each)
  writer.end(start)
}

function tag(id: number, wireType: number): number {
  return (id << 3) | wireType
}

/** Reads partitions; one for each batch. */
export class PartitionReader {
  readonly #reader: protobuf.Reader
  readonly #lists: (Ids | undefined)[] = new Array(SLOTS)
  #topicId = ''

  constructor(reader: protobuf.Reader) {
    this.#reader = reader
  }

  partition(end: number): PartitionRecord {
    const change = this.change(end)
    return {
      kind: 'partition',
      topicId: change.topicId,
      partitionIndex: change.partitionIndex,
      replicas: change.replicas ?? EMPTY,
      isr: change.isr ?? EMPTY,
      addingReplicas: change.addingReplicas ?? EMPTY,
      removingReplicas: change.removingReplicas ?? EMPTY,
      elr: change.elr ?? EMPTY,
      lastKnownElr: change.lastKnownElr ?? EMPTY,
      leader: change.leader ?? 0,
      leaderRecoveryState: change.leaderRecoveryState ?? 0,
      leaderEpoch: change.leaderEpoch ?? 0,
      partitionEpoch: change.partitionEpoch,
    }
  }

  change(end: number): PartitionChangeRecord {
    const reader = this.#reader
    const change: Mutable<PartitionChangeRecord> = {
      ...NO_PARTITION_CHANGE,
      topicId: '',
      partitionIndex: 0,
      partitionEpoch: 0,
    }
    while (reader.pos < end) {
      const key = reader.uint32()
      switch (key >>> 3) {
        case 1:
          change.topicId = this.#sameTopicId(reader.string())
          break
        case 2:
          change.partitionIndex = reader.uint32()
          break
        case 3:
          change.replicas = this.#ids()
          break
        case 4:
          change.isr = this.#ids()
          break
        case 5:
          change.addingReplicas = this.#ids()
          break
        case 6:
          change.removingReplicas = this.#ids()
          break
        case 7:
          change.elr = this.#ids()
          break
        case 8:
          change.lastKnownElr = this.#ids()
          break
        case 9:
          change.leader = reader.sint32()
          break
        case 10:
          change.leaderEpoch = reader.uint32()
          break
        case 11:
          change.partitionEpoch = reader.uint32()
          break
        case 12:
          change.leaderRecoveryState = reader.uint32()
          break
        default:
          reader.skipType(key & 7)
      }
    }
    return change
  }

  /** Partitions of a topic follow each other. */
  #sameTopicId(topicId: string): string {
    if (topicId !== this.#topicId) this.#topicId = topicId
    return this.#topicId
  }

  #ids(): Ids {
    const reader = this.#reader
    const end = reader.uint32() + reader.pos
    const ids: number[] = []
    let hash = 0
    while (reader.pos < end) {
      const id = reader.sint32()
      ids.push(id)
      hash = Math.imul(hash, 31) + id
    }
    if (ids.length === 0) return EMPTY
    const slot = hash & (SLOTS - 1)
    const known = this.#lists[slot]
    if (known !== undefined && isSame(known, ids)) return known
    this.#lists[slot] = ids
    return ids
  }
}

function isSame(a: Ids, b: Ids): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
