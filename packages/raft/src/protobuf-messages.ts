// Protobuf messages by the descriptor, with the library's reader and writer. The library can do this
// alone, by reflection, but loading that part and generating its code takes 40 ms of every start.
//
// What is absent is read as proto3 says: 0, false, '', no bytes, an empty list; a message is null.
// Decoding throws RaftCodecError and nothing else.

import protobuf from 'protobufjs/minimal.js'
import { DESCRIPTOR } from './descriptor.ts'

export class RaftCodecError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RaftCodecError'
  }
}

/** A decoded protobuf value: numbers, Long objects, strings, buffers, lists. */
export type Raw = Readonly<Record<string, unknown>>

const SCALARS = ['uint64', 'uint32', 'bool', 'string', 'bytes'] as const
type Scalar = (typeof SCALARS)[number]

interface Field {
  readonly name: string
  readonly id: number
  readonly isRepeated: boolean
  /** A message's name where it is not a scalar. */
  readonly type: Scalar | { readonly message: string }
}

export interface MessageType {
  readonly name: string
  readonly fields: readonly Field[]
}

interface FieldDescriptor {
  readonly type: string
  readonly id: number
  readonly rule?: string
}

const WIRE_VARINT = 0
const WIRE_BYTES = 2

const TYPES = new Map(
  Object.entries(DESCRIPTOR.nested.weir.nested.raft.nested).map(([name, { fields }]) => [
    name,
    { name, fields: Object.entries(fields).map(fieldOf) },
  ]),
)

function fieldOf([name, { type, id, rule }]: [string, FieldDescriptor]): Field {
  const scalar = SCALARS.find(each => each === type)
  return { name, id, isRepeated: rule === 'repeated', type: scalar ?? { message: type } }
}

/** The type of this name in proto/raft.proto. */
export function typeOf(name: string): MessageType {
  const type = TYPES.get(name)
  if (type === undefined) throw new RaftCodecError(`proto/raft.proto has no message ${name}`)
  return type
}

export function encode(type: MessageType, value: Raw): Buffer {
  const writer = protobuf.Writer.create()
  writeMessage(writer, type, value)
  const bytes = writer.finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes in it are slices of `buffer`. */
export function decode(type: MessageType, buffer: Buffer): Raw {
  try {
    const reader = protobuf.Reader.create(buffer)
    return readMessage(reader, type, reader.len)
  } catch (error) {
    throw new RaftCodecError(`a ${type.name} does not parse`, { cause: error })
  }
}

// --- Writing ---

function writeMessage(writer: protobuf.Writer, type: MessageType, value: Raw): void {
  for (const field of type.fields) {
    const one = value[field.name]
    if (one === undefined || one === null) continue
    if (!field.isRepeated) writeField(writer, field, one)
    else if (isPacked(field.type)) writePacked(writer, field, one as readonly unknown[])
    else for (const item of one as readonly unknown[]) writeField(writer, field, item)
  }
}

function isPacked(type: Field['type']): type is Scalar {
  return type === 'uint64' || type === 'uint32' || type === 'bool'
}

function writeField(writer: protobuf.Writer, { id, type }: Field, value: unknown): void {
  writer.uint32((id << 3) | wireTypeOf(type))
  if (typeof type === 'string') {
    writeScalar(writer, type, value)
  } else {
    writer.fork()
    writeMessage(writer, typeOf(type.message), value as Raw)
    writer.ldelim()
  }
}

function writePacked(writer: protobuf.Writer, field: Field, values: readonly unknown[]): void {
  if (values.length === 0) return
  writer.uint32((field.id << 3) | WIRE_BYTES).fork()
  for (const value of values) writeScalar(writer, field.type as Scalar, value)
  writer.ldelim()
}

function writeScalar(writer: protobuf.Writer, type: Scalar, value: unknown): void {
  switch (type) {
    case 'uint64':
      writer.uint64(value as number)
      return
    case 'uint32':
      writer.uint32(value as number)
      return
    case 'bool':
      writer.bool(value as boolean)
      return
    case 'string':
      writer.string(value as string)
      return
    case 'bytes':
      writer.bytes(value as Buffer)
  }
}

function wireTypeOf(type: Field['type']): number {
  return isPacked(type) ? WIRE_VARINT : WIRE_BYTES
}

// --- Reading ---

function readMessage(reader: protobuf.Reader, type: MessageType, end: number): Raw {
  const value: Record<string, unknown> = {}
  for (const field of type.fields) value[field.name] = defaultOf(field)
  while (reader.pos < end) {
    const tag = reader.uint32()
    const field = type.fields.find(each => each.id === tag >>> 3)
    if (field === undefined) reader.skipType(tag & 7)
    else readField(reader, field, { wireType: tag & 7, value })
  }
  if (reader.pos !== end) throw new RaftCodecError(`a ${type.name} runs over its length`)
  return value
}

function defaultOf({ isRepeated, type }: Field): unknown {
  if (isRepeated) return []
  switch (type) {
    case 'uint64':
    case 'uint32':
      return 0
    case 'bool':
      return false
    case 'string':
      return ''
    case 'bytes':
      return Buffer.alloc(0)
    default:
      return null
  }
}

interface Target {
  readonly wireType: number
  readonly value: Record<string, unknown>
}

function readField(reader: protobuf.Reader, field: Field, { wireType, value }: Target): void {
  const { name, type, isRepeated } = field
  const values = value[name] as unknown[]
  if (isRepeated && isPacked(type) && wireType === WIRE_BYTES) {
    const end = endOfLength(reader)
    while (reader.pos < end) values.push(readScalar(reader, type))
    return
  }
  if (wireType !== wireTypeOf(type)) {
    throw new RaftCodecError(`field ${name} has the wire type ${wireType}`)
  }
  const one = typeof type === 'string' ? readScalar(reader, type) : readNested(reader, type.message)
  if (isRepeated) values.push(one)
  else value[name] = one
}

function readNested(reader: protobuf.Reader, name: string): Raw {
  return readMessage(reader, typeOf(name), endOfLength(reader))
}

function endOfLength(reader: protobuf.Reader): number {
  const bytes = reader.uint32()
  const end = reader.pos + bytes
  if (end > reader.len) throw new RaftCodecError('a part runs over the end of its message')
  return end
}

function readScalar(reader: protobuf.Reader, type: Scalar): unknown {
  switch (type) {
    case 'uint64':
      return reader.uint64()
    case 'uint32':
      return reader.uint32()
    case 'bool':
      return reader.bool()
    case 'string':
      return reader.string()
    case 'bytes':
      return reader.bytes()
  }
}
