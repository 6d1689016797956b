// The records of consumer groups in __consumer_offsets, in Kafka's own bytes.

import {
  decodeRecordKey,
  decodeRecordValue,
  encodeRecordKey,
  encodeRecordValue,
  offsetsTopicRecords,
  recordTypeOf,
} from '@weir/protocol'
import { copyBytes } from '../copy-bytes.ts'
import type { ResolvedRegex } from './consumer-group.ts'
import type { ConsumerMemberMetadata, CurrentAssignment, MemberState } from './consumer-member.ts'
import {
  OwnedBuilder,
  type OwnedPartitions,
  type PartitionSet,
  PartitionSetBuilder,
} from './partitions.ts'

export interface ConsumerMetadataRecord {
  readonly kind: 'consumer-metadata'
  readonly groupId: string
  readonly value: { readonly epoch: number; readonly metadataHash: bigint } | null
}

export interface ConsumerMemberRecord {
  readonly kind: 'consumer-member'
  readonly groupId: string
  readonly memberId: string
  readonly value: ConsumerMemberMetadata | null
}

export interface ConsumerTargetMetadataRecord {
  readonly kind: 'consumer-target-metadata'
  readonly groupId: string
  readonly value: { readonly epoch: number; readonly timestampMs: number } | null
}

export interface ConsumerTargetRecord {
  readonly kind: 'consumer-target'
  readonly groupId: string
  readonly memberId: string
  readonly value: PartitionSet | null
}

export interface ConsumerCurrentRecord {
  readonly kind: 'consumer-current'
  readonly groupId: string
  readonly memberId: string
  readonly value: CurrentAssignment | null
}

export interface ConsumerRegexRecord {
  readonly kind: 'consumer-regex'
  readonly groupId: string
  readonly regex: string
  readonly value: ResolvedRegex | null
}

export type ConsumerRecord =
  | ConsumerMetadataRecord
  | ConsumerMemberRecord
  | ConsumerTargetMetadataRecord
  | ConsumerTargetRecord
  | ConsumerCurrentRecord
  | ConsumerRegexRecord

const {
  consumerGroupMetadata,
  consumerGroupMemberMetadata,
  consumerGroupTargetAssignmentMetadata,
  consumerGroupTargetAssignmentMember,
  consumerGroupCurrentMemberAssignment,
  consumerGroupRegularExpression,
} = offsetsTopicRecords

const VERSION = 0

const STATE_CODES: Readonly<Record<MemberState, number>> = {
  stable: 0,
  unrevoked: 1,
  unreleased: 2,
}
/** What a member state of a newer version is taken for: it is told its assignment again. */
const STATES: readonly MemberState[] = ['stable', 'unrevoked', 'unreleased']

export function encodeConsumerRecord(record: ConsumerRecord): {
  readonly key: Buffer
  readonly value: Buffer | null
} {
  const { groupId, value } = record
  switch (record.kind) {
    case 'consumer-metadata': {
      const key = encodeRecordKey(consumerGroupMetadata, { groupId })
      if (record.value === null) return { key, value: null }
      const { epoch, metadataHash } = record.value
      const fields = { epoch, metadataHash }
      return { key, value: encodeRecordValue(consumerGroupMetadata, VERSION, fields) }
    }
    case 'consumer-member': {
      const { memberId } = record
      const key = encodeRecordKey(consumerGroupMemberMetadata, { groupId, memberId })
      return { key, value: value === null ? null : encodeMember(record.value) }
    }
    case 'consumer-target-metadata': {
      const key = encodeRecordKey(consumerGroupTargetAssignmentMetadata, { groupId })
      if (record.value === null) return { key, value: null }
      const { epoch, timestampMs } = record.value
      const fields = { assignmentEpoch: epoch, assignmentTimestamp: timestampMs }
      const bytes = encodeRecordValue(consumerGroupTargetAssignmentMetadata, VERSION, fields)
      return { key, value: bytes }
    }
    case 'consumer-target': {
      const { memberId } = record
      const key = encodeRecordKey(consumerGroupTargetAssignmentMember, { groupId, memberId })
      if (record.value === null) return { key, value: null }
      const topicPartitions = [...record.value].map(([topicId, partitions]) => ({
        topicId,
        partitions: [...partitions].sort((a, b) => a - b),
      }))
      const bytes = encodeRecordValue(consumerGroupTargetAssignmentMember, VERSION, {
        topicPartitions,
      })
      return { key, value: bytes }
    }
    case 'consumer-current': {
      const { memberId } = record
      const key = encodeRecordKey(consumerGroupCurrentMemberAssignment, { groupId, memberId })
      return { key, value: record.value === null ? null : encodeCurrent(record.value) }
    }
    case 'consumer-regex': {
      const regularExpression = record.regex
      const key = encodeRecordKey(consumerGroupRegularExpression, { groupId, regularExpression })
      if (record.value === null) return { key, value: null }
      const { topics, version, timestampMs } = record.value
      const fields = { topics: [...topics], version, timestamp: timestampMs }
      return { key, value: encodeRecordValue(consumerGroupRegularExpression, VERSION, fields) }
    }
  }
}

/** Null if the key is of another kind of record. */
export function decodeConsumerRecord(key: Buffer, value: Buffer | null): ConsumerRecord | null {
  switch (recordTypeOf(key)) {
    case consumerGroupMetadata.recordType: {
      const { groupId } = decodeRecordKey(consumerGroupMetadata, key)
      const decoded = value === null ? null : decodeRecordValue(consumerGroupMetadata, value)
      return { kind: 'consumer-metadata', groupId, value: decoded }
    }
    case consumerGroupMemberMetadata.recordType: {
      const { groupId, memberId } = decodeRecordKey(consumerGroupMemberMetadata, key)
      const decoded = value === null ? null : decodeMember(memberId, value)
      return { kind: 'consumer-member', groupId, memberId, value: decoded }
    }
    case consumerGroupTargetAssignmentMetadata.recordType: {
      const { groupId } = decodeRecordKey(consumerGroupTargetAssignmentMetadata, key)
      if (value === null) return { kind: 'consumer-target-metadata', groupId, value: null }
      const decoded = decodeRecordValue(consumerGroupTargetAssignmentMetadata, value)
      const { assignmentEpoch: epoch, assignmentTimestamp: timestampMs } = decoded
      return { kind: 'consumer-target-metadata', groupId, value: { epoch, timestampMs } }
    }
    case consumerGroupTargetAssignmentMember.recordType: {
      const { groupId, memberId } = decodeRecordKey(consumerGroupTargetAssignmentMember, key)
      const decoded = value === null ? null : decodeTarget(value)
      return { kind: 'consumer-target', groupId, memberId, value: decoded }
    }
    case consumerGroupCurrentMemberAssignment.recordType: {
      const { groupId, memberId } = decodeRecordKey(consumerGroupCurrentMemberAssignment, key)
      const decoded = value === null ? null : decodeCurrent(value)
      return { kind: 'consumer-current', groupId, memberId, value: decoded }
    }
    case consumerGroupRegularExpression.recordType: {
      const decodedKey = decodeRecordKey(consumerGroupRegularExpression, key)
      const { groupId, regularExpression: regex } = decodedKey
      const decoded = value === null ? null : decodeRegex(value)
      return { kind: 'consumer-regex', groupId, regex, value: decoded }
    }
    default:
      return null
  }
}

function encodeMember(value: ConsumerMemberMetadata | null): Buffer | null {
  if (value === null) return null
  const { classic } = value
  return encodeRecordValue(consumerGroupMemberMetadata, VERSION, {
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    subscribedTopicNames: value.subscribedTopicNames,
    subscribedTopicRegex: value.subscribedTopicRegex,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    classicMemberMetadata:
      classic === null
        ? null
        : { sessionTimeoutMs: classic.sessionTimeoutMs, supportedProtocols: classic.protocols },
  })
}

function decodeMember(memberId: string, bytes: Buffer): ConsumerMemberMetadata {
  const decoded = decodeRecordValue(consumerGroupMemberMetadata, bytes)
  const { classicMemberMetadata: classic, subscribedTopicNames, ...rest } = decoded
  return {
    memberId,
    ...rest,
    subscribedTopicNames: [...subscribedTopicNames],
    classic:
      classic === null || classic.supportedProtocols.length === 0
        ? null
        : {
            sessionTimeoutMs: classic.sessionTimeoutMs,
            protocols: classic.supportedProtocols.map(({ name, metadata }) => ({
              name,
              metadata: copyBytes(metadata),
            })),
          },
  }
}

function decodeTarget(bytes: Buffer): PartitionSet {
  const target = new PartitionSetBuilder()
  const { topicPartitions } = decodeRecordValue(consumerGroupTargetAssignmentMember, bytes)
  for (const { topicId, partitions } of topicPartitions) {
    for (const index of partitions) target.add(topicId, index)
  }
  return target.build()
}

function encodeCurrent(value: CurrentAssignment): Buffer {
  return encodeRecordValue(consumerGroupCurrentMemberAssignment, VERSION, {
    memberEpoch: value.memberEpoch,
    previousMemberEpoch: value.previousMemberEpoch,
    state: STATE_CODES[value.state],
    assignedPartitions: encodeOwned(value.assigned),
    partitionsPendingRevocation: encodeOwned(value.revoking),
  })
}

function encodeOwned(owned: OwnedPartitions) {
  return [...owned].map(([topicId, partitions]) => {
    const entries = [...partitions].sort((a, b) => a[0] - b[0])
    return {
      topicId,
      partitions: entries.map(each => each[0]),
      assignmentEpochs: entries.map(each => each[1]),
    }
  })
}

function decodeCurrent(bytes: Buffer): CurrentAssignment {
  const decoded = decodeRecordValue(consumerGroupCurrentMemberAssignment, bytes)
  const { memberEpoch } = decoded
  return {
    memberEpoch,
    previousMemberEpoch: decoded.previousMemberEpoch,
    state: STATES[decoded.state] ?? 'unreleased',
    assigned: decodeOwned(decoded.assignedPartitions, memberEpoch),
    revoking: decodeOwned(decoded.partitionsPendingRevocation, memberEpoch),
  }
}

/** Records of old have no epochs: the member's own fences as before. */
function decodeOwned(
  topics: readonly {
    topicId: string
    partitions: number[]
    assignmentEpochs: number[] | null
  }[],
  memberEpoch: number,
): OwnedPartitions {
  const owned = new OwnedBuilder()
  for (const { topicId, partitions, assignmentEpochs } of topics) {
    partitions.forEach((index, at) => {
      owned.add(topicId, index, assignmentEpochs?.[at] ?? memberEpoch)
    })
  }
  return owned.build()
}

function decodeRegex(bytes: Buffer): ResolvedRegex {
  const { topics, version, timestamp } = decodeRecordValue(consumerGroupRegularExpression, bytes)
  return { topics: new Set(topics), version, timestampMs: timestamp }
}
