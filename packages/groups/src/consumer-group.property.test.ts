// Random interleavings of members of a consumer group (KIP-848), with lost answers, timeouts, topics
// that grow, refused appends and restarts, against what a client may rely on.

import { SimRandom } from '@weir/core/sim'
import {
  type ConsumerGroupHeartbeatResponse,
  errorName,
  type OffsetCommitResponse,
} from '@weir/protocol'
import fc from 'fast-check'
import t from 'tap'
import type { FetchedGroup } from './group-offsets.ts'
import type { GroupShard } from './group-shard.ts'
import { NO_TOPICS, ShardHarness } from './testing/shard-harness.ts'
import { DEFAULT_GROUPS_CONFIG, type GroupEffects } from './types.ts'

const GROUP = 'g'
const TOPIC_ID = 'topic________________A'
const MAX_PARTITIONS = 8
/** Steps between two comparisons with a shard that is rebuilt from all records. */
const REBUILD_EVERY = 7

interface Client {
  readonly name: string
  readonly instanceId: string | null
  rackId: string
  memberId: string
  /** 0: it has to join. */
  epoch: number
  owned: Set<number>
  /** The next heartbeat tells everything, as clients do after a failure. */
  isFull: boolean
}

type Op =
  | {
      readonly kind: 'beat' | 'leave' | 'pause' | 'commit' | 'crash' | 'move'
      readonly client: number
    }
  | { readonly kind: 'lose'; readonly client: number }
  | { readonly kind: 'zombie'; readonly which: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'refuse' | 'restart' | 'grow' }
  | { readonly kind: 'compact'; readonly percent: number; readonly dropsTombstones: boolean }

/** What some client was told to be and to have, at some time. */
interface Identity {
  readonly memberId: string
  readonly instanceId: string | null
  readonly epoch: number
  readonly owned: ReadonlySet<number>
}

class World {
  nowMs = 0
  partitionCount = 2
  topicsChange = 1
  readonly clients: Client[]
  readonly harness: ShardHarness
  readonly acked = new Map<number, number>()
  readonly epochs = new Map<string, number>()
  /** Ids that were told to be out, left, or were replaced. */
  readonly gone = new Set<string>()
  #nextId = 1
  #nextOffset = 1
  groupEpoch = 0
  moves = 0
  readonly past: Identity[] = []
  zombies = 0

  constructor(seed: number) {
    const names = ['a', 'b', 'c', 'd']
    this.clients = names.map((name, index) => ({
      name,
      instanceId: index === 3 ? 'i' : null,
      rackId: 'r1',
      memberId: `${name}-1`,
      epoch: 0,
      owned: new Set<number>(),
      isFull: true,
    }))
    const partitionCount = () => this.partitionCount
    const changeCount = () => this.topicsChange
    this.harness = new ShardHarness(new SimRandom(seed), DEFAULT_GROUPS_CONFIG, {
      ...NO_TOPICS,
      topicId: name => (name === 't' ? TOPIC_ID : null),
      topicName: id => (id === TOPIC_ID ? 't' : null),
      partitionCount,
      names: () => ['t'],
      get changeCount() {
        return changeCount()
      },
      get namesVersion() {
        return changeCount()
      },
    })
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
        this.harness.restart(this.nowMs)
        return
      case 'compact': {
        const endOffset = Math.floor((this.harness.log.length * op.percent) / 100)
        this.harness.compact(endOffset, op)
        return
      }
      case 'grow':
        this.partitionCount = Math.min(this.partitionCount + 1, MAX_PARTITIONS)
        this.topicsChange++
        return
      case 'zombie': {
        const identity = this.past[op.which % Math.max(this.past.length, 1)]
        if (identity !== undefined) this.#commit(identity)
        return
      }
      default:
        this.#act(op.kind, this.clients[op.client]!)
    }
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const deadlineMs = this.harness.shard.nextDeadlineMs()
      if (deadlineMs > endMs) break
      this.nowMs = Math.max(this.nowMs, deadlineMs)
      this.harness.apply(this.harness.shard.expire(this.nowMs), this.nowMs)
    }
    this.nowMs = endMs
  }

  #act(kind: string, client: Client): void {
    switch (kind) {
      case 'beat':
        this.beat(client, false)
        return
      case 'lose':
        this.beat(client, true)
        return
      case 'leave':
      case 'pause':
        this.#leave(client, kind === 'pause' && client.instanceId !== null ? -2 : -1)
        return
      case 'crash':
        this.#startAnew(client)
        return
      case 'move':
        client.rackId = client.rackId === 'r1' ? 'r2' : 'r1'
        client.isFull = true
        return
      case 'commit':
        this.#commit(client)
        return
    }
  }

  #startAnew(client: Client): void {
    client.memberId = `${client.name}-${++this.#nextId}`
    client.epoch = 0
    client.owned = new Set()
    client.isFull = true
  }

  #context() {
    return { nowMs: this.nowMs, apiVersion: 10, clientId: 'c', clientHost: '/h' }
  }

  #send<R>(run: (shard: GroupShard) => GroupEffects): R | undefined {
    const answers = this.harness.apply(run(this.harness.shard), this.nowMs)
    return answers[0]?.response as R | undefined
  }

  beat(client: Client, isLost: boolean): void {
    const isFull = client.isFull || client.epoch === 0
    const owned = [...client.owned]
    const topicPartitions =
      client.epoch === 0 || owned.length === 0 ? [] : [{ topicId: TOPIC_ID, partitions: owned }]
    const request = {
      groupId: GROUP,
      memberId: client.memberId,
      memberEpoch: client.epoch,
      instanceId: client.instanceId,
      rackId: isFull ? client.rackId : null,
      rebalanceTimeoutMs: isFull ? 20_000 : -1,
      subscribedTopicNames: isFull ? ['t'] : null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions,
    }
    const response = this.#send<ConsumerGroupHeartbeatResponse>(shard =>
      shard.consumerGroupHeartbeat(1, request, { ...this.#context(), apiVersion: 1 }),
    )
    client.isFull = isLost || response === undefined
    if (isLost || response === undefined) return
    const name = errorName(response.errorCode)
    if (name === 'UNRELEASED_INSTANCE_ID') return
    if (name !== 'NONE') {
      // Fenced: it gives everything up and joins again under the same id.
      client.epoch = 0
      client.owned = new Set()
      client.isFull = true
      return
    }
    const last = this.epochs.get(client.memberId) ?? 0
    if (response.memberEpoch < last) throw new Error('a member epoch went back')
    this.epochs.set(client.memberId, response.memberEpoch)
    client.epoch = response.memberEpoch
    if (response.assignment === null) return
    const next = new Set(response.assignment.topicPartitions.flatMap(each => each.partitions))
    if ([...next].some(each => !client.owned.has(each))) this.moves++
    client.owned = next
    this.past.push({ ...client, owned: next })
  }

  #leave(client: Client, memberEpoch: number): void {
    if (client.epoch === 0) return
    const request = {
      groupId: GROUP,
      memberId: client.memberId,
      memberEpoch,
      instanceId: client.instanceId,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
    }
    const response = this.#send<ConsumerGroupHeartbeatResponse>(shard =>
      shard.consumerGroupHeartbeat(1, request, { ...this.#context(), apiVersion: 1 }),
    )
    if (response === undefined) return
    if (response.errorCode === 0 && memberEpoch === -1) this.gone.add(client.memberId)
    this.#startAnew(client)
  }

  /** Also of those who have been fenced meanwhile and do not know. */
  #commit(client: Identity): void {
    const [partitionIndex] = client.owned
    if (client.epoch === 0 || partitionIndex === undefined) return
    const committedOffset = this.#nextOffset++
    const partition = {
      partitionIndex,
      committedOffset,
      committedLeaderEpoch: -1,
      committedMetadata: '',
    }
    const request = {
      groupId: GROUP,
      generationIdOrMemberEpoch: client.epoch,
      memberId: client.memberId,
      groupInstanceId: client.instanceId,
      retentionTimeMs: -1,
      topics: [{ name: 't', topicId: TOPIC_ID, partitions: [partition] }],
    }
    const response = this.#send<OffsetCommitResponse>(shard =>
      shard.offsetCommit(1, request, this.#context()),
    )
    const isAccepted = response !== undefined && response.topics[0]!.partitions[0]!.errorCode === 0
    if (!isAccepted) {
      this.zombies++
      return
    }
    this.#checkCommitter(client, partitionIndex)
    this.acked.set(partitionIndex, committedOffset)
  }

  #checkCommitter({ memberId, epoch }: Identity, partitionIndex: number): void {
    if (this.gone.has(memberId)) throw new Error('a member that left has committed')
    const holders = this.#holdersOf(partitionIndex)
    if (holders.some(each => each !== memberId)) {
      throw new Error('a commit was accepted for a partition of another member')
    }
    const member = describe(this.harness.shard).members.find(each => each.memberId === memberId)
    if (member === undefined) throw new Error('a fenced member has committed')
    if (epoch > member.memberEpoch) throw new Error('a commit of the future was accepted')
    if (epoch === member.memberEpoch) return
    // One with an older epoch must have had the partition ever since (KIP-1251).
    const hasGivenUp = this.past.some(
      each => each.memberId === memberId && each.epoch > epoch && !each.owned.has(partitionIndex),
    )
    if (hasGivenUp || !holders.includes(memberId)) {
      throw new Error('a commit of an older epoch was accepted for what the member has not kept')
    }
  }

  #holdersOf(partitionIndex: number): string[] {
    const group = describe(this.harness.shard)
    return group.members
      .filter(each => partitionsOf(each.assignment).includes(partitionIndex))
      .map(each => each.memberId)
  }

  check(withRebuild: boolean): void {
    const live = describe(this.harness.shard)
    const rebuilt = withRebuild ? this.harness.rebuild(this.nowMs) : this.harness.shard
    if (JSON.stringify(live) !== JSON.stringify(describe(rebuilt))) {
      throw new Error('the rebuilt group is another one')
    }
    if (live.errorCode === 0) {
      if (live.groupEpoch < this.groupEpoch) throw new Error('the group epoch went back')
      if (live.assignmentEpoch > live.groupEpoch) throw new Error('a target of the future')
      this.groupEpoch = live.groupEpoch
    }
    this.#checkOwners(live.members)
    for (const shard of [this.harness.shard, rebuilt]) this.#checkOffsets(shard)
  }

  /** What members of the group believe to have, they have alone. */
  #checkOwners(members: Described['members']): void {
    const owners = new Map<number, string>()
    const epochs = new Map(members.map(each => [each.memberId, each.memberEpoch]))
    for (const client of this.clients) {
      if (client.epoch === 0 || !epochs.has(client.memberId)) continue
      for (const index of client.owned) {
        const other = owners.get(index)
        if (other !== undefined) throw new Error(`${index} belongs to ${other} and ${client.name}`)
        owners.set(index, client.name)
      }
    }
  }

  #checkOffsets(shard: GroupShard): void {
    const group = { groupId: GROUP, topics: null, memberId: null, memberEpoch: -1 }
    const reply = shard.offsetFetch(1, { ...group, requireStable: true }).replies[0]!
    const partitions = (reply.response as FetchedGroup).topics.flatMap(each => each.partitions)
    const fetched = new Map(partitions.map(each => [each.partitionIndex, each.committedOffset]))
    for (const [index, offset] of this.acked) {
      if (fetched.get(index) !== offset) throw new Error('an acked commit is gone')
    }
  }

  /** With steady heartbeats everybody gets an even share. */
  settle(): void {
    this.harness.refusesNext = false
    for (let round = 0; round < 20; round++) {
      for (const client of this.clients) this.beat(client, false)
      this.advance(5000)
    }
    const live = describe(this.harness.shard)
    if (live.groupState !== 'Stable') throw new Error(`the group stays ${live.groupState}`)
    const shares = live.members.map(each => partitionsOf(each.assignment).length)
    const total = shares.reduce((sum, each) => sum + each, 0)
    if (total !== this.partitionCount) throw new Error('not every partition has an owner')
    if (Math.max(...shares) - Math.min(...shares) > 1) throw new Error('shares are uneven')
  }
}

interface Described {
  readonly errorCode: number
  readonly groupState: string
  readonly groupEpoch: number
  readonly assignmentEpoch: number
  readonly members: {
    memberId: string
    memberEpoch: number
    assignment: { topicPartitions: { partitions: number[] }[] }
  }[]
}

function describe(shard: GroupShard): Described {
  const [described] = shard.describeConsumerGroups(1, [GROUP]).replies[0]!.response as Described[]
  const members = [...described!.members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  return { ...described!, members }
}

function partitionsOf(assignment: Described['members'][number]['assignment']): number[] {
  return assignment.topicPartitions.flatMap(each => each.partitions)
}

const client = fc.nat({ max: 3 })
const of = <const Kind extends string>(kind: Kind) =>
  fc.record({ kind: fc.constant(kind), client }) as fc.Arbitrary<Op>
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 50, arbitrary: of('beat') },
  { weight: 8, arbitrary: of('lose') },
  { weight: 10, arbitrary: of('commit') },
  { weight: 3, arbitrary: of('leave') },
  { weight: 3, arbitrary: of('pause') },
  { weight: 2, arbitrary: of('crash') },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('zombie' as const), which: fc.nat() }),
  },
  { weight: 5, arbitrary: of('move') },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('compact' as const),
      percent: fc.constantFrom(50, 90, 100),
      dropsTombstones: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.constantFrom(1000, 5000, 10_000, 21_000, 46_000),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'refuse' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'grow' as const }) },
)

const seen = { moves: 0, acked: 0, gone: 0, zombies: 0 }

t.test('random interleavings keep one owner, growing epochs and acked commits', async t => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(op, { minLength: 40, maxLength: 200, size: 'max' }),
      (seed, ops) => {
        const world = new World(seed)
        ops.forEach((each, index) => {
          world.run(each)
          world.check(index % REBUILD_EVERY === 0)
        })
        world.settle()
        world.check(true)
        seen.moves += world.moves
        seen.acked += world.acked.size
        seen.gone += world.gone.size
        seen.zombies += world.zombies
      },
    ),
    { numRuns: 60 },
  )
  t.ok(seen.moves > 300, `${seen.moves} times a member got partitions`)
  t.ok(seen.acked > 60, `${seen.acked} partitions had acked commits`)
  t.ok(seen.gone > 100, `${seen.gone} members left`)
  t.ok(seen.zombies > 30, `${seen.zombies} commits were refused`)
})
