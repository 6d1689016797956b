// The kinds of records in Kafka's internal topics: a key is int16 record type and the key message, a
// value is int16 version and the value message. A null value is a tombstone and stays with the caller.

import { decodeMessage } from '../codec.ts'
import { DecodeError, Reader } from '../reader.ts'
import { type Decoded, type Fields, type Init, type Message, message } from '../schema.ts'
import { decodeVersioned, encodePrefixed, encodeVersioned, PREFIX_BYTES } from '../versioned.ts'

const KEY_VERSION = 0

/** One kind of record: its number in the key, and its two messages. */
export interface TopicRecord<K extends Fields = Fields, V extends Fields = Fields> {
  readonly recordType: number
  readonly key: Message<K>
  readonly value: Message<V>
}

interface TopicRecordTable<K extends Fields, V extends Fields> {
  readonly recordType: number
  /** Kafka's, without the `Key` or `Value` at its end. */
  readonly name: string
  readonly key: K
  /** First and last version of the value, both inclusive; keys have version 0 only. */
  readonly versions: readonly [first: number, last: number]
  readonly flexible: number | 'never'
  readonly value: V
}

export function topicRecord<const K extends Fields, const V extends Fields>({
  recordType,
  name,
  key,
  versions,
  flexible,
  value,
}: TopicRecordTable<K, V>): TopicRecord<K, V> {
  return {
    recordType,
    key: message({
      name: `${name}Key`,
      versions: [KEY_VERSION, KEY_VERSION],
      flexible: 'never',
      fields: key,
    }),
    value: message({ name: `${name}Value`, versions, flexible, fields: value }),
  }
}

/** The number in front of a record's key. Throws DecodeError if the key has no two bytes. */
export function recordTypeOf(key: Buffer): number {
  return new Reader(key).int16()
}

/** The bytes are a slice of a slab that other records share: copy what has to live long. */
export function encodeRecordKey<K extends Fields, V extends Fields>(
  { recordType, key }: TopicRecord<K, V>,
  value: Init<Message<K>>,
): Buffer {
  return encodePrefixed(recordType, key, KEY_VERSION, value)
}

/** Throws DecodeError, also for another record type. */
export function decodeRecordKey<K extends Fields, V extends Fields>(
  { recordType, key }: TopicRecord<K, V>,
  bytes: Buffer,
): Decoded<Message<K>> {
  const found = recordTypeOf(bytes)
  if (found !== recordType) throw new DecodeError(`record type ${found} is not ${recordType}`)
  return decodeMessage(key, KEY_VERSION, bytes, PREFIX_BYTES)
}

/** As `encodeRecordKey`. */
export function encodeRecordValue<K extends Fields, V extends Fields>(
  { value: message }: TopicRecord<K, V>,
  version: number,
  value: Init<Message<V>>,
): Buffer {
  return encodeVersioned(message, version, value)
}

/** Throws DecodeError, also for a version that the table does not have. */
export function decodeRecordValue<K extends Fields, V extends Fields>(
  { value: message }: TopicRecord<K, V>,
  bytes: Buffer,
): Decoded<Message<V>> {
  return decodeVersioned(message, bytes)
}
