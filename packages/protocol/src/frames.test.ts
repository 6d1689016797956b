import { readFileSync } from 'node:fs'
import t from 'tap'
import { apiByKey, apis } from './apis.ts'
import { decodeMessage } from './codec.ts'
import { apiVersionsApi } from './definitions/api-versions.ts'
import { fetchApi } from './definitions/fetch.ts'
import { metadataApi } from './definitions/metadata.ts'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from './embedded/consumer-protocol.ts'
import { EncodeError } from './encode-error.ts'
import { errorCode, errorCodes, errorName, KafkaError } from './error-codes.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestFrame,
  encodeResponseFrame,
  responseHeaderVersion,
} from './frames.ts'
import { offsetsTopicRecords } from './internal-topics/index.ts'
import {
  decodeRecordKey,
  decodeRecordValue,
  encodeRecordKey,
  encodeRecordValue,
  recordTypeOf,
} from './internal-topics/topic-record.ts'
import { DecodeError } from './reader.ts'
import { hasWholeGolden, WHOLE_GOLDEN } from './testing/golden.ts'
import { decodeVersioned, encodeVersioned } from './versioned.ts'

t.test('the answer to ApiVersions has the plain header in every version', t => {
  t.equal(responseHeaderVersion(apiVersionsApi.key, 4), 0)
  t.equal(responseHeaderVersion(metadataApi.key, 9), 1)
  t.equal(responseHeaderVersion(metadataApi.key, 8), 0)
  const body = { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }
  const frame = Buffer.concat(encodeResponseFrame(apiVersionsApi, 0, 7, body))
  t.equal(frame.toString('hex'), '00000010' + '00000007' + '0023' + '00000001001200000004')
  const flexible = Buffer.concat(encodeResponseFrame(apiVersionsApi, 4, 7, body))
  const { correlationId, bodyStart } = decodeResponseHeader(18, 4, flexible, 4)
  t.equal(correlationId, 7)
  t.equal(bodyStart, 8)
  t.equal(decodeMessage(apiVersionsApi.response, 4, flexible, bodyStart).apiKeys.length, 1)
  t.end()
})

t.test('the header of an unknown API or version is read without its body', t => {
  const unknown = Buffer.from('2710' + '0000' + '00000005' + 'ffff', 'hex')
  t.same(
    { ...decodeRequestHeader(unknown) },
    {
      requestApiKey: 10_000,
      requestApiVersion: 0,
      correlationId: 5,
      clientId: null,
      bodyStart: 10,
    },
  )
  // franz-go opens with ApiVersions v5.
  const newer = Buffer.from('0012' + '0005' + '00000000' + '0001' + '61' + '00' + 'ff', 'hex')
  t.equal(decodeRequestHeader(newer).requestApiVersion, 5)
  t.equal(decodeRequestHeader(newer).bodyStart, 12)
  t.throws(() => decodeRequestHeader(Buffer.alloc(9)), DecodeError)
  t.end()
})

t.test('an encoder that throws leaves nothing behind for the next frame', t => {
  const options = { version: 1, correlationId: 1, clientId: 'c' }
  t.throws(
    () => encodeRequestFrame(metadataApi, options, { topics: [{ name: null }] }),
    EncodeError,
  )
  const frame = Buffer.concat(encodeRequestFrame(metadataApi, options, { topics: null }))
  t.equal(frame.readInt32BE(0), frame.length - 4)
  t.equal(frame.toString('hex'), '0000000f' + '00030001' + '00000001' + '000163' + 'ffffffff')
  t.end()
})

t.test('a fetch answer references its records', t => {
  const batch = Buffer.alloc(100_000, 1)
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 1, records: [batch] }
  const partitions = [{ ...partition, abortedTransactions: null }]
  const body = { errorCode: 0, responses: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions }] }
  const chunks = encodeResponseFrame(fetchApi, 18, 3, body)
  t.ok(chunks.includes(batch))
  const frame = Buffer.concat(chunks)
  t.equal(frame.readInt32BE(0), frame.length - 4)
  t.end()
})

t.test('records of the offsets topic have their type and version in front', t => {
  const { offsetCommit, groupMetadata } = offsetsTopicRecords
  const key = encodeRecordKey(offsetCommit, { group: 'g', topic: 't', partition: 3 })
  t.equal(key.toString('hex'), '0001' + '000167' + '000174' + '00000003')
  t.equal(recordTypeOf(key), 1)
  t.same(decodeRecordKey(offsetCommit, key), { group: 'g', topic: 't', partition: 3 })
  t.throws(() => decodeRecordKey(groupMetadata, key), DecodeError)
  const value = encodeRecordValue(offsetCommit, 3, {
    offset: 5,
    metadata: '',
    commitTimestamp: 1,
    leaderEpoch: 2,
  })
  t.equal(value.readInt16BE(0), 3)
  t.equal(decodeRecordValue(offsetCommit, value).leaderEpoch, 2)
  t.throws(() => decodeRecordValue(offsetCommit, Buffer.from('00630000', 'hex')), DecodeError)
  t.throws(() => recordTypeOf(Buffer.alloc(1)), DecodeError)
  t.end()
})

t.test('a newer subscription or assignment is read as the last known version', t => {
  const bytes = encodeVersioned(consumerProtocolSubscription, 3, { topics: ['a'], rackId: 'r' })
  bytes.writeInt16BE(9, 0)
  t.throws(() => decodeVersioned(consumerProtocolSubscription, bytes), DecodeError)
  t.equal(decodeVersioned(consumerProtocolSubscription, bytes, { orNewer: true }).rackId, 'r')
  const none = encodeVersioned(consumerProtocolAssignment, 0, { assignedPartitions: [] })
  t.same(decodeVersioned(consumerProtocolAssignment, none).assignedPartitions, [])
  t.end()
})

t.test('error codes: names and codes map onto each other', t => {
  const codes = new Set<number>()
  for (const [name, row] of Object.entries(errorCodes)) {
    t.equal(errorName(row.code), name)
    codes.add(row.code)
  }
  t.equal(codes.size, Object.keys(errorCodes).length)
  t.equal(errorCode('INVALID_REQUEST'), 42)
  t.equal(errorName(32_000), 'UNKNOWN_SERVER_ERROR')
  const error = new KafkaError('NOT_CONTROLLER')
  t.equal(error.code, 41)
  t.equal(error.errorName, 'NOT_CONTROLLER')
  t.end()
})

t.test('keys are unique, and versions are those of Kafka 4.3.1', t => {
  t.equal(new Set(apis.map(api => api.key)).size, apis.length)
  if (!hasWholeGolden()) {
    t.comment('the list of Kafka is not beside the checkout')
    t.end()
    return
  }
  const kafka = JSON.parse(readFileSync(new URL('apis.json', WHOLE_GOLDEN), 'utf8'))
  for (const wanted of kafka.filter((entry: { removed?: true }) => entry.removed !== true)) {
    const { name, min, max } = wanted
    const api = apiByKey(wanted.apiKey)
    t.same(api && { name: api.name, min: api.minVersion, max: api.maxVersion }, { name, min, max })
  }
  const errors = JSON.parse(readFileSync(new URL('../errors.json', WHOLE_GOLDEN), 'utf8'))
  for (const { code, name, retriable, refreshMetadata } of errors) {
    const row = errorCodes[errorName(code)]
    t.same(
      [errorName(code), row.retriable, row.refreshMetadata],
      [name, retriable, refreshMetadata],
    )
  }
  t.equal(errors.length, Object.keys(errorCodes).length)
  t.end()
})
