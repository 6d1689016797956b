import fc from 'fast-check'
import t from 'tap'
import { apis } from './apis.ts'
import { fuzz } from './codec.fuzz.ts'
import {
  type AnyMessage,
  decodeExact,
  decodeMessage,
  encodeExact,
  encodeMessage,
  encodeToBuffer,
} from './codec.ts'
import { apiVersionsApi } from './definitions/api-versions.ts'
import { fetchApi } from './definitions/fetch.ts'
import { joinGroupApi } from './definitions/join-group.ts'
import { listOffsetsApi } from './definitions/list-offsets.ts'
import { metadataApi } from './definitions/metadata.ts'
import { EncodeError } from './encode-error.ts'
import { offsetsTopicRecords, transactionTopicRecords } from './internal-topics/index.ts'
import { DecodeError, Reader } from './reader.ts'
import {
  array,
  bytes,
  type Field,
  type Fields,
  int8,
  int32,
  int64,
  looseInt64,
  message,
  records,
  string,
  struct,
  uuid,
} from './schema.ts'
import { Writer } from './writer.ts'

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** Any value that the field can hold in a version, in exact mode. */
function anyValueOf(field: Field, version: number): fc.Arbitrary<unknown> {
  const isNullable = version >= field.nullable[0] && version <= field.nullable[1]
  const present = anyPresentOf(field, version)
  return isNullable ? fc.option(present, { nil: null, freq: 4 }) : present
}

function anyPresentOf(field: Field, version: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'uint16':
      return fc.integer({ min: 0, max: 65_535 })
    case 'int32':
      return fc.integer()
    case 'int64':
    case 'looseInt64':
    case 'bigint64':
      return fc.oneof(
        fc.bigInt({ min: MIN_INT64, max: MAX_INT64 }),
        fc.constantFrom(MIN_INT64, MAX_INT64, -1n, 0n, 2n ** 31n, 2n ** 53n, 2n ** 53n + 1n),
      )
    case 'float64':
      return fc.double()
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 40 })
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map(value => Buffer.from(value).toString('base64url'))
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 200 }).map(value => Buffer.from(value))
    case 'array':
      return fc.array(anyValueOf(field.element as Field, version), { maxLength: 4 })
    case 'struct':
      return structOf(field.fields as Fields, version)
  }
}

function structOf(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const sent = Object.entries(fields).filter(
    ([, field]) => version >= field.since && version <= field.until,
  )
  return fc.record(Object.fromEntries(sent.map(([name, f]) => [name, anyValueOf(f, version)])))
}

const messages: AnyMessage[] = [
  ...apis.flatMap(api => [api.request, api.response]),
  ...Object.values(offsetsTopicRecords).map(({ value }) => value as AnyMessage),
  transactionTopicRecords.transactionLog.value as AnyMessage,
]

function encodeBytes(table: AnyMessage, version: number, value: unknown): Buffer {
  const writer = new Writer(32)
  encodeExact(table, version, value, writer)
  return writer.finishJoined()
}

t.test('what is encoded is decoded as the same value, in every message and version', t => {
  for (const table of messages) {
    for (let version = table.minVersion; version <= table.maxVersion; version++) {
      const property = fc.property(structOf(table.fields, version), value => {
        const reader = new Reader(encodeBytes(table, version, value))
        const decoded = decodeExact(table, version, reader)
        expectSame(reader.remaining, 0)
        expectSame(decoded, value)
      })
      fc.assert(property, { numRuns: 5, seed: 20_260_101 + version })
    }
  }
  t.pass(`${messages.length} messages`)
  t.end()
})

/** `wanted` is a part of `found`: fields that the version lacks are only in `found`. */
function expectSame(found: unknown, wanted: unknown): void {
  if (Buffer.isBuffer(wanted)) {
    if (!wanted.equals(found as Buffer)) throw new Error('other bytes')
  } else if (Array.isArray(wanted)) {
    const items = found as unknown[]
    if (items.length !== wanted.length) throw new Error('other length')
    for (const [index, item] of wanted.entries()) expectSame(items[index], item)
  } else if (wanted !== null && typeof wanted === 'object') {
    for (const [name, item] of Object.entries(wanted)) {
      expectSame((found as Record<string, unknown>)[name], item)
    }
  } else if (!Object.is(found, wanted)) {
    throw new Error(`${String(found)} is not ${String(wanted)}`)
  }
}

t.test('every proper prefix of an encoded message is refused, not read past its end', t => {
  for (const api of apis) {
    const version = api.request.maxVersion
    const [value] = fc.sample(structOf(api.request.fields, version), { numRuns: 1, seed: 7 })
    const whole = encodeBytes(api.request, version, value)
    for (let length = 0; length < whole.length; length++) {
      // The bytes behind the end are there, so that reading on would succeed.
      const reader = new Reader(whole, 0, length)
      t.throws(() => decodeExact(api.request, version, reader), DecodeError)
    }
  }
  t.end()
})

t.test('mutated golden frames are decoded or refused by a DecodeError', t => {
  const endMs = Date.now() + 2000
  const { failures, rounds } = fuzz({
    seed: 42,
    isDone: done => done >= 60_000 || ((done & 1023) === 0 && Date.now() >= endMs),
    nowMs: Date.now,
    hangMs: Number.POSITIVE_INFINITY,
  })
  t.same(failures, [])
  t.ok(rounds > 0)
  t.end()
})

const counted = message({
  name: 'Counted',
  versions: [0, 1],
  flexible: 1,
  fields: { items: array({ id: int32(), name: string() }), small: array(int8()) },
})

t.test('a count is checked against the bytes that are left before anything is made', t => {
  const huge = Buffer.from('7fffffff00000000', 'hex')
  t.throws(() => decodeMessage(counted, 0, huge), DecodeError)
  // Two items of at least six bytes each do not fit into eleven bytes.
  t.throws(() => decodeMessage(counted, 0, Buffer.alloc(15, 0).fill(2, 3, 4)), DecodeError)
  t.throws(() => decodeMessage(counted, 1, Buffer.from('ffffffff0f00', 'hex')), DecodeError)
  t.throws(() => decodeMessage(counted, 0, Buffer.from('fffffffe00000000', 'hex')), DecodeError)
  t.end()
})

t.test(
  'a request with more than 250,000 array elements is refused, an answer with 2,000,000',
  t => {
    const items = (count: number) => {
      const buffer = Buffer.alloc(4 + 4 + count)
      buffer.writeInt32BE(count, 4)
      return buffer
    }
    t.equal(decodeMessage(counted, 0, items(2_000_000)).small.length, 2_000_000)
    t.throws(() => decodeMessage(counted, 0, items(2_000_001)), /too many array elements/)
    const topics = Buffer.alloc(4 + 2 * 250_001)
    topics.writeInt32BE(250_001, 0)
    t.throws(() => decodeMessage(metadataApi.request, 1, topics), /too many array elements/)
    t.end()
  },
)

t.test('an unsigned varint has at most five bytes and 32 bits', t => {
  t.equal(new Reader(Buffer.from('ffffffff0f', 'hex')).unsignedVarint(), 0xffff_ffff)
  t.throws(() => new Reader(Buffer.from('ffffffff1f', 'hex')).unsignedVarint(), DecodeError)
  t.throws(() => new Reader(Buffer.from('808080808001', 'hex')).unsignedVarint(), DecodeError)
  t.throws(() => new Reader(Buffer.from('ff', 'hex')).unsignedVarint(), DecodeError)
  t.end()
})

t.test('null is refused where the version does not allow it', t => {
  // Metadata: null topics mean all topics from version 1 on.
  const nullTopics = Buffer.from('ffffffff', 'hex')
  t.throws(() => decodeMessage(metadataApi.request, 0, nullTopics), DecodeError)
  t.equal(decodeMessage(metadataApi.request, 1, nullTopics).topics, null)
  t.throws(() => encodeToBuffer(metadataApi.request, 0, { topics: null }), EncodeError)
  const badString = Buffer.from('ffff', 'hex')
  t.throws(() => decodeMessage(joinGroupApi.request, 0, badString), DecodeError)
  t.end()
})

t.test('unknown tagged fields are skipped, wrong sizes of known ones are refused', t => {
  const empty = encodeToBuffer(apiVersionsApi.response, 3, { errorCode: 0, apiKeys: [] })
  const body = empty.subarray(0, empty.length - 1)
  const withTags = (hex: string) =>
    decodeMessage(apiVersionsApi.response, 3, Buffer.concat([body, Buffer.from(hex, 'hex')]))
  t.equal(withTags('00').finalizedFeaturesEpoch, -1)
  t.equal(withTags('0101080000000000000007').finalizedFeaturesEpoch, 7)
  t.equal(withTags('02630161010800000000000000080000').finalizedFeaturesEpoch, 8)
  t.throws(() => withTags('010109000000000000000700'), /size/)
  t.throws(() => withTags('01010400000000'), DecodeError)
  t.throws(() => withTags('01637f00'), DecodeError)
  t.throws(() => withTags('7f'), DecodeError)
  t.end()
})

const numbers = message({
  name: 'Numbers',
  versions: [0, 0],
  flexible: 0,
  fields: { strict: int64(), loose: looseInt64() },
})

t.test('int64: safe integers pass, beyond 2^53 the decoder refuses and never rounds', t => {
  const strict = (value: bigint) => {
    const buffer = Buffer.alloc(17)
    buffer.writeBigInt64BE(value, 0)
    return decodeMessage(numbers, 0, buffer).strict
  }
  const around = [0n, 2n ** 31n, 2n ** 32n, 2n ** 53n].flatMap(center =>
    [-1n, 0n, 1n].map(d => center + d),
  )
  for (const value of around.flatMap(v => [v, -v])) {
    if (value > 2n ** 53n - 1n || value < 1n - 2n ** 53n) {
      t.throws(() => strict(value), DecodeError, `${value}`)
    } else {
      t.equal(BigInt(strict(value)), value, `${value}`)
    }
  }
  t.throws(() => strict(MAX_INT64), DecodeError)
  t.throws(() => strict(MIN_INT64), DecodeError)
  for (const value of [2 ** 53, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => encodeToBuffer(numbers, 0, { strict: value, loose: 0 }), EncodeError)
  }
  t.end()
})

t.test('int64: safe integers survive a round trip', t => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (strict, loose) => {
      const found = decodeMessage(numbers, 0, encodeToBuffer(numbers, 0, { strict, loose }))
      return found.strict === strict && found.loose === loose
    }),
  )
  t.end()
})

t.test('loose 64-bit fields take any value: the nearest double, clamped when sent', t => {
  const buffer = Buffer.alloc(17)
  buffer.writeBigInt64BE(MAX_INT64, 8)
  const { loose } = decodeMessage(numbers, 0, buffer)
  t.equal(loose, 2 ** 63)
  t.same(encodeToBuffer(numbers, 0, { strict: 0, loose }), buffer)
  buffer.writeBigInt64BE(MIN_INT64, 8)
  t.same(encodeToBuffer(numbers, 0, { strict: 0, loose: -(2 ** 70) }), buffer)
  const query = decodeMessage(
    listOffsetsApi.request,
    1,
    Buffer.from('ffffffff00000001000174000000010000000080000000000000aa', 'hex').subarray(0, 27),
  )
  t.equal(query.topics[0]?.partitions[0]?.timestamp, Number(MIN_INT64 + 0xaan))
  t.end()
})

t.test('a value that does not fit its version is a bug: EncodeError', t => {
  const wrong = (body: unknown) => () =>
    encodeToBuffer(joinGroupApi.request, 5, body as Parameters<typeof encodeToBuffer>[2])
  const good = {
    groupId: 'g',
    sessionTimeoutMs: 1,
    rebalanceTimeoutMs: 1,
    memberId: '',
    protocolType: 'consumer',
    protocols: [],
  }
  t.doesNotThrow(wrong(good))
  t.throws(wrong({ ...good, sessionTimeoutMs: 2 ** 31 }), EncodeError)
  t.throws(wrong({ ...good, sessionTimeoutMs: '1' }), EncodeError)
  t.throws(wrong({ ...good, groupId: null }), EncodeError)
  t.throws(wrong({ ...good, groupId: undefined }), /groupId/)
  t.throws(wrong({ ...good, groupId: 'x'.repeat(32_768) }), EncodeError)
  t.throws(wrong({ ...good, protocols: {} }), EncodeError)
  t.throws(wrong({ ...good, protocols: [{ name: 'range' }] }), /metadata/)
  t.end()
})

const history = message({
  name: 'History',
  versions: [0, 2],
  flexible: 2,
  fields: {
    old: int32({ until: 0, default: 5 }),
    fresh: int32({ since: 1, default: 7 }),
    hint: string({ since: 1, ignorable: true }),
    tagged: struct({ since: 2, tag: 0 }, { a: int32({ default: -1 }), b: array(string()) }),
  },
})

t.test('a field that the version lacks must be at its default, unless it is ignorable', t => {
  t.same(encodeToBuffer(history, 0, { hint: 'dropped' }), Buffer.from('00000005', 'hex'))
  t.same(encodeToBuffer(history, 0, { fresh: 7 }), Buffer.from('00000005', 'hex'))
  t.throws(() => encodeToBuffer(history, 0, { fresh: 8 }), /fresh/)
  t.throws(() => encodeToBuffer(history, 1, { old: 6 }), /old/)
  t.throws(() => encodeToBuffer(history, 1, { tagged: { b: ['x'] } }), /tagged/)
  t.doesNotThrow(() => encodeToBuffer(history, 1, { tagged: { a: -1, b: [] } }))
  t.throws(() => encodeToBuffer(history, 3, {}), { name: 'AssertionError' })
  t.throws(() => decodeMessage(history, 3, Buffer.alloc(9)), DecodeError)
  t.end()
})

t.test('absent fields are decoded as their defaults, and all versions have one shape', t => {
  const names = ['old', 'fresh', 'hint', 'tagged']
  const v0 = decodeMessage(history, 0, Buffer.from('00000001', 'hex'))
  t.same(v0, { old: 1, fresh: 7, hint: '', tagged: { a: -1, b: [] } })
  t.same(Object.keys(v0), names)
  const v2 = decodeMessage(history, 2, Buffer.from('000000090261' + '00', 'hex'))
  t.same(v2, { old: 5, fresh: 9, hint: 'a', tagged: { a: -1, b: [] } })
  t.same(Object.keys(v2), names)
  t.end()
})

t.test('a tagged field at its default is not sent', t => {
  const hex = (body: Parameters<typeof encodeToBuffer>[2]) =>
    encodeToBuffer(history as AnyMessage, 2, body).toString('hex')
  t.equal(hex({}), '000000070100')
  t.equal(hex({ tagged: { a: -1, b: [] } }), '000000070100')
  t.equal(hex({ tagged: { b: ['x'] } }), '00000007010100' + '08' + 'ffffffff' + '020278' + '00')
  t.end()
})

t.test('error texts are cut to what a string holds, other texts are refused', t => {
  const long = '\u{1f600}'.repeat(10_000)
  const response = (errorMessage: string, name: string) => ({
    topics: [{ name, errorCode: 0, errorMessage }],
  })
  const createTopics = apis.find(api => api.name === 'CreateTopics')!
  const sent = encodeToBuffer(createTopics.response, 4, response(long, 't'))
  t.ok(sent.length < 32_767 + 100)
  t.throws(() => encodeToBuffer(createTopics.response, 4, response('', long)), /too long/)
  t.end()
})

t.test('a text is refused if it would be too long after its bad bytes are repaired', t => {
  const table = message({ name: 'T', versions: [0, 0], flexible: 'never', fields: { s: string() } })
  const frame = (length: number, byte: number) => {
    const buffer = Buffer.alloc(2 + length, byte)
    buffer.writeInt16BE(length, 0)
    return buffer
  }
  t.equal(decodeMessage(table, 0, frame(32_767, 0x61)).s.length, 32_767)
  t.equal(decodeMessage(table, 0, frame(10_922, 0xff)).s.length, 10_922)
  t.throws(() => decodeMessage(table, 0, frame(10_923, 0xff)), DecodeError)
  t.end()
})

t.test('records: large chunks are referenced, small ones are copied', t => {
  const table = message({
    name: 'R',
    versions: [0, 1],
    flexible: 1,
    fields: { before: int32(), data: records({ nullable: true }), after: int32() },
  })
  const large = Buffer.alloc(5000, 1)
  const small = Buffer.alloc(100, 2)
  for (const version of [0, 1]) {
    const writer = new Writer()
    encodeMessage(table, version, { before: 1, data: [small, large, small], after: 2 }, writer)
    const chunks = writer.finish()
    t.equal(chunks.length, 3)
    t.equal(chunks[1], large)
    const found = decodeMessage(table, version, Buffer.concat(chunks))
    t.same(found.data, Buffer.concat([small, large, small]))
    t.equal(found.after, 2)
    const none = encodeToBuffer(table, version, { before: 1, data: null, after: 2 })
    t.equal(decodeMessage(table, version, none).data, null)
  }
  t.end()
})

t.test('decoded bytes are slices of the frame', t => {
  const table = message({
    name: 'B',
    versions: [0, 0],
    flexible: 0,
    fields: { b: bytes(), u: uuid() },
  })
  const frame = encodeToBuffer(table, 0, { b: Buffer.from('abc'), u: 'AAAAAAAAAAAAAAAAAAAAAQ' })
  const { b, u } = decodeMessage(table, 0, frame)
  t.equal(b.buffer, frame.buffer)
  t.equal(u, 'AAAAAAAAAAAAAAAAAAAAAQ')
  for (const bad of ['', 'AAAAAAAAAAAAAAAAAAAAAB', 'AAAAAAAAAAAAAAAAAAAA+A', 'é'.repeat(22)]) {
    t.throws(() => encodeToBuffer(table, 0, { b, u: bad }), EncodeError, bad)
  }
  t.end()
})

t.test('an array of arrays is read and written', t => {
  const table = message({
    name: 'Grid',
    versions: [0, 1],
    flexible: 1,
    fields: { rows: array({ nullable: true }, array({ nullable: true }, int8())) },
  })
  for (const version of [0, 1]) {
    for (const rows of [null, [], [[1, 2], null, [], [3]]]) {
      t.same(decodeMessage(table, version, encodeToBuffer(table, version, { rows })), { rows })
    }
  }
  t.end()
})

t.test('trailing bytes of a request are ignored', t => {
  const body = Buffer.from('0000000001deadbeef', 'hex')
  t.same(decodeMessage(metadataApi.request, 1, body).topics, [])
  t.end()
})

t.test('a fetch request of version 4 has the fields of version 18 at their defaults', t => {
  const body = {
    maxWaitMs: 1,
    minBytes: 1,
    topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 9, partitionMaxBytes: 5 }] }],
  }
  const found = decodeMessage(fetchApi.request, 4, encodeToBuffer(fetchApi.request, 4, body))
  t.equal(found.sessionEpoch, -1)
  t.equal(found.replicaState.replicaId, -1)
  t.equal(found.topics[0]?.partitions[0]?.currentLeaderEpoch, -1)
  t.equal(found.topics[0]?.topicId, 'AAAAAAAAAAAAAAAAAAAAAA')
  t.end()
})

t.test('an answer drops what an old version cannot hold', t => {
  const partition = { partitionIndex: 0, errorCode: 0, timestamp: 1, offset: 2, leaderEpoch: 3 }
  const answer = { topics: [{ name: 'a', partitions: [partition] }] }
  const bytes = encodeToBuffer(listOffsetsApi.response, 3, answer)
  const decoded = decodeMessage(listOffsetsApi.response, 3, bytes)
  t.same(decoded.topics[0]?.partitions[0], { ...partition, leaderEpoch: -1 })
  t.end()
})
