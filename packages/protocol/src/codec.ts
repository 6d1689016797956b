// Table + version -> specialised functions, compiled on first use and kept in the message's cache.
//
// Two modes. Service mode (`decodeMessage`, `encodeMessage`): int64 is a number, and one beyond
// 2^53 is refused. Exact mode (`decodeExact`, `encodeExact`): every 64-bit field is a bigint.
//
// Decoding throws only DecodeError. What cannot be encoded is a bug of ours: an EncodeError.

import { assert } from '@weir/core'
import { compileDecoder } from './codec-decoder.ts'
import { compileEncoder } from './codec-encoder.ts'
import { DecodeError, Reader } from './reader.ts'
import type { Decoded, Fields, Init, Message } from './schema.ts'
import { Writer } from './writer.ts'

type Decoder = (reader: Reader) => unknown
type Encoder = (writer: Writer, value: unknown) => void

/** A message of any table, for code that works on all of them. */
export type AnyMessage = Message<Fields>

/**
 * Decodes one message that begins at `start` of the buffer; bytes left over are ignored. Byte fields
 * are slices of the buffer. Structs at their default may be shared and frozen. Throws DecodeError, also for a version that the table does not have.
 */
export function decodeMessage<F extends Fields>(
  message: Message<F>,
  version: number,
  buffer: Buffer,
  start = 0,
): Decoded<Message<F>> {
  const reader = new Reader(buffer, start, buffer.length, message.maxElements)
  return decodeFrom(message, version, reader)
}

/** As `decodeMessage`, from a reader, which then stands behind the message. */
export function decodeFrom<F extends Fields>(
  message: Message<F>,
  version: number,
  reader: Reader,
): Decoded<Message<F>> {
  const decoder =
    (message.cache.decoders[version] as Decoder | undefined) ?? newDecoder(message, version, false)
  return run(decoder, message, version, reader) as Decoded<Message<F>>
}

/** Every 64-bit field is a bigint; otherwise as `decodeMessage`. */
export function decodeExact(message: AnyMessage, version: number, reader: Reader): unknown {
  const decoder =
    (message.cache.exactDecoders[version] as Decoder | undefined) ??
    newDecoder(message, version, true)
  return run(decoder, message, version, reader)
}

/** Appends one message to the writer. Throws EncodeError if the value does not fit the version. */
export function encodeMessage<F extends Fields>(
  message: Message<F>,
  version: number,
  value: Init<Message<F>>,
  writer: Writer,
): void {
  const encoder =
    (message.cache.encoders[version] as Encoder | undefined) ?? newEncoder(message, version, false)
  encoder(writer, value)
}

/** Every 64-bit field is a bigint; otherwise as `encodeMessage`. */
export function encodeExact(
  message: AnyMessage,
  version: number,
  value: unknown,
  writer: Writer,
): void {
  const encoder =
    (message.cache.exactEncoders[version] as Encoder | undefined) ??
    newEncoder(message, version, true)
  encoder(writer, value)
}

/** One message as one buffer of its own: record keys and values, embedded schemas. */
export function encodeToBuffer<F extends Fields>(
  message: Message<F>,
  version: number,
  value: Init<Message<F>>,
): Buffer {
  const writer = new Writer(SMALL_SLAB_BYTES)
  encodeMessage(message, version, value, writer)
  return writer.finishJoined()
}

const SMALL_SLAB_BYTES = 512

function hasVersion(message: AnyMessage, version: number): boolean {
  return version >= message.minVersion && version <= message.maxVersion
}

function run(decoder: Decoder, message: AnyMessage, version: number, reader: Reader): unknown {
  try {
    return decoder(reader)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(`${message.name} v${version}: ${error.message}`, error)
  }
}

function newDecoder(message: AnyMessage, version: number, exact: boolean): Decoder {
  if (!hasVersion(message, version)) {
    throw new DecodeError(`${message.name} has no version ${version}`)
  }
  const decoder = compileDecoder(message, version, exact)
  const { cache } = message
  const decoders = exact ? cache.exactDecoders : cache.decoders
  decoders[version] = decoder
  return decoder
}

function newEncoder(message: AnyMessage, version: number, exact: boolean): Encoder {
  assert(hasVersion(message, version), 'no such version', { message: message.name, version })
  const encoder = compileEncoder(message, version, exact)
  const { cache } = message
  const encoders = exact ? cache.exactEncoders : cache.encoders
  encoders[version] = encoder
  return encoder
}
