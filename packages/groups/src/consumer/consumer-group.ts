// One group of the consumer protocol (KIP-848). Everything but the timers is durable and changes by
// the `replay...` methods only.
//
// Epochs: the group epoch grows with every change of members, subscriptions or topics; the target
// assignment is made for a group epoch; a member has the epoch of the last target that it reached.
// Invariant: a partition has at most one owner, the member that has it assigned or is giving it up.
// It is asserted where it is decided (GroupDraft): a log that breaks it must still load.

import type { Timer } from '../timers.ts'
import {
  type ConsumerMember,
  type ConsumerMemberMetadata,
  type CurrentAssignment,
  INITIAL_ASSIGNMENT,
  newMember,
} from './consumer-member.ts'
import { NO_PARTITIONS, type OwnedPartitions, type PartitionSet } from './partitions.ts'

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/** What a pattern matched when it was last looked at. */
export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>
  /** Grows with each change of the topics that the pattern was matched with. */
  readonly version: number
  readonly timestampMs: number
}

export class ConsumerGroup {
  readonly kind = 'consumer'
  readonly groupId: string
  groupEpoch = 0
  /** Over the topics that the members consume, with their partitions. */
  metadataHash = 0n
  targetEpoch = 0
  readonly members = new Map<string, ConsumerMember>()
  /** Instance id -> member id. */
  readonly staticMembers = new Map<string, string>()
  readonly target = new Map<string, PartitionSet>()
  readonly regexes = new Map<string, ResolvedRegex>()
  readonly sessionTimers = new Map<string, Timer>()
  readonly rebalanceTimers = new Map<string, Timer>()
  /** The change count of the topics for which `metadataHash` was computed; -1 if never. */
  seenTopicsChange = -1
  /** Topic id -> partition -> member id. */
  readonly #owners = new Map<string, Map<number, string>>()

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get state(): ConsumerGroupState {
    if (this.members.size === 0) return 'Empty'
    if (this.groupEpoch > this.targetEpoch) return 'Assigning'
    for (const { current } of this.members.values()) {
      if (current.state !== 'stable' || current.memberEpoch !== this.targetEpoch) {
        return 'Reconciling'
      }
    }
    return 'Stable'
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  ownerOf(topicId: string, partitionIndex: number): string | undefined {
    return this.#owners.get(topicId)?.get(partitionIndex)
  }

  targetOf(memberId: string): PartitionSet {
    return this.target.get(memberId) ?? NO_PARTITIONS
  }

  isSubscribedToTopic(topic: string): boolean {
    for (const { metadata } of this.members.values()) {
      if (metadata.subscribedTopicNames.includes(topic)) return true
      const { subscribedTopicRegex } = metadata
      if (subscribedTopicRegex === null) continue
      if (this.regexes.get(subscribedTopicRegex)?.topics.has(topic) === true) return true
    }
    return false
  }

  replayMetadata(memberId: string, metadata: ConsumerMemberMetadata | null): void {
    const known = this.members.get(memberId)
    const instanceId = known?.metadata.instanceId ?? null
    if (instanceId !== null && this.staticMembers.get(instanceId) === memberId) {
      this.staticMembers.delete(instanceId)
    }
    if (metadata === null) {
      if (known !== undefined) this.#changeOwner(memberId, known.current, INITIAL_ASSIGNMENT)
      this.members.delete(memberId)
      return
    }
    this.members.set(memberId, { metadata, current: known?.current ?? INITIAL_ASSIGNMENT })
    if (metadata.instanceId !== null) this.staticMembers.set(metadata.instanceId, memberId)
  }

  replayCurrent(memberId: string, current: CurrentAssignment | null): void {
    const known = this.members.get(memberId)
    if (known === undefined && current === null) return
    // A compacted log may have what the member told behind what it was given.
    const member = known ?? newMember(memberId)
    const next = current ?? INITIAL_ASSIGNMENT
    this.#changeOwner(memberId, member.current, next)
    this.members.set(memberId, { metadata: member.metadata, current: next })
  }

  replayTarget(memberId: string, target: PartitionSet | null): void {
    if (target === null) this.target.delete(memberId)
    else this.target.set(memberId, target)
  }

  replayRegex(regex: string, resolved: ResolvedRegex | null): void {
    if (resolved === null) this.regexes.delete(regex)
    else this.regexes.set(regex, resolved)
  }

  #changeOwner(memberId: string, before: CurrentAssignment, after: CurrentAssignment): void {
    for (const owned of [before.assigned, before.revoking]) {
      for (const [topicId, partitions] of owned) {
        const owners = this.#owners.get(topicId)
        if (owners === undefined) continue
        for (const index of partitions.keys()) {
          if (owners.get(index) === memberId) owners.delete(index)
        }
        if (owners.size === 0) this.#owners.delete(topicId)
      }
    }
    this.#own(memberId, after.assigned)
    this.#own(memberId, after.revoking)
  }

  #own(memberId: string, owned: OwnedPartitions): void {
    for (const [topicId, partitions] of owned) {
      let owners = this.#owners.get(topicId)
      if (owners === undefined) {
        owners = new Map()
        this.#owners.set(topicId, owners)
      }
      for (const index of partitions.keys()) {
        owners.set(index, memberId)
      }
    }
  }
}
