// A consumer group with changes that are not decided yet: every change is a record, and is seen by
// what follows in the same decision. The group itself changes when the records are replayed.

import { assert } from '@weir/core'
import type { GroupRecord } from '../records.ts'
import type { ConsumerGroup, ResolvedRegex } from './consumer-group.ts'
import {
  type ConsumerMember,
  type ConsumerMemberMetadata,
  type CurrentAssignment,
  INITIAL_ASSIGNMENT,
} from './consumer-member.ts'
import { NO_PARTITIONS, type OwnedPartitions, type PartitionSet } from './partitions.ts'

export class GroupDraft {
  readonly group: ConsumerGroup
  readonly records: GroupRecord[]
  groupEpoch: number
  targetEpoch: number
  metadataHash: bigint
  readonly #members = new Map<string, ConsumerMember | null>()
  /** Of the changed members: topic id -> partition -> member id. */
  readonly #owners = new Map<string, Map<number, string>>()
  readonly #targets = new Map<string, PartitionSet | null>()
  readonly #regexes = new Map<string, ResolvedRegex | null>()

  /** `records` are what has been decided before, in the same decision. */
  constructor(group: ConsumerGroup, records: GroupRecord[]) {
    this.group = group
    this.records = records
    this.groupEpoch = group.groupEpoch
    this.targetEpoch = group.targetEpoch
    this.metadataHash = group.metadataHash
  }

  get #groupId(): string {
    return this.group.groupId
  }

  member(memberId: string): ConsumerMember | undefined {
    const changed = this.#members.get(memberId)
    if (changed !== undefined) return changed ?? undefined
    return this.group.members.get(memberId)
  }

  *members(): Generator<ConsumerMember> {
    for (const [memberId, member] of this.group.members) {
      const changed = this.#members.get(memberId)
      if (changed === undefined) yield member
      else if (changed !== null) yield changed
    }
    for (const [memberId, changed] of this.#members) {
      if (changed !== null && !this.group.members.has(memberId)) yield changed
    }
  }

  targetOf(memberId: string): PartitionSet {
    const changed = this.#targets.get(memberId)
    if (changed !== undefined) return changed ?? NO_PARTITIONS
    return this.group.targetOf(memberId)
  }

  regex(pattern: string): ResolvedRegex | undefined {
    const changed = this.#regexes.get(pattern)
    if (changed !== undefined) return changed ?? undefined
    return this.group.regexes.get(pattern)
  }

  /** Whether somebody else, who stays, has the partition or is giving it up. */
  isHeldByOther(memberId: string, topicId: string, partitionIndex: number): boolean {
    const owner = this.group.ownerOf(topicId, partitionIndex)
    if (owner !== undefined && owner !== memberId && !this.#members.has(owner)) return true
    const changed = this.#owners.get(topicId)?.get(partitionIndex)
    return changed !== undefined && changed !== memberId
  }

  /** What the members whose changes are here have or are giving up: no two of them the same. */
  #changeOwner(memberId: string, next: ConsumerMember | null): void {
    const before = this.#members.get(memberId)
    for (const owned of ownedOf(before)) {
      for (const [topicId, partitions] of owned) {
        const owners = this.#owners.get(topicId)
        for (const index of partitions.keys()) {
          if (owners?.get(index) === memberId) owners.delete(index)
        }
      }
    }
    this.#members.set(memberId, next)
    for (const owned of ownedOf(next)) {
      for (const [topicId, partitions] of owned) {
        let owners = this.#owners.get(topicId)
        if (owners === undefined) {
          owners = new Map()
          this.#owners.set(topicId, owners)
        }
        for (const index of partitions.keys()) owners.set(index, memberId)
      }
    }
  }

  setGroupEpoch(epoch: number, metadataHash: bigint): void {
    this.groupEpoch = epoch
    this.metadataHash = metadataHash
    const value = { epoch, metadataHash }
    this.records.push({ kind: 'consumer-metadata', groupId: this.#groupId, value })
  }

  setTargetEpoch(epoch: number, timestampMs: number): void {
    this.targetEpoch = epoch
    const value = { epoch, timestampMs }
    this.records.push({ kind: 'consumer-target-metadata', groupId: this.#groupId, value })
  }

  setMetadata(metadata: ConsumerMemberMetadata): void {
    const { memberId } = metadata
    const current = this.member(memberId)?.current ?? INITIAL_ASSIGNMENT
    this.#changeOwner(memberId, { metadata, current })
    const groupId = this.#groupId
    this.records.push({ kind: 'consumer-member', groupId, memberId, value: metadata })
  }

  setCurrent(member: ConsumerMember, current: CurrentAssignment): void {
    const { memberId } = member.metadata
    for (const [topicId, partitions] of current.assigned) {
      for (const index of partitions.keys()) {
        assert(!this.isHeldByOther(memberId, topicId, index), 'a partition has two owners', {
          groupId: this.#groupId,
          topicId,
          index,
          memberId,
        })
      }
    }
    this.#changeOwner(memberId, { metadata: member.metadata, current })
    const groupId = this.#groupId
    this.records.push({ kind: 'consumer-current', groupId, memberId, value: current })
  }

  setTarget(memberId: string, target: PartitionSet): void {
    this.#targets.set(memberId, target)
    const groupId = this.#groupId
    this.records.push({ kind: 'consumer-target', groupId, memberId, value: target })
  }

  setRegex(regex: string, value: ResolvedRegex | null): void {
    this.#regexes.set(regex, value)
    this.records.push({ kind: 'consumer-regex', groupId: this.#groupId, regex, value })
  }

  removeMember(memberId: string): void {
    this.#changeOwner(memberId, null)
    this.#targets.set(memberId, null)
    const entry = { groupId: this.#groupId, memberId, value: null }
    this.records.push({ kind: 'consumer-current', ...entry })
    this.records.push({ kind: 'consumer-target', ...entry })
    this.records.push({ kind: 'consumer-member', ...entry })
  }

  /** Tombstones for all that is left of a group without members. */
  removeGroup(): void {
    const groupId = this.#groupId
    for (const regex of this.group.regexes.keys()) {
      if (this.regex(regex) !== undefined) this.setRegex(regex, null)
    }
    this.records.push({ kind: 'consumer-target-metadata', groupId, value: null })
    this.records.push({ kind: 'consumer-metadata', groupId, value: null })
  }
}

function ownedOf(member: ConsumerMember | null | undefined): OwnedPartitions[] {
  return member == null ? [] : [member.current.assigned, member.current.revoking]
}
