// Replies and records as lines of a scenario. For tests only.

import { subscribedTopics } from '../classic/subscription.ts'
import type { ConsumerRecord } from '../consumer/consumer-records.ts'
import type { OwnedPartitions, PartitionSet } from '../consumer/partitions.ts'
import type { GroupRecord } from '../records.ts'
import { describeAssignment } from './subscriptions.ts'

type ErrorNames = (code: number) => string
type Fields = Readonly<Record<string, unknown>>

export function formatRecord(record: GroupRecord): string {
  switch (record.kind) {
    case 'offset-commit': {
      const { groupId, topic, partitionIndex, value } = record
      const where = `offset ${groupId} ${topic}-${partitionIndex}`
      if (value === null) return `${where} tombstone`
      const epoch = value.leaderEpoch === -1 ? '' : ` epoch=${value.leaderEpoch}`
      const metadata = value.metadata === '' ? '' : ` meta=${value.metadata}`
      const expiry = value.expireTimestampMs === null ? '' : ` expires=${value.expireTimestampMs}`
      return `${where} ${value.offset}${epoch}${metadata}${expiry}`
    }
    case 'group-metadata': {
      const { groupId, value } = record
      if (value === null) return `group ${groupId} tombstone`
      const { generationId, protocolName, leaderId } = value
      const members = value.members.map(({ memberId, groupInstanceId, assignment }) => {
        const instance = groupInstanceId === null ? '' : `@${groupInstanceId}`
        return `${memberId}${instance}:${formatBytes('assignment', assignment)}`
      })
      const head = `group ${groupId} gen=${generationId} protocol=${protocolName} leader=${leaderId}`
      return `${head} [${members.join(' ')}]`
    }
    default:
      return formatConsumerRecord(record)
  }
}

function formatConsumerRecord(record: ConsumerRecord): string {
  const { groupId } = record
  const member = 'memberId' in record ? ` ${record.memberId}` : ''
  const head = `${record.kind} ${groupId}${member}`
  if (record.value === null) return `${head} tombstone`
  switch (record.kind) {
    case 'consumer-metadata':
      return `${head} epoch=${record.value.epoch}`
    case 'consumer-target-metadata':
      return `${head} epoch=${record.value.epoch}`
    case 'consumer-member': {
      const { instanceId, subscribedTopicNames: names, subscribedTopicRegex } = record.value
      const instance = instanceId === null ? '' : ` instance=${instanceId}`
      const regex = subscribedTopicRegex === null ? '' : ` regex=${subscribedTopicRegex}`
      const classic = record.value.classic === null ? '' : ' classic'
      return `${head}${instance} topics=${names.join()}${regex}${classic}`
    }
    case 'consumer-target':
      return `${head} [${formatPartitions(record.value)}]`
    case 'consumer-current': {
      const { memberEpoch, previousMemberEpoch, state, assigned, revoking } = record.value
      const epochs = `epoch=${memberEpoch} previous=${previousMemberEpoch}`
      const rest = revoking.size === 0 ? '' : ` revoking=[${formatPartitions(revoking)}]`
      return `${head} ${epochs} ${state} [${formatPartitions(assigned)}]${rest}`
    }
    case 'consumer-regex':
      return `${record.kind} ${groupId} ${record.regex} topics=${[...record.value.topics].join()}`
  }
}

function formatPartitions(partitions: PartitionSet | OwnedPartitions): string {
  return [...partitions]
    .map(([topicId, indexes]) => `${topicName(topicId)}:${[...indexes.keys()].sort().join('+')}`)
    .join(' ')
}

export function formatResponse(api: string, response: unknown, name: ErrorNames): string {
  if (Array.isArray(response)) {
    return response.map((each: Fields) => formatEntry(api, each, name)).join('; ') || 'nothing'
  }
  return formatEntry(api, response as Fields, name)
}

function formatEntry(api: string, entry: Fields, name: ErrorNames): string {
  const parts: string[] = []
  for (const [key, value] of Object.entries(entry)) {
    const text = formatField(api, key, value, name)
    if (text !== null) parts.push(text)
  }
  return parts.join(' ')
}

const HIDDEN: ReadonlySet<string> = new Set([
  'throttleTimeMs',
  'authorizedOperations',
  'clientHost',
  'topicId',
])

function formatField(api: string, key: string, value: unknown, name: ErrorNames): string | null {
  if (HIDDEN.has(key)) return null
  if (key === 'errorCode') return name(value as number)
  if (Buffer.isBuffer(value)) {
    return `${key}=${formatBytes(key, value)}`
  }
  if (Array.isArray(value)) {
    const texts = value.map(each =>
      typeof each === 'object' ? formatEntry(api, each as Fields, name) : String(each),
    )
    return `${key}=[${texts.join(' | ')}]`
  }
  if (key === 'assignment' || key === 'targetAssignment') {
    return `${key}=${formatWirePartitions(value as WireAssignment | null)}`
  }
  return `${key}=${String(value)}`
}

/** What clients embed is shown as what it means, as far as it means something. */
function formatBytes(key: string, value: Buffer): string {
  if (key === 'metadata' || key === 'memberMetadata') {
    return subscribedTopics(value)?.join('+') ?? value.toString()
  }
  return describeAssignment(value) ?? value.toString()
}

interface WireAssignment {
  readonly topicPartitions: readonly { readonly topicId: string; readonly partitions: number[] }[]
}

function formatWirePartitions(assignment: WireAssignment | null): string {
  if (assignment === null) return 'unchanged'
  const topics = assignment.topicPartitions.map(
    ({ topicId, partitions }) => `${topicName(topicId)}:${partitions.join('+')}`,
  )
  return `[${topics.join(' ')}]`
}

/** Topic ids of scenarios are padded names. */
function topicName(topicId: string): string {
  return topicId.replace(/_*A$/, '')
}
