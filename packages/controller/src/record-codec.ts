// Metadata records as protobuf bytes, driven by record-tables.ts. Fields unknown to this version are
// skipped; a kind of record unknown to it is an error, since skipping a decision would make another
// cluster of it.
//
// Of protobufjs only the reader is used: nothing is parsed or compiled at start.

import { assert } from '@weir/core'
import protobuf from 'protobufjs/minimal.js'
import { PartitionReader, writePartition, writePartitionChange } from './partition-codec.ts'
import { ProtoWriter } from './proto-writer.ts'
import { type Field, RECORD_TABLES, type RecordTable, type ScalarType } from './record-tables.ts'
import type { MetadataRecord } from './records.ts'

/** Bytes that are no metadata batch, or one of a newer version. */
export class MetadataFormatError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'MetadataFormatError'
  }
}

const TABLE_BY_KIND = new Map(RECORD_TABLES.map(table => [table.kind, table]))
const TABLE_BY_ID = new Map(RECORD_TABLES.map(table => [table.id, table]))
const WIRE_VARINT = 0
const WIRE_BYTES = 2

type Values = Record<string, unknown>

/** One decision as the bytes of one log entry. */
export function encodeMetadataBatch(records: Iterable<MetadataRecord>): Buffer {
  const writer = new ProtoWriter()
  for (const record of records) {
    const table = TABLE_BY_KIND.get(record.kind)
    assert(table !== undefined, 'record without a table', { kind: record.kind })
    writer.varint(tag(1, WIRE_BYTES))
    const outer = writer.begin()
    writer.varint(tag(table.id, WIRE_BYTES))
    const inner = writer.begin()
    if (record.kind === 'partition') writePartition(writer, record)
    else if (record.kind === 'partitionChange') writePartitionChange(writer, record)
    else writeFields(writer, table.fields, record as unknown as Values)
    writer.end(inner)
    writer.end(outer)
  }
  return writer.finish()
}

/** Throws MetadataFormatError, and nothing else, on bytes that are no batch. */
export function decodeMetadataBatch(bytes: Buffer): MetadataRecord[] {
  try {
    return decodeBatch(protobuf.Reader.create(bytes))
  } catch (error) {
    if (error instanceof MetadataFormatError) throw error
    throw new MetadataFormatError('metadata batch that does not parse', error)
  }
}

function decodeBatch(reader: protobuf.Reader): MetadataRecord[] {
  const records: MetadataRecord[] = []
  const partitions = new PartitionReader(reader)
  while (reader.pos < reader.len) {
    const outer = reader.uint32()
    if (outer !== tag(1, WIRE_BYTES)) {
      reader.skipType(outer & 7)
      continue
    }
    const end = reader.uint32() + reader.pos
    if (end > reader.len) throw new MetadataFormatError('metadata record runs over its batch')
    const inner = reader.uint32()
    const table = TABLE_BY_ID.get(inner >>> 3)
    if (table === undefined) {
      throw new MetadataFormatError(
        `metadata record of unknown kind ${inner >>> 3}: written by a newer version of weir`,
      )
    }
    const recordEnd = reader.uint32() + reader.pos
    if (recordEnd !== end) throw new MetadataFormatError('metadata record with a wrong length')
    records.push(readRecord(reader, partitions, table, recordEnd))
    if (reader.pos !== end) throw new MetadataFormatError('metadata field runs over its record')
  }
  return records
}

function readRecord(
  reader: protobuf.Reader,
  partitions: PartitionReader,
  { kind, fields }: RecordTable,
  end: number,
): MetadataRecord {
  if (kind === 'partition') return partitions.partition(end)
  if (kind === 'partitionChange') return partitions.change(end)
  return { kind, ...readFields(reader, fields, end) } as unknown as MetadataRecord
}

function tag(id: number, wireType: number): number {
  return (id << 3) | wireType
}

/** As record-tables.ts says, whatever the kind; for tests also of what has code of its own. */
export function writeFields(writer: ProtoWriter, list: readonly Field[], values: Values): void {
  for (const field of list) writeField(writer, field, values[field.name])
}

function writeField(writer: ProtoWriter, { id, type }: Field, value: unknown): void {
  if (typeof type === 'object') {
    for (const item of value as Values[]) {
      writer.varint(tag(id, WIRE_BYTES))
      const start = writer.begin()
      writeFields(writer, type.repeated, item)
      writer.end(start)
    }
  } else if (!type.endsWith('?')) {
    const isEmptyList = type === 'sint32[]' && (value as readonly number[]).length === 0
    if (!isEmptyList) writeScalar(writer, id, type as ScalarType, value)
  } else if (value !== null) {
    writeScalar(writer, id, type.slice(0, -1) as ScalarType, value)
  }
}

function writeScalar(writer: ProtoWriter, id: number, type: ScalarType, value: unknown): void {
  switch (type) {
    case 'uint32':
    case 'int64':
      writer.varint(tag(id, WIRE_VARINT))
      writer.varint(value as number)
      return
    case 'sint32':
      writer.varint(tag(id, WIRE_VARINT))
      writer.sint32(value as number)
      return
    case 'bool':
      writer.varint(tag(id, WIRE_VARINT))
      writer.varint(value === true ? 1 : 0)
      return
    case 'string':
      writer.varint(tag(id, WIRE_BYTES))
      writer.string(value as string)
      return
    case 'sint32[]': {
      writer.varint(tag(id, WIRE_BYTES))
      const start = writer.begin()
      for (const number of value as readonly number[]) writer.sint32(number)
      writer.end(start)
      return
    }
    case 'string[]':
      for (const text of value as readonly string[]) {
        writer.varint(tag(id, WIRE_BYTES))
        writer.string(text)
      }
  }
}

function readFields(reader: protobuf.Reader, list: readonly Field[], end: number): Values {
  const values: Values = {}
  for (const field of list) values[field.name] = defaultOf(field.type)
  while (reader.pos < end) {
    const key = reader.uint32()
    const field = list[(key >>> 3) - 1]
    if (field === undefined) reader.skipType(key & 7)
    else values[field.name] = readField(reader, field, values[field.name])
  }
  if (reader.pos !== end) throw new MetadataFormatError('metadata field runs over its record')
  return values
}

function defaultOf(type: Field['type']): unknown {
  if (typeof type === 'object') return []
  if (type.endsWith('?')) return null
  switch (type as ScalarType) {
    case 'uint32':
    case 'sint32':
    case 'int64':
      return 0
    case 'bool':
      return false
    case 'string':
      return ''
    case 'sint32[]':
    case 'string[]':
      return []
  }
}

function readField(reader: protobuf.Reader, field: Field, soFar: unknown): unknown {
  const { type } = field
  if (typeof type === 'object') {
    const end = reader.uint32() + reader.pos
    return [...(soFar as Values[]), readFields(reader, type.repeated, end)]
  }
  switch (type.replace('?', '') as ScalarType) {
    case 'uint32':
      return reader.uint32()
    case 'sint32':
      return reader.sint32()
    case 'int64':
      return Number(reader.int64())
    case 'bool':
      return reader.bool()
    case 'string':
      return reader.string()
    case 'sint32[]': {
      const end = reader.uint32() + reader.pos
      const numbers: number[] = []
      while (reader.pos < end) numbers.push(reader.sint32())
      return numbers
    }
    case 'string[]':
      return [...((soFar as string[] | null) ?? []), reader.string()]
  }
}
