// What a shard does without being asked, some groups at a time so that requests are served in between:
// expired offsets go, and with its last offset a group that nobody is in; the offsets of deleted topics
// go with their topics.

import { GroupDraft } from './consumer/group-draft.ts'
import { ownerOf } from './describe.ts'
import type { GroupOffsets } from './group-offsets.ts'
import type { Group } from './group-types.ts'
import type { Offsets } from './offsets.ts'
import type { GroupRecord } from './records.ts'
import type { Timers } from './timers.ts'
import type { GroupEffects, GroupsConfig } from './types.ts'

/** Groups that are looked through for expired offsets in one turn, and the pause until the next. */
const GROUPS_PER_CLEAN_UP = 100
const CLEAN_UP_PAUSE_MS = 10
/** Groups times topics that are looked at in one turn when topics were deleted. */
const LOOK_UPS_PER_DROP = 2000

export interface DeletedTopic {
  readonly name: string
  readonly topicId: string
}

/** Null topics: all that do not exist. */
interface OffsetDrop {
  readonly topics: readonly DeletedTopic[] | null
  /** Index of the next group. */
  readonly from: number
  readonly nowMs: number
}

/** The groups and offsets of the shard. */
export interface Kept {
  readonly groups: ReadonlyMap<string, Group>
  readonly offsets: Offsets
  readonly groupOffsets: GroupOffsets
}

export class Upkeep {
  readonly #config: GroupsConfig
  readonly #timers: Timers
  readonly #kept: Kept

  constructor(config: GroupsConfig, timers: Timers, kept: Kept) {
    this.#config = config
    this.#timers = timers
    this.#kept = kept
  }

  /** After the load. Nobody may have coordinated the groups when topics were deleted. */
  start(nowMs: number): void {
    const groupIds = [...this.#kept.offsets.groupIds()]
    if (groupIds.length > 0) this.#dropOffsetsLater(groupIds, { topics: null, from: 0, nowMs })
    this.#scheduleCleanUp(nowMs)
  }

  /** The first groups are done with these effects, the others soon. */
  topicsDeleted(topics: readonly DeletedTopic[], nowMs: number, effects: GroupEffects): void {
    this.#dropOffsets([...this.#kept.offsets.groupIds()], { topics, from: 0, nowMs }, effects)
  }

  #dropOffsets(groupIds: readonly string[], drop: OffsetDrop, effects: GroupEffects): void {
    const { topics, from, nowMs } = drop
    const { groupOffsets } = this.#kept
    const count = Math.max(1, Math.floor(LOOK_UPS_PER_DROP / (topics?.length ?? 1)))
    const end = Math.min(from + count, groupIds.length)
    for (const groupId of groupIds.slice(from, end)) {
      if (topics === null) groupOffsets.deleteOfGoneTopics(groupId, effects.records)
      for (const topic of topics ?? []) groupOffsets.deleteOfTopic(groupId, topic, effects.records)
    }
    if (end < groupIds.length) this.#dropOffsetsLater(groupIds, { topics, from: end, nowMs })
  }

  #dropOffsetsLater(groupIds: readonly string[], drop: OffsetDrop): void {
    this.#timers.schedule(drop.nowMs + CLEAN_UP_PAUSE_MS, (nowMs, effects) =>
      this.#dropOffsets(groupIds, { ...drop, nowMs }, effects),
    )
  }

  #scheduleCleanUp(nowMs: number): void {
    const deadlineMs = nowMs + this.#config.offsetsRetentionCheckIntervalMs
    this.#timers.schedule(deadlineMs, (expiredMs, effects) => {
      this.#cleanUp([...this.#kept.groups.keys()], 0, expiredMs, effects.records)
    })
  }

  #cleanUp(groupIds: readonly string[], from: number, nowMs: number, records: GroupRecord[]): void {
    const end = Math.min(from + GROUPS_PER_CLEAN_UP, groupIds.length)
    for (const groupId of groupIds.slice(from, end)) {
      const group = this.#kept.groups.get(groupId)
      if (group === undefined) continue
      const isNothingLeft = this.#kept.groupOffsets.expire(ownerOf(group), nowMs, records)
      if (isNothingLeft && group.state === 'Empty') removeGroup(group, records)
    }
    if (end === groupIds.length) {
      this.#scheduleCleanUp(nowMs)
      return
    }
    this.#timers.schedule(nowMs + CLEAN_UP_PAUSE_MS, (expiredMs, effects) =>
      this.#cleanUp(groupIds, end, expiredMs, effects.records),
    )
  }
}

export function removeGroup(group: Group, records: GroupRecord[]): void {
  if (group.kind === 'consumer') new GroupDraft(group, records).removeGroup()
  else records.push({ kind: 'group-metadata', groupId: group.groupId, value: null })
}
