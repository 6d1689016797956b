// What scenarios cannot say well: many groups at once.

import { ZERO_UUID } from '@weir/core'
import { SimRandom } from '@weir/core/sim'
import {
  type ConsumerGroupHeartbeatResponse,
  errorName,
  type JoinGroupResponse,
} from '@weir/protocol'
import t from 'tap'
import type { FetchedGroup } from './group-offsets.ts'
import { NO_TOPICS, ShardHarness } from './testing/shard-harness.ts'
import { encodeSubscription } from './testing/subscriptions.ts'
import { DEFAULT_GROUPS_CONFIG } from './types.ts'

const GROUPS = 250

function harnessWithOffsets(): ShardHarness {
  const config = {
    ...DEFAULT_GROUPS_CONFIG,
    offsetsRetentionMs: 1000,
    offsetsRetentionCheckIntervalMs: 2000,
  }
  const harness = new ShardHarness(new SimRandom(1), config, NO_TOPICS)
  for (let index = 0; index < GROUPS; index++) commit(harness, `group-${index}`, 0)
  return harness
}

function commit(harness: ShardHarness, groupId: string, nowMs: number, name = 't'): void {
  const partition = {
    partitionIndex: 0,
    committedOffset: 1,
    committedLeaderEpoch: -1,
    committedMetadata: null,
  }
  const request = {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name, topicId: ZERO_UUID, partitions: [partition] }],
  }
  const context = { nowMs, apiVersion: 8, clientId: 'c', clientHost: '/h' }
  harness.apply(harness.shard.offsetCommit(1, request, context), nowMs)
}

function countGroups(harness: ShardHarness): number {
  const { response } = harness.shard.listGroups(1, { statesFilter: [], typesFilter: [] })
    .replies[0]!
  return (response as { groups: unknown[] }).groups.length
}

t.test('expired groups go some at a time, and then the next round is planned', async t => {
  const harness = harnessWithOffsets()
  const left: number[] = []
  for (let deadlineMs = 0; deadlineMs < 2500; ) {
    harness.apply(harness.shard.expire(deadlineMs), deadlineMs)
    left.push(countGroups(harness))
    deadlineMs = harness.shard.nextDeadlineMs()
  }
  t.same(left, [250, 150, 50, 0])
  t.equal(harness.shard.nextDeadlineMs(), 4020)
})

t.test('a process whose clock was ahead when it started takes no offsets away', async t => {
  const harness = harnessWithOffsets()
  harness.config = { ...harness.config, wallAheadMs: -5000 }
  harness.restart(0)
  harness.apply(harness.shard.expire(2000), 2000)
  t.equal(countGroups(harness), GROUPS)
})

t.test('a group that is made or used anew while others expire stays', async t => {
  const harness = harnessWithOffsets()
  harness.apply(harness.shard.expire(2000), 2000)
  commit(harness, 'group-249', 2001)
  commit(harness, 'new', 2001)
  for (const nowMs of [2010, 2020]) harness.apply(harness.shard.expire(nowMs), nowMs)
  t.equal(countGroups(harness), 2)
})

t.test('a deleted topic takes its offsets out of every group', async t => {
  const harness = harnessWithOffsets()
  const deleted = [{ name: 't', topicId: ZERO_UUID }]
  const effects = harness.shard.topicsDeleted(deleted, 0)
  t.equal(effects.records.length, GROUPS)
  harness.apply(effects, 0)
  t.equal(harness.shard.topicsDeleted(deleted, 0).records.length, 0)
})

t.test('many deleted topics take their offsets out of some groups at a time', async t => {
  const harness = harnessWithOffsets()
  const deleted = Array.from({ length: 20 }, (_, index) => ({
    name: index === 7 ? 't' : `t${index}`,
    topicId: ZERO_UUID,
  }))
  const effects = harness.shard.topicsDeleted(deleted, 0)
  t.equal(effects.records.length, 100)
  harness.apply(effects, 0)
  const later: number[] = []
  for (const nowMs of [10, 20, 30]) {
    const more = harness.shard.expire(nowMs)
    later.push(more.records.length)
    harness.apply(more, nowMs)
  }
  t.same(later, [100, 50, 0])
})

t.test(
  'offsets of topics that were deleted while nobody looked are dropped after the load',
  async t => {
    const topicIds = new Map([
      ['gone', 'gone_________________A'],
      ['kept', 'kept_________________A'],
    ])
    const harness = new ShardHarness(new SimRandom(1), DEFAULT_GROUPS_CONFIG, {
      ...NO_TOPICS,
      topicId: name => topicIds.get(name) ?? null,
      topicName: id => [...topicIds].find(each => each[1] === id)?.[0] ?? null,
    })
    for (const name of ['gone', 'kept', 'never']) commit(harness, 'g', 0, name)
    topicIds.delete('gone')
    harness.restart(1000)
    for (let nowMs = 1000; harness.shard.nextDeadlineMs() <= 1010; nowMs = 1010) {
      harness.apply(harness.shard.expire(nowMs), nowMs)
    }
    const fetch = {
      groupId: 'g',
      topics: null,
      requireStable: false,
      memberId: null,
      memberEpoch: -1,
    }
    const fetched = harness.shard.offsetFetch(1, fetch).replies[0]!.response as FetchedGroup
    // One that was committed without an id may be of a topic that was never known here.
    t.same(
      fetched.topics.map(each => each.name),
      ['kept', 'never'],
    )
  },
)

t.test('ids that nobody uses are bounded', async t => {
  const harness = new ShardHarness(new SimRandom(1), DEFAULT_GROUPS_CONFIG, NO_TOPICS)
  const request = {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    reason: null,
  }
  const context = { nowMs: 0, apiVersion: 9, clientId: 'c', clientHost: '/h' }
  const join = () => {
    const { response } = harness.shard.joinGroup(1, request, context).replies[0]!
    return errorName((response as { errorCode: number }).errorCode)
  }
  for (let count = 0; count < 10_000; count++) join()
  t.equal(join(), 'GROUP_MAX_SIZE_REACHED')
  for (let nowMs = 0; harness.shard.nextDeadlineMs() <= 10_000; nowMs = 10_000) {
    harness.apply(harness.shard.expire(nowMs), nowMs)
  }
  t.equal(join(), 'MEMBER_ID_REQUIRED')
})

t.test('a pattern over thousands of topics is answered at once, and matched meanwhile', async t => {
  const names = Array.from({ length: 2500 }, (_, index) => `topic-${index}`)
  const idOf = (name: string) => name.padEnd(22, 'A')
  const harness = new ShardHarness(new SimRandom(1), DEFAULT_GROUPS_CONFIG, {
    ...NO_TOPICS,
    topicId: name => (names.includes(name) ? idOf(name) : null),
    topicName: id => names.find(each => idOf(each) === id) ?? null,
    partitionCount: () => 1,
    names: () => names,
    changeCount: 1,
    namesVersion: 1,
  })
  const beat = (memberEpoch: number) => {
    const request = {
      groupId: 'g',
      memberId: 'm',
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 20_000,
      subscribedTopicNames: null,
      subscribedTopicRegex: 'topic-.*7',
      serverAssignor: null,
      topicPartitions: [],
    }
    const context = { nowMs: 0, apiVersion: 1, clientId: 'c', clientHost: '/h' }
    const [answer] = harness.apply(harness.shard.consumerGroupHeartbeat(1, request, context), 0)
    return answer!.response as ConsumerGroupHeartbeatResponse
  }
  t.same(beat(0).assignment, { topicPartitions: [] })
  let steps = 0
  for (let nowMs = harness.shard.nextDeadlineMs(); nowMs < 100; steps++) {
    harness.apply(harness.shard.expire(nowMs), nowMs)
    nowMs = harness.shard.nextDeadlineMs()
  }
  t.equal(steps, 3, 'two steps, and a look that finds nothing more to do')
  const { memberEpoch, assignment } = beat(1)
  t.equal(memberEpoch, 2)
  t.equal(assignment?.topicPartitions.length, 250)
  t.equal(beat(2).memberEpoch, 2)
})

interface Joining {
  readonly clientId: string
  readonly instanceId?: string
  readonly protocols?: readonly string[]
}

/** JoinGroup, version 3; its effects are applied, its answer may come later. */
function join(harness: ShardHarness, joining: Joining): JoinGroupResponse | undefined {
  const { clientId, instanceId = null, protocols = ['range'] } = joining
  const metadata = encodeSubscription(['t'])
  const request = {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 0,
    memberId: '',
    groupInstanceId: instanceId,
    protocolType: 'consumer',
    protocols: protocols.map(name => ({ name, metadata })),
    reason: null,
  }
  const context = { nowMs: 0, apiVersion: 3, clientId, clientHost: '/h' }
  const answers = harness.apply(harness.shard.joinGroup(1, request, context), 0)
  return answers[0]?.response as JoinGroupResponse | undefined
}

t.test('static members that stay away and wait for nobody do not keep the shard busy', async t => {
  const config = { ...DEFAULT_GROUPS_CONFIG, initialRebalanceDelayMs: 0 }
  const harness = new ShardHarness(new SimRandom(1), config, NO_TOPICS)
  const { shard } = harness
  const context = { nowMs: 0, apiVersion: 3, clientId: 'a', clientHost: '/h' }
  const joined = join(harness, { clientId: 'a', instanceId: 'i' })!
  const sync = {
    groupId: 'g',
    generationId: joined.generationId,
    memberId: joined.memberId,
    groupInstanceId: 'i',
    protocolType: null,
    protocolName: null,
    assignments: [],
  }
  harness.apply(shard.syncGroup(2, sync, context), 0)
  join(harness, { clientId: 'b' })
  const [answer] = harness.apply(shard.expire(0), 0)
  const other = (answer!.response as JoinGroupResponse).memberId
  const leaver = { memberId: other, groupInstanceId: null, reason: null }
  const leave = { groupId: 'g', memberId: '', members: [leaver] }
  harness.apply(shard.leaveGroup(3, leave, context), 0)
  harness.apply(shard.expire(0), 0)
  t.equal(shard.nextDeadlineMs(), 1000)
})

t.test('a classic member may name very many protocols to a consumer group', async t => {
  const harness = new ShardHarness(new SimRandom(1), DEFAULT_GROUPS_CONFIG, NO_TOPICS)
  const beat = {
    groupId: 'g',
    memberId: 'n',
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 10_000,
    subscribedTopicNames: ['t'],
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: [],
  }
  const context = { nowMs: 0, apiVersion: 1, clientId: 'n', clientHost: '/h' }
  harness.apply(harness.shard.consumerGroupHeartbeat(1, beat, context), 0)
  const named = (prefix: string) =>
    Array.from({ length: 100_000 }, (_, index) => `${prefix}${index}`)
  const errorOf = (protocols: string[]) =>
    errorName(join(harness, { clientId: 'c', protocols })!.errorCode)
  t.equal(errorOf(named('a')), 'NONE')
  // Each name with each other's would take minutes.
  t.equal(errorOf(named('b')), 'INCONSISTENT_GROUP_PROTOCOL')
  t.equal(errorOf([...named('b'), 'a99999']), 'NONE')
})
