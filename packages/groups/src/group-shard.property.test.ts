// Random interleavings of members, timeouts, refused appends and restarts, against what a client
// may rely on. Everything is checked from outside, by what requests were answered.

import { ZERO_UUID } from '@weir/core'
import { SimRandom } from '@weir/core/sim'
import {
  errorName,
  type HeartbeatResponse,
  type JoinGroupResponse,
  type LeaveGroupResponse,
  type OffsetCommitResponse,
  type SyncGroupResponse,
} from '@weir/protocol'
import fc from 'fast-check'
import t from 'tap'
import type { FetchedGroup } from './group-offsets.ts'
import type { GroupShard } from './group-shard.ts'
import { type Answer, NO_TOPICS, ShardHarness } from './testing/shard-harness.ts'
import { encodeSubscription } from './testing/subscriptions.ts'
import { DEFAULT_GROUPS_CONFIG, type GroupEffects } from './types.ts'

const GROUP = 'g'
const PARTITIONS = 6
const SESSION_MS = 6000
const REBALANCE_MS = 9000
/** Steps between two comparisons with a shard that is rebuilt from all records. */
const REBUILD_EVERY = 5

/** A process that consumes: it keeps what it was told, also when that is outdated. */
interface Client {
  readonly instanceId: string | null
  memberId: string
  generationId: number
  protocolName: string
  /** Not empty: it leads, and these are the members. */
  members: string[]
  /** What a well-behaved client would do next. */
  next: 'join' | 'sync' | 'commit' | 'wait'
}

type Op =
  | {
      readonly kind: 'join' | 'sync' | 'heartbeat' | 'leave' | 'commit' | 'step'
      readonly client: number
    }
  | { readonly kind: 'forget'; readonly client: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'restart' }

class World {
  nowMs = 0
  readonly clients: Client[]
  readonly harness: ShardHarness
  /** Members that were told that they are out, or left, or were replaced. */
  readonly gone = new Set<string>()
  /** Ids that were members at some time, not only given out. */
  readonly #admitted = new Set<string>()
  readonly owners = new Map<number, Map<number, string>>()
  readonly acked = new Map<number, number>()
  /** Request id -> the client, and what it does with the answer. */
  readonly waiting = new Map<number, (response: unknown) => void>()
  #nextRequestId = 1
  #nextOffset = 1

  constructor(seed: number) {
    this.clients = [null, null, 'i1', 'i1', 'i2'].map(instanceId => ({
      instanceId,
      memberId: '',
      generationId: -1,
      protocolName: '',
      members: [],
      next: 'join',
    }))
    this.harness = new ShardHarness(
      new SimRandom(seed),
      { ...DEFAULT_GROUPS_CONFIG, initialRebalanceDelayMs: 500 },
      NO_TOPICS,
    )
  }

  run(op: Op): void {
    switch (op.kind) {
      case 'advance':
        this.advance(op.ms)
        return
      case 'refuse':
        this.harness.refusesNext = true
        return
      case 'restart':
        this.#restart()
        return
      default:
        this.#act(op.kind, this.clients[op.client % this.clients.length]!)
    }
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const deadlineMs = this.harness.shard.nextDeadlineMs()
      if (deadlineMs > endMs) break
      this.nowMs = Math.max(this.nowMs, deadlineMs)
      this.#settle(this.harness.apply(this.harness.shard.expire(this.nowMs), this.nowMs))
    }
    this.nowMs = endMs
  }

  #noteGone(memberId: string): void {
    if (this.#admitted.has(memberId)) this.gone.add(memberId)
  }

  #restart(): void {
    this.waiting.clear()
    for (const client of this.clients) if (client.next === 'wait') client.next = 'join'
    this.#settle(this.harness.restart(this.nowMs))
    // What a restart brings back is a member again.
    for (const memberId of describe(this.harness.shard).memberIds) this.gone.delete(memberId)
  }

  #send(
    run: (id: number, shard: GroupShard) => GroupEffects,
    onAnswer: (response: unknown) => void,
  ): void {
    const id = this.#nextRequestId++
    this.waiting.set(id, onAnswer)
    this.#settle(this.harness.apply(run(id, this.harness.shard), this.nowMs))
  }

  #settle(answers: readonly Answer[]): void {
    const ids = answers.map(each => each.requestId)
    if (new Set(ids).size !== ids.length) throw new Error('a request was answered twice')
    for (const { requestId, response } of answers) {
      const onAnswer = this.waiting.get(requestId)
      if (onAnswer === undefined) throw new Error('an answer that nobody waits for')
      this.waiting.delete(requestId)
      if (response !== undefined) onAnswer(response)
      else for (const client of this.clients) if (client.next === 'wait') client.next = 'join'
    }
  }

  #act(kind: string, client: Client): void {
    const context = { nowMs: this.nowMs, apiVersion: 9, clientId: 'c', clientHost: '/h' }
    const { memberId, generationId, instanceId: groupInstanceId } = client
    const noteGone = (code: number) => {
      const name = errorName(code)
      if (name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID') this.#noteGone(memberId)
    }
    const common = { groupId: GROUP, memberId, groupInstanceId, generationId }
    switch (kind) {
      case 'forget':
        client.memberId = ''
        client.next = 'join'
        return
      case 'step':
        if (client.next === 'commit') this.#act('heartbeat', client)
        if (client.next !== 'wait') this.#act(client.next, client)
        return
      case 'join':
        this.#join(client)
        return
      case 'sync':
        this.#sync(client)
        return
      case 'heartbeat':
        this.#send(
          (id, shard) => shard.heartbeat(id, common, context),
          response => {
            const code = (response as HeartbeatResponse).errorCode
            noteGone(code)
            if (code !== 0) client.next = 'join'
          },
        )
        return
      case 'leave': {
        const members = [{ memberId, groupInstanceId, reason: null }]
        this.#send(
          (id, shard) => shard.leaveGroup(id, { groupId: GROUP, memberId: '', members }, context),
          response => {
            const code = (response as LeaveGroupResponse).members[0]!.errorCode
            if (code === 0 && memberId !== '') this.#noteGone(memberId)
            noteGone(code)
          },
        )
        return
      }
      case 'commit':
        this.#commit(client)
        return
    }
  }

  #join(client: Client): void {
    const { memberId, instanceId } = client
    const request = {
      groupId: GROUP,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId,
      groupInstanceId: instanceId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: encodeSubscription(['t']) }],
      reason: null,
    }
    const context = { nowMs: this.nowMs, apiVersion: 9, clientId: 'c', clientHost: '/h' }
    client.next = 'wait'
    this.#send(
      (id, shard) => shard.joinGroup(id, request, context),
      answer => {
        const response = answer as JoinGroupResponse
        const name = errorName(response.errorCode)
        client.next = name === 'NONE' ? 'sync' : 'join'
        if (name === 'MEMBER_ID_REQUIRED') client.memberId = response.memberId
        if (name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID') {
          this.#noteGone(memberId)
          client.memberId = ''
        }
        if (name !== 'NONE') return
        client.memberId = response.memberId
        this.#admitted.add(client.memberId)
        client.generationId = response.generationId
        client.protocolName = response.protocolName ?? ''
        client.members =
          response.leader === response.memberId && !response.skipAssignment
            ? response.members.map(each => each.memberId)
            : []
        if (instanceId === null || memberId !== '') return
        // A static member with a new id: all others of this instance are fenced.
        for (const other of this.clients) {
          const isReplaced = other !== client && other.instanceId === instanceId
          if (isReplaced && other.memberId !== '') this.#noteGone(other.memberId)
        }
      },
    )
  }

  #sync(client: Client): void {
    const { memberId, generationId, members } = client
    const assignments = members.map((each, index) => ({
      memberId: each,
      assignment: Buffer.from(
        Array.from({ length: PARTITIONS }, (_, p) => p)
          .filter(p => p % members.length === index)
          .join(),
      ),
    }))
    const request = {
      groupId: GROUP,
      generationId,
      memberId,
      groupInstanceId: client.instanceId,
      protocolType: 'consumer',
      protocolName: client.protocolName,
      assignments,
    }
    const context = { nowMs: this.nowMs, apiVersion: 5, clientId: 'c', clientHost: '/h' }
    client.next = 'wait'
    this.#send(
      (id, shard) => shard.syncGroup(id, request, context),
      answer => {
        const response = answer as SyncGroupResponse
        client.next = response.errorCode === 0 ? 'commit' : 'join'
        if (response.errorCode !== 0) return
        if (this.gone.has(memberId)) throw new Error('a member that is out got an assignment')
        this.#own(generationId, response.assignment.toString(), client)
      },
    )
  }

  /** One owner of a partition in a generation: a static member that came back is the same owner. */
  #own(generationId: number, assignment: string, client: Client): void {
    let owners = this.owners.get(generationId)
    if (owners === undefined) {
      owners = new Map()
      this.owners.set(generationId, owners)
    }
    const owner = client.instanceId ?? client.memberId
    for (const text of assignment === '' ? [] : assignment.split(',')) {
      const known = owners.get(Number(text))
      if (known !== undefined && known !== owner) {
        throw new Error(`partition ${text} has two owners in generation ${generationId}`)
      }
      owners.set(Number(text), owner)
    }
  }

  #commit(client: Client): void {
    const { memberId, generationId } = client
    if (memberId === '' || generationId < 0) return
    const offset = this.#nextOffset++
    const partitionIndex = offset % PARTITIONS
    const request = {
      groupId: GROUP,
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId: client.instanceId,
      retentionTimeMs: -1,
      topics: [
        {
          name: 't',
          topicId: ZERO_UUID,
          partitions: [
            {
              partitionIndex,
              committedOffset: offset,
              committedLeaderEpoch: -1,
              committedMetadata: '',
            },
          ],
        },
      ],
    }
    const context = { nowMs: this.nowMs, apiVersion: 8, clientId: 'c', clientHost: '/h' }
    this.#send(
      (id, shard) => shard.offsetCommit(id, request, context),
      answer => {
        const code = (answer as OffsetCommitResponse).topics[0]!.partitions[0]!.errorCode
        const name = errorName(code)
        if (name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID') this.#noteGone(memberId)
        if (name !== 'NONE') return
        if (this.gone.has(memberId)) throw new Error('the commit of a fenced member was accepted')
        this.acked.set(partitionIndex, offset)
      },
    )
  }

  /** What was acked is there, now and in a shard that is rebuilt from the records. */
  check(withRebuild: boolean): void {
    const live = this.harness.shard
    const rebuilt = withRebuild ? this.harness.rebuild(this.nowMs) : live
    for (const shard of [live, rebuilt]) {
      const fetched = fetchAll(shard)
      for (const [partitionIndex, offset] of this.acked) {
        if (fetched.get(partitionIndex) !== offset) throw new Error('an acked commit is gone')
      }
      if (fetched.size !== this.acked.size) throw new Error('an offset that nobody was told of')
    }
    const described = describe(live)
    if (described.state !== 'Stable') return
    const same = JSON.stringify(described) === JSON.stringify(describe(rebuilt))
    if (!same) throw new Error('the rebuilt group is another one')
  }
}

function fetchAll(shard: GroupShard): Map<number, number> {
  const group = { groupId: GROUP, memberId: null, memberEpoch: -1 }
  const effects = shard.offsetFetch(0, { ...group, topics: null, requireStable: true })
  const { topics } = effects.replies[0]!.response as FetchedGroup
  const partitions = topics.flatMap(each => each.partitions)
  return new Map(partitions.map(each => [each.partitionIndex, each.committedOffset]))
}

function describe(shard: GroupShard) {
  const context = { nowMs: 0, apiVersion: 6, clientId: '', clientHost: '' }
  const effects = shard.describeGroups(0, [GROUP], context)
  const groups = effects.replies[0]!.response as {
    groupState: string
    protocolData: string
    members: { memberId: string; groupInstanceId: string | null; memberAssignment: Buffer }[]
  }[]
  const { groupState, protocolData, members } = groups[0]!
  return {
    state: groupState,
    protocol: protocolData,
    memberIds: members.map(each => each.memberId).sort(),
    members: members
      .map(each => [each.memberId, each.groupInstanceId, each.memberAssignment.toString()].join())
      .sort(),
  }
}

const client = fc.nat({ max: 4 })
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('step' as const), client }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const), client }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sync' as const), client }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), client }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), client }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('commit' as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), client }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.constantFrom(100, 600, 600, 600, 600, 3000, 6000, 9000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'refuse' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
)

/** How often an interesting thing happened over all runs: a test that never gets there is none. */
const seen = { assigned: 0, acked: 0, gone: 0 }

t.test(
  'random interleavings keep one owner, fence who is out, and lose no acked commit',
  async t => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(op, { minLength: 50, maxLength: 250, size: 'max' }),
        (seed, ops) => {
          const world = new World(seed)
          ops.forEach((each, index) => {
            world.run(each)
            world.check(index % REBUILD_EVERY === 0)
          })
          // Long enough for every rebalance and session: whoever still waits would wait for ever.
          world.advance(10 * 60_000)
          if (world.waiting.size > 0) throw new Error('a request was never answered')
          world.check(true)
          seen.assigned += world.owners.size
          seen.acked += world.acked.size
          seen.gone += world.gone.size
        },
      ),
      { numRuns: 120 },
    )
    t.ok(seen.assigned > 100, `${seen.assigned} generations were assigned`)
    t.ok(seen.acked > 150, `${seen.acked} partitions had acked commits`)
    t.ok(seen.gone > 200, `${seen.gone} members were out`)
  },
)
