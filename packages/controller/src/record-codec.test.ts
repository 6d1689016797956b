// The codec of partitions is written by hand: it has to make the bytes that the table says.

import fc from 'fast-check'
import t from 'tap'
import { ProtoWriter } from './proto-writer.ts'
import { decodeMetadataBatch, encodeMetadataBatch, writeFields } from './record-codec.ts'
import { RECORD_TABLES } from './record-tables.ts'
import type { MetadataRecord } from './records.ts'

const ids = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { maxLength: 200 })
const epoch = fc.nat({ max: 2 ** 31 - 1 })
const leader = fc.integer({ min: -1, max: 2 ** 31 - 1 })
const recovery = fc.nat({ max: 1 })
const place = { topicId: fc.string(), partitionIndex: fc.nat(), partitionEpoch: epoch }

const partition = fc.record({
  kind: fc.constant('partition' as const),
  ...place,
  replicas: ids,
  isr: ids,
  addingReplicas: ids,
  removingReplicas: ids,
  elr: ids,
  lastKnownElr: ids,
  leader,
  leaderRecoveryState: recovery,
  leaderEpoch: epoch,
})

const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })
const change = fc.record({
  kind: fc.constant('partitionChange' as const),
  ...place,
  replicas: maybe(ids),
  isr: maybe(ids),
  addingReplicas: maybe(ids),
  removingReplicas: maybe(ids),
  elr: maybe(ids),
  lastKnownElr: maybe(ids),
  leader: maybe(leader),
  leaderRecoveryState: maybe(recovery),
  leaderEpoch: maybe(epoch),
})

const seed = Number(process.env['WEIR_TEST_SEED'] ?? 3)

/** The batch of one record, by the table alone. */
function byTable(record: MetadataRecord): Buffer {
  const table = RECORD_TABLES.find(each => each.kind === record.kind)
  if (table === undefined) throw new Error(record.kind)
  const writer = new ProtoWriter()
  writer.varint(10)
  const outer = writer.begin()
  writer.varint((table.id << 3) | 2)
  const inner = writer.begin()
  writeFields(writer, table.fields, record as unknown as Record<string, unknown>)
  writer.end(inner)
  writer.end(outer)
  return writer.finish()
}

t.test('partitions are written as the table says, and read as they were written', async t => {
  fc.assert(
    fc.property(fc.array(fc.oneof(partition, change), { maxLength: 8 }), records => {
      const bytes = encodeMetadataBatch(records)
      const expected = Buffer.concat(records.map(byTable))
      if (!bytes.equals(expected)) throw new Error('other bytes than the table makes')
      t.same(decodeMetadataBatch(bytes), records)
    }),
    { seed, numRuns: 300 },
  )
})

t.test('partitions that are read share equal lists and topic ids', async t => {
  const record: MetadataRecord = {
    kind: 'partition',
    topicId: 'topic',
    partitionIndex: 0,
    replicas: [1, 2, 3],
    isr: [1, 2, 3],
    addingReplicas: [],
    removingReplicas: [],
    elr: [],
    lastKnownElr: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
  const [first, second] = decodeMetadataBatch(
    encodeMetadataBatch([record, { ...record, partitionIndex: 1 }]),
  )
  if (first?.kind !== 'partition' || second?.kind !== 'partition') throw new Error('other kinds')
  t.equal(first.replicas, second.replicas)
  t.equal(first.isr, first.replicas)
  t.equal(first.elr, second.addingReplicas)
})
