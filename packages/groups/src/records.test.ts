import { ZERO_UUID } from '@weir/core'
import { SimRandom } from '@weir/core/sim'
import {
  DecodeError,
  encodeRecordKey,
  encodeRecordValue,
  offsetsTopicRecords,
} from '@weir/protocol'
import t from 'tap'
import { INITIAL_ASSIGNMENT } from './consumer/consumer-member.ts'
import { OwnedBuilder, PartitionSetBuilder } from './consumer/partitions.ts'
import { GroupShard } from './group-shard.ts'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from './records.ts'
import { NO_TOPICS } from './testing/shard-harness.ts'
import { DEFAULT_GROUPS_CONFIG } from './types.ts'

const TOPIC_ID = 'topic________________A'
const offset = {
  offset: 12,
  leaderEpoch: 3,
  metadata: 'note é',
  commitTimestampMs: 1_700_000_000_000,
  expireTimestampMs: null,
  topicId: TOPIC_ID,
}
const owned = new OwnedBuilder()
owned.add(TOPIC_ID, 2, 7)
owned.add(TOPIC_ID, 5, 9)
const target = new PartitionSetBuilder()
target.add(TOPIC_ID, 1)
const member = {
  memberId: 'm',
  instanceId: 'i',
  rackId: null,
  clientId: 'c',
  clientHost: '/h',
  subscribedTopicNames: ['t', 'u'],
  subscribedTopicRegex: 'a.*',
  rebalanceTimeoutMs: 5,
  serverAssignor: 'range',
  classic: { sessionTimeoutMs: 9, protocols: [{ name: 'range', metadata: Buffer.from('x') }] },
}
const offsetOf = (value: typeof offset | null): GroupRecord => ({
  kind: 'offset-commit',
  groupId: 'g',
  topic: 't',
  partitionIndex: 4,
  value,
})

const records: readonly { readonly name: string; readonly record: GroupRecord }[] = [
  { name: 'an offset', record: offsetOf(offset) },
  { name: 'an offset without topic id', record: offsetOf({ ...offset, topicId: ZERO_UUID }) },
  { name: 'a tombstone of an offset', record: offsetOf(null) },
  {
    name: 'a classic group',
    record: {
      kind: 'group-metadata',
      groupId: 'g',
      value: {
        protocolType: 'consumer',
        generationId: 3,
        protocolName: 'range',
        leaderId: 'm',
        stateChangedMs: 17,
        members: [
          {
            memberId: 'm',
            groupInstanceId: null,
            clientId: 'c',
            clientHost: '/h',
            rebalanceTimeoutMs: 8,
            sessionTimeoutMs: 9,
            subscription: Buffer.from('s'),
            assignment: Buffer.from('a'),
          },
        ],
      },
    },
  },
  {
    name: 'an empty classic group',
    record: {
      kind: 'group-metadata',
      groupId: 'g',
      value: {
        protocolType: '',
        generationId: 4,
        protocolName: null,
        leaderId: null,
        stateChangedMs: null,
        members: [],
      },
    },
  },
  {
    name: 'a consumer group',
    record: { kind: 'consumer-metadata', groupId: 'g', value: { epoch: 3, metadataHash: -5n } },
  },
  {
    name: 'a member',
    record: { kind: 'consumer-member', groupId: 'g', memberId: 'm', value: member },
  },
  {
    name: 'a member of the new protocol',
    record: {
      kind: 'consumer-member',
      groupId: 'g',
      memberId: 'm',
      value: { ...member, classic: null },
    },
  },
  {
    name: 'a target',
    record: { kind: 'consumer-target', groupId: 'g', memberId: 'm', value: target.build() },
  },
  {
    name: 'the epoch of a target',
    record: { kind: 'consumer-target-metadata', groupId: 'g', value: { epoch: 3, timestampMs: 5 } },
  },
  {
    name: 'an assignment with its epochs',
    record: {
      kind: 'consumer-current',
      groupId: 'g',
      memberId: 'm',
      value: {
        memberEpoch: 9,
        previousMemberEpoch: 8,
        state: 'unrevoked',
        assigned: owned.build(),
        revoking: owned.build(),
      },
    },
  },
  {
    name: 'a pattern',
    record: {
      kind: 'consumer-regex',
      groupId: 'g',
      regex: 'a.*',
      value: { topics: new Set(['a1']), version: 3, timestampMs: 4 },
    },
  },
]

for (const { name, record } of records) {
  t.test(`${name} comes back from its bytes as it was`, async t => {
    const { key, value } = encodeGroupRecord(record)
    t.same(decodeGroupRecord(key, value), record)
  })
}

t.test(
  'an offset with an expiry of its own keeps that, and nothing that its version lacks',
  async t => {
    const record = offsetOf({ ...offset, expireTimestampMs: 99 } as never)
    const { key, value } = encodeGroupRecord(record)
    const expected = { ...offset, expireTimestampMs: 99, leaderEpoch: -1, topicId: ZERO_UUID }
    t.same(decodeGroupRecord(key, value), offsetOf(expected as never))
  },
)

t.test('records of old brokers are read', async t => {
  const { legacyOffsetCommit, groupMetadata } = offsetsTopicRecords
  const key = encodeRecordKey(legacyOffsetCommit, { group: 'g', topic: 't', partition: 4 })
  const value = encodeRecordValue(legacyOffsetCommit, 0, {
    offset: 12,
    metadata: '',
    commitTimestamp: 5,
  })
  t.match(decodeGroupRecord(key, value), { kind: 'offset-commit', value: { leaderEpoch: -1 } })
  const groupKey = encodeRecordKey(groupMetadata, { group: 'g' })
  const old = {
    memberId: 'm',
    clientId: 'c',
    clientHost: '/h',
    sessionTimeout: 9,
    subscription: Buffer.alloc(0),
    assignment: Buffer.alloc(0),
  }
  const group = encodeRecordValue(groupMetadata, 0, {
    protocolType: 'consumer',
    generation: 1,
    protocol: 'range',
    leader: 'm',
    members: [old],
  })
  t.match(decodeGroupRecord(groupKey, group), {
    value: { stateChangedMs: null, members: [{ rebalanceTimeoutMs: 9, groupInstanceId: null }] },
  })
})

t.test('unknown kinds are left alone, damaged bytes are a DecodeError', async t => {
  t.equal(decodeGroupRecord(Buffer.from([0, 99, 1, 2, 3]), null), null)
  const { key, value } = encodeGroupRecord(offsetOf(offset))
  t.throws(() => decodeGroupRecord(key.subarray(0, 5), value), DecodeError)
  t.throws(() => decodeGroupRecord(key, (value ?? key).subarray(0, 7)), DecodeError)
  t.throws(() => decodeGroupRecord(Buffer.alloc(1), null), DecodeError)
  const newer = Buffer.from(value ?? key)
  newer.writeInt16BE(77)
  t.throws(() => decodeGroupRecord(key, newer), DecodeError)
})

t.test('compaction may put offsets in front of their group: it becomes what it is', async t => {
  const shard = new GroupShard(new SimRandom(1), DEFAULT_GROUPS_CONFIG, NO_TOPICS)
  const current = { ...INITIAL_ASSIGNMENT, memberEpoch: 3, assigned: owned.build() }
  for (const record of [
    offsetOf(offset),
    { kind: 'consumer-member', groupId: 'g', memberId: 'm', value: member },
    { kind: 'consumer-current', groupId: 'g', memberId: 'm', value: current },
    { kind: 'consumer-metadata', groupId: 'g', value: { epoch: 3, metadataHash: 0n } },
    // Tombstones of what was never there.
    { kind: 'consumer-member', groupId: 'other', memberId: 'm', value: null },
    { kind: 'group-metadata', groupId: 'other', value: null },
  ] as const) {
    shard.replay(record, 0)
  }
  const listed = shard.listGroups(1, { statesFilter: [], typesFilter: [] }).replies[0]!.response
  t.match(listed, { groups: [{ groupId: 'g', groupType: 'consumer' }] })
  const fetch = { groupId: 'g', topics: null, requireStable: false, memberId: 'm', memberEpoch: 3 }
  const fetched = shard.offsetFetch(2, fetch).replies[0]!.response
  t.match(fetched, { errorCode: 0, topics: [{ partitions: [{ committedOffset: 12 }] }] })
})
