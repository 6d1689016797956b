// The consumer protocol inside the classic one: subscriptions that classic members bring, and the
// assignments that they are sent. Versions as the client chose them.

import {
  type ConsumerProtocolSubscription,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  DecodeError,
  decodeVersioned,
  encodeVersioned,
} from '@weir/protocol'
import { EMPTY_BYTES, type MemberProtocol } from '../classic/classic-member.ts'
import { copyBytes } from '../copy-bytes.ts'
import type { TopicsView } from '../types.ts'
import type { ClassicSide } from './consumer-member.ts'
import {
  OwnedBuilder,
  type OwnedPartitions,
  type PartitionSet,
  PartitionSetBuilder,
} from './partitions.ts'

const VERSION_BYTES = 2

/** Null if the bytes are not a subscription. */
export function readSubscription(
  protocols: readonly MemberProtocol[],
): ConsumerProtocolSubscription | null {
  const [first] = protocols
  if (first === undefined) return null
  try {
    return decodeVersioned(consumerProtocolSubscription, first.metadata, { orNewer: true })
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

/** What the subscription says that the member has; topics that are gone are left out. */
export function ownedOf(
  subscription: ConsumerProtocolSubscription,
  topics: TopicsView,
): PartitionSet {
  const owned = new PartitionSetBuilder()
  for (const { topic, partitions } of subscription.ownedPartitions) {
    const topicId = topics.topicId(topic)
    if (topicId === null) continue
    for (const index of partitions) owned.add(topicId, index)
  }
  return owned.build()
}

/** The partitions of a classic member's assignment, all given in one epoch; none if it is empty. */
export function readAssignment(bytes: Buffer, epoch: number, topics: TopicsView): OwnedPartitions {
  const owned = new OwnedBuilder()
  if (bytes.length === 0) return owned.build()
  try {
    const decoded = decodeVersioned(consumerProtocolAssignment, bytes, { orNewer: true })
    for (const { topic, partitions } of decoded.assignedPartitions) {
      const topicId = topics.topicId(topic)
      if (topicId === null) continue
      for (const index of partitions) owned.add(topicId, index, epoch)
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
  return owned.build()
}

/** In the version of the member's own subscription. */
export function writeAssignment(
  owned: OwnedPartitions,
  classic: ClassicSide,
  topics: TopicsView,
): Buffer {
  const subscription = classic.protocols[0]?.metadata ?? EMPTY_BYTES
  const asked = subscription.length < VERSION_BYTES ? 0 : subscription.readInt16BE(0)
  const { minVersion, maxVersion } = consumerProtocolAssignment
  const version = Math.min(Math.max(asked, minVersion), maxVersion)
  const assignedPartitions = [...owned].flatMap(([topicId, indexes]) => {
    const topic = topics.topicName(topicId)
    if (topic === null) return []
    return [{ topic, partitions: [...indexes.keys()].sort((a, b) => a - b) }]
  })
  const fields = { assignedPartitions, userData: null }
  return copyBytes(encodeVersioned(consumerProtocolAssignment, version, fields))
}
