// Applies records to the groups and offsets of a shard: the only way in which durable state changes.

import { ClassicGroup } from './classic/classic-group.ts'
import type { ClassicGroups } from './classic/classic-groups.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import type { ConsumerGroups } from './consumer/consumer-groups.ts'
import type { ConsumerMetadataRecord, ConsumerRecord } from './consumer/consumer-records.ts'
import type { Group } from './group-types.ts'
import type { Offsets } from './offsets.ts'
import type { GroupMetadataRecord, GroupRecord, OffsetRecord } from './records.ts'

/** Whose timers go with the groups and members that a record removes. */
export interface ReplayOwners {
  readonly classic: ClassicGroups
  readonly consumer: ConsumerGroups
}

export class ReplayTarget {
  readonly #groups: Map<string, Group>
  readonly #offsets: Offsets
  readonly #owners: ReplayOwners

  constructor(groups: Map<string, Group>, offsets: Offsets, owners: ReplayOwners) {
    this.#groups = groups
    this.#offsets = offsets
    this.#owners = owners
  }

  replay(record: GroupRecord, nowMs: number, producerId: number): void {
    switch (record.kind) {
      case 'offset-commit':
        this.#replayOffset(record, producerId)
        return
      case 'group-metadata':
        this.#replayClassic(record, nowMs)
        return
      case 'consumer-metadata':
        this.#replayConsumerMetadata(record, nowMs)
        return
      default:
        this.#replayConsumer(record, nowMs)
    }
  }

  #replayOffset(record: OffsetRecord, producerId: number): void {
    const { groupId, topic, partitionIndex, value } = record
    if (value === null) {
      this.#offsets.remove(groupId, topic, partitionIndex)
      return
    }
    // Whoever commits without joining has a group that only stores offsets.
    if (!this.#groups.has(groupId)) this.#groups.set(groupId, new ClassicGroup(groupId))
    this.#offsets.put({ groupId, topic, partitionIndex, value }, producerId)
  }

  #replayClassic(record: GroupMetadataRecord, nowMs: number): void {
    const { groupId, value } = record
    const known = this.#groups.get(groupId)
    if (value === null) {
      if (known?.kind !== 'classic') return
      this.#owners.classic.remove(known, nowMs)
      this.#remove(groupId)
      return
    }
    let group = known
    if (group?.kind !== 'classic') {
      if (group !== undefined) this.#owners.consumer.memberTimers.cancelAll(group)
      group = new ClassicGroup(groupId)
      this.#groups.set(groupId, group)
    }
    this.#owners.classic.replay(group, value)
  }

  #replayConsumerMetadata(record: ConsumerMetadataRecord, nowMs: number): void {
    const { groupId, value } = record
    if (value !== null) {
      const group = this.#consumerGroup(groupId, nowMs)
      group.groupEpoch = value.epoch
      group.metadataHash = value.metadataHash
      return
    }
    const group = this.#groups.get(groupId)
    if (group?.kind !== 'consumer') return
    this.#owners.consumer.memberTimers.cancelAll(group)
    this.#remove(groupId)
  }

  /** Offsets that are left keep a group, so that they can be seen, and expire. */
  #remove(groupId: string): void {
    if (this.#offsets.has(groupId)) this.#groups.set(groupId, new ClassicGroup(groupId))
    else this.#groups.delete(groupId)
  }

  #replayConsumer(record: Exclude<ConsumerRecord, ConsumerMetadataRecord>, nowMs: number): void {
    const known = this.#groups.get(record.groupId)
    // A tombstone of a group that is gone, or has become a classic one.
    if (record.value === null && known?.kind !== 'consumer') return
    const group = this.#consumerGroup(record.groupId, nowMs)
    switch (record.kind) {
      case 'consumer-member':
        group.replayMetadata(record.memberId, record.value)
        if (record.value === null)
          this.#owners.consumer.memberTimers.cancelMember(group, record.memberId)
        return
      case 'consumer-target-metadata':
        group.targetEpoch = record.value?.epoch ?? 0
        return
      case 'consumer-target':
        group.replayTarget(record.memberId, record.value)
        return
      case 'consumer-current':
        group.replayCurrent(record.memberId, record.value)
        return
      case 'consumer-regex':
        group.replayRegex(record.regex, record.value)
        return
    }
  }

  /** Offsets are replayed before: their group, made for them, gives way to what it really is. */
  #consumerGroup(groupId: string, nowMs: number): ConsumerGroup {
    const known = this.#groups.get(groupId)
    if (known?.kind === 'consumer') return known
    if (known !== undefined) this.#owners.classic.remove(known, nowMs)
    const group = new ConsumerGroup(groupId)
    this.#groups.set(groupId, group)
    return group
  }
}
