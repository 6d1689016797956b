// Groups that this broker coordinates, and how far they are behind: in records, and by the age of the
// oldest record that they have not committed.
//
// Bounded: groups beyond the first so many, by name, have no lag here; a scrape reads so many batches
// at most, and keeps their timestamps for the next one.

import type { Sample, Samples } from '@weir/core/metrics'
import type { FetchedGroup, FetchedTopic } from '@weir/groups'
import {
  batchBaseTimestamp,
  type ListGroupsResponse,
  RECORD_BATCH_HEADER_BYTES,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { Services } from '../services.ts'

const MAX_GROUPS = 1_000
/** Groups that are looked at in one turn of the event loop. */
const GROUPS_A_TURN = 50
/** Batches whose timestamps are read for one scrape. */
const MAX_READS = 500
const ALL_GROUPS = { statesFilter: [], typesFilter: [] }

interface GroupTopicLag {
  readonly labels: readonly [group: string, topic: string]
  records: number
  seconds: number
}

export class GroupMetrics {
  /** Of the batch at a group's offset, by partition and offset; those of the last scrape. */
  #timestamps = new Map<string, number>()

  async collect(services: Services): Promise<Samples> {
    const groups = await listGroups(services)
    const shown = groups
      .map(group => group.groupId)
      .sort()
      .slice(0, MAX_GROUPS)
    const lags = await this.#lagsOf(services, shown)
    return {
      weir_groups: countByState(groups.map(group => group.groupState)),
      weir_groups_not_shown: [{ value: groups.length - shown.length }],
      weir_group_lag_records: lags.map(({ labels, records }) => ({ labels, value: records })),
      weir_group_lag_seconds: lags.map(({ labels, seconds }) => ({ labels, value: seconds })),
    }
  }

  async #lagsOf(services: Services, groupIds: readonly string[]): Promise<GroupTopicLag[]> {
    const lags: GroupTopicLag[] = []
    const reader = new TimestampReader(services, this.#timestamps)
    for (let from = 0; from < groupIds.length; from += GROUPS_A_TURN) {
      const committed = await committedOffsets(services, groupIds.slice(from, from + GROUPS_A_TURN))
      for (const [groupId, topics] of committed) {
        for (const topic of topics) {
          const lag = await lagOf(services, reader, groupId, topic)
          if (lag !== null) lags.push(lag)
        }
      }
    }
    this.#timestamps = reader.seen
    return lags
  }
}

async function listGroups(services: Services): Promise<ListGroupsResponse['groups']> {
  const answers = await services.groupCoordinator.submitToServing<ListGroupsResponse>(
    (requestId, shard) => shard.listGroups(requestId, ALL_GROUPS),
  )
  return answers.flatMap(answer => answer.groups)
}

type Committed = readonly (readonly [groupId: string, topics: readonly FetchedTopic[]])[]

async function committedOffsets(
  services: Services,
  groupIds: readonly string[],
): Promise<Map<string, readonly FetchedTopic[]>> {
  const fetched = await services.groupCoordinator.submitByShard<Committed>(
    groupIds,
    ids => (requestId, shard) => {
      const response = ids.map(groupId => {
        const fetch = { groupId, topics: null, requireStable: false, memberId: null }
        const [reply] = shard.offsetFetch(requestId, { ...fetch, memberEpoch: -1 }).replies
        const fetched = reply?.response as FetchedGroup | undefined
        return [groupId, fetched?.topics ?? []]
      })
      return { records: [], replies: [{ requestId, response }], afterReplay: null }
    },
    // A shard that has moved since is another broker's to show.
    () => [],
  )
  return new Map(fetched.flat())
}

/** Null if this broker has none of the topic's partitions. */
async function lagOf(
  services: Services,
  reader: TimestampReader,
  groupId: string,
  topic: FetchedTopic,
): Promise<GroupTopicLag | null> {
  const lag: GroupTopicLag = { labels: [groupId, topic.name], records: 0, seconds: 0 }
  let isHere = false
  for (const { partitionIndex, committedOffset } of topic.partitions) {
    const partition = services.replicaManager.getPartition(topic.name, partitionIndex)
    if (partition === undefined || committedOffset < 0) continue
    isHere = true
    // What was deleted meanwhile cannot be read any more.
    const offset = Math.max(committedOffset, partition.log.logStartOffset)
    const records = partition.highWatermark - offset
    if (records <= 0) continue
    lag.records += records
    const timestampMs = await reader.timestampAt(partition, offset)
    if (timestampMs === null) continue
    const ageMs = services.env.clock.nowMs() - timestampMs
    lag.seconds = Math.max(lag.seconds, ageMs / 1_000)
  }
  return isHere ? lag : null
}

function countByState(states: readonly string[]): Sample[] {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, value]) => ({ labels: [state], value }))
}

/** Reads the first timestamp of batches, each at most once as long as it is asked for. */
class TimestampReader {
  readonly seen = new Map<string, number>()
  readonly #services: Services
  readonly #known: ReadonlyMap<string, number>
  #readsLeft = MAX_READS

  constructor(services: Services, known: ReadonlyMap<string, number>) {
    this.#services = services
    this.#known = known
  }

  /** Null if it cannot be read, or not any more in this scrape. */
  async timestampAt(partition: Partition, offset: number): Promise<number | null> {
    const key = `${partition.topicId} ${partition.partitionIndex} ${offset}`
    const known = this.seen.get(key) ?? this.#known.get(key)
    if (known !== undefined) {
      this.seen.set(key, known)
      return known
    }
    if (this.#readsLeft-- <= 0) return null
    const timestampMs = await this.#read(partition, offset)
    if (timestampMs !== null) this.seen.set(key, timestampMs)
    return timestampMs
  }

  async #read(partition: Partition, fetchOffset: number): Promise<number | null> {
    try {
      const result = await partition.read({
        fetchOffset,
        maxBytes: 1,
        minOneBatch: true,
        view: 'uncommitted',
      })
      if (result.kind === 'failed') return null
      const [batch] = result.chunks
      const isWhole = batch !== undefined && batch.length >= RECORD_BATCH_HEADER_BYTES
      const timestampMs = isWhole ? batchBaseTimestamp(batch, 0) : null
      result.release()
      return timestampMs
    } catch (error) {
      this.#services.env.log.debug('no timestamp for the lag of a group', { error })
      return null
    }
  }
}
