// A message with an int16 in front: its version (record values, consumer subscriptions and
// assignments) or the record type (record keys).

import { decodeMessage, encodeMessage } from './codec.ts'
import { Reader } from './reader.ts'
import type { Decoded, Fields, Init, Message } from './schema.ts'
import { Writer } from './writer.ts'

export const PREFIX_BYTES = 2

/** The bytes are a slice of a slab that other records share: copy what has to live long. */
export function encodeVersioned<F extends Fields>(
  message: Message<F>,
  version: number,
  value: Init<Message<F>>,
): Buffer {
  return encodePrefixed(version, message, version, value)
}

/**
 * Throws DecodeError, also for a version that the table does not have; with `orNewer` a newer one
 * is read as the last known, which is the rule for consumer subscriptions and assignments.
 */
export function decodeVersioned<F extends Fields>(
  message: Message<F>,
  bytes: Buffer,
  { orNewer = false } = {},
): Decoded<Message<F>> {
  const found = new Reader(bytes).int16()
  const version = orNewer && found > message.maxVersion ? message.maxVersion : found
  return decodeMessage(message, version, bytes, PREFIX_BYTES)
}

/** Shared: a writer for each record costs more than the record (measured: 40 % of a decision). */
let recordWriter: Writer | null = null

export function encodePrefixed<F extends Fields>(
  prefix: number,
  message: Message<F>,
  version: number,
  value: Init<Message<F>>,
): Buffer {
  recordWriter ??= new Writer()
  const writer = recordWriter
  try {
    writer.int16(prefix)
    encodeMessage(message, version, value, writer)
  } catch (error) {
    writer.reset()
    throw error
  }
  return writer.finishJoined()
}
