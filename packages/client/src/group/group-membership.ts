// A member of a classic consumer group: joins, takes part in rebalances, sends heartbeats, commits.
//
// Invariants: a generation is used only while #generation holds it, and any error that ends it clears
// it, so that the next `ensureActive` joins again; heartbeats are only sent within a generation.
import type { Timer } from '@weir/core'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  type Decoded,
  decodeVersioned,
  encodeVersioned,
  errorName,
  heartbeatApi,
  joinGroupApi,
  KafkaError,
  leaveGroupApi,
  syncGroupApi,
} from '@weir/protocol'
import { withCoordinator } from '../admin/coordinator.ts'
import { commitGroupOffsets, type OffsetToCommit } from '../admin/group-offsets.ts'
import { decodeAssignment } from '../admin/groups.ts'
import type { Cluster } from '../cluster.ts'
import type { Connection } from '../connection.ts'
import { checkCode, isPassing } from '../errors.ts'
import { groupByTopic, type TopicPartition } from '../topic-partition.ts'
import { assignRanges } from './range-assignor.ts'

export interface GroupMembershipOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly groupInstanceId?: string
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly heartbeatIntervalMs?: number
}

interface Generation {
  readonly generationId: number
  readonly memberId: string
}

type JoinAnswer = Decoded<typeof joinGroupApi.response>

const PROTOCOL_TYPE = 'consumer'
const ASSIGNOR = 'range'
const SUBSCRIPTION_VERSION = 1
const ASSIGNMENT_VERSION = 1
const JOIN_GRACE_MS = 10_000

export class GroupMembership {
  readonly #cluster: Cluster
  readonly #options: Required<Omit<GroupMembershipOptions, 'groupInstanceId'>>
  readonly #groupInstanceId: string | null
  #memberId = ''
  #generation: Generation | null = null
  #assignment: readonly TopicPartition[] = []
  /** Partitions of the topics when this member, as the leader, assigned them; null if it is not. */
  #assignedCounts: ReadonlyMap<string, number> | null = null
  #heartbeat: Timer | null = null
  #onRebalance: () => void = () => {}

  constructor(cluster: Cluster, options: GroupMembershipOptions) {
    this.#cluster = cluster
    this.#groupInstanceId = options.groupInstanceId ?? null
    this.#options = {
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 60_000,
      heartbeatIntervalMs: 3_000,
      ...options,
    }
  }

  get memberId(): string {
    return this.#memberId
  }

  get assignment(): readonly TopicPartition[] {
    return this.#assignment
  }

  /** Within a generation, so that the assignment holds. */
  get isActive(): boolean {
    return this.#generation !== null
  }

  /** Called when a rebalance begins: the owner should commit and call `join`. */
  onRebalance(listener: () => void): void {
    this.#onRebalance = listener
  }

  /** Joins or joins again; resolves with the partitions of this member in the new generation. */
  async join(): Promise<readonly TopicPartition[]> {
    this.#endGeneration()
    await this.#cluster.retry(async () => {
      try {
        await this.#joinOnce()
      } catch (error) {
        this.#endGeneration()
        throw error
      }
    }, this.#options.rebalanceTimeoutMs)
    this.#scheduleHeartbeat()
    return this.#assignment
  }

  /**
   * As the leader of the group: whether the subscribed topics have other partitions than when they
   * were assigned. Asks the cluster.
   */
  async hasStaleAssignment(): Promise<boolean> {
    const assigned = this.#assignedCounts
    if (assigned === null || !this.isActive) return false
    const now = await this.#countPartitions([...assigned.keys()])
    return [...assigned].some(([topic, count]) => now.get(topic) !== count)
  }

  /** Commits within the generation. Throws KafkaError, for instance when a rebalance came between. */
  async commit(offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length === 0) return
    const generation = this.#generation
    if (generation === null) {
      throw new KafkaError('REBALANCE_IN_PROGRESS', `group '${this.#options.groupId}' rebalances`)
    }
    const outcomes = await commitGroupOffsets(this.#cluster, this.#options.groupId, offsets, {
      ...generation,
      groupInstanceId: this.#groupInstanceId,
    })
    for (const { error } of outcomes) {
      if (error === null) continue
      this.#onGroupError(error)
      throw error
    }
  }

  /** Leaves the group (not as a static member) and stops the heartbeats. */
  async leave(): Promise<void> {
    this.#endGeneration()
    const { groupId } = this.#options
    const memberId = this.#memberId
    if (memberId === '' || this.#groupInstanceId !== null) return
    await withCoordinator(this.#cluster, groupId, async connection => {
      const answer = await connection.request(leaveGroupApi, version =>
        version >= 3 ? { groupId, members: [{ memberId }] } : { groupId, memberId },
      )
      checkCode(answer.errorCode, `leaving group '${groupId}'`)
    })
    this.#memberId = ''
  }

  #endGeneration(): void {
    this.#heartbeat?.cancel()
    this.#heartbeat = null
    this.#generation = null
    this.#assignment = []
    this.#assignedCounts = null
  }

  async #joinOnce(): Promise<void> {
    await withCoordinator(this.#cluster, this.#options.groupId, async connection => {
      let answer = await this.#sendJoin(connection)
      if (errorName(answer.errorCode) === 'MEMBER_ID_REQUIRED') {
        this.#memberId = answer.memberId
        answer = await this.#sendJoin(connection)
      }
      this.#checkGroupCode(answer.errorCode, 'joining')
      this.#memberId = answer.memberId
      const isLeader = answer.leader === answer.memberId && !answer.skipAssignment
      const assignments = isLeader ? await this.#assign(answer) : []
      await this.#sync(connection, answer, assignments)
    })
  }

  async #sendJoin(connection: Connection): Promise<JoinAnswer> {
    const { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const metadata = encodeVersioned(consumerProtocolSubscription, SUBSCRIPTION_VERSION, {
      topics: [...topics].sort(),
    })
    return await connection.request(
      joinGroupApi,
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        groupInstanceId: this.#groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocols: [{ name: ASSIGNOR, metadata }],
      },
      { timeoutMs: rebalanceTimeoutMs + JOIN_GRACE_MS },
    )
  }

  /** As the leader of the group: the partitions of every member. */
  async #assign(answer: JoinAnswer): Promise<{ memberId: string; assignment: Buffer }[]> {
    const members = answer.members.map(({ memberId, groupInstanceId, metadata }) => {
      const { topics } = decodeVersioned(consumerProtocolSubscription, metadata, { orNewer: true })
      return { memberId, groupInstanceId, topics }
    })
    const names = [...new Set(members.flatMap(member => member.topics))]
    const counts = await this.#countPartitions(names)
    this.#assignedCounts = counts
    return [...assignRanges(members, counts)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeVersioned(consumerProtocolAssignment, ASSIGNMENT_VERSION, {
        assignedPartitions: [...groupByTopic(partitions)].map(([topic, list]) => ({
          topic,
          partitions: list.map(item => item.partition),
        })),
      }),
    }))
  }

  async #countPartitions(names: readonly string[]): Promise<Map<string, number>> {
    await this.#cluster.refreshMetadata(names)
    return new Map(
      names.map(name => [name, this.#cluster.cachedTopic(name)?.partitions.length ?? 0]),
    )
  }

  async #sync(
    connection: Connection,
    joined: JoinAnswer,
    assignments: readonly { memberId: string; assignment: Buffer }[],
  ): Promise<void> {
    const { groupId, rebalanceTimeoutMs } = this.#options
    const { generationId, memberId } = joined
    const answer = await connection.request(
      syncGroupApi,
      {
        groupId,
        generationId,
        memberId,
        groupInstanceId: this.#groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocolName: joined.protocolName,
        assignments,
      },
      { timeoutMs: rebalanceTimeoutMs + JOIN_GRACE_MS },
    )
    this.#checkGroupCode(answer.errorCode, 'joining')
    this.#assignment = decodeAssignment(answer.assignment)
    this.#generation = { generationId, memberId }
  }

  /** Throws what may be tried again as a passing error, after forgetting what is not valid any more. */
  #checkGroupCode(code: number, what: string): void {
    if (code === 0) return
    const name = errorName(code)
    if (name === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    const isAnotherRound =
      name === 'UNKNOWN_MEMBER_ID' ||
      name === 'ILLEGAL_GENERATION' ||
      name === 'REBALANCE_IN_PROGRESS'
    const text = `${what} group '${this.#options.groupId}': ${name}`
    // These three mean "join again", which `retry` does for errors that pass.
    throw new KafkaError(isAnotherRound ? 'COORDINATOR_LOAD_IN_PROGRESS' : name, text)
  }

  #scheduleHeartbeat(): void {
    const { clock, log } = this.#cluster.env
    this.#heartbeat?.cancel()
    this.#heartbeat = clock.after(this.#options.heartbeatIntervalMs, () => {
      log.background(this.#sendHeartbeat(), 'heartbeat')
    })
  }

  async #sendHeartbeat(): Promise<void> {
    const generation = this.#generation
    if (generation === null) return
    const { groupId } = this.#options
    try {
      await withCoordinator(this.#cluster, groupId, async connection => {
        const answer = await connection.request(heartbeatApi, {
          groupId,
          ...generation,
          groupInstanceId: this.#groupInstanceId,
        })
        checkCode(answer.errorCode, `heartbeat of group '${groupId}'`)
      })
    } catch (error) {
      if (this.#generation !== generation) return
      if (error instanceof KafkaError) this.#onGroupError(error)
      else if (!isPassing(error)) throw error
    }
    if (this.#generation === generation) this.#scheduleHeartbeat()
  }

  #onGroupError(error: KafkaError): void {
    switch (error.errorName) {
      case 'REBALANCE_IN_PROGRESS':
        // The generation holds until we join again, so that what was read can be committed.
        this.#onRebalance()
        return
      case 'UNKNOWN_MEMBER_ID':
        this.#memberId = ''
        this.#endGeneration()
        this.#onRebalance()
        return
      case 'ILLEGAL_GENERATION':
      case 'FENCED_INSTANCE_ID':
        this.#endGeneration()
        this.#onRebalance()
        return
      default:
    }
  }
}
