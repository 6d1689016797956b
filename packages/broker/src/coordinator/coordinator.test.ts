// The coordinator runtime over a real log on a simulated disk, through the handlers of the groups.

import { MetadataDelta } from '@weir/controller'
import {
  type ErrorName,
  errorName,
  type HeartbeatResponse,
  type JoinGroupResponse,
  type OffsetCommitResponse,
  type OffsetFetchResponse,
} from '@weir/protocol'
import t from 'tap'
import { handleFindCoordinator } from '../handlers/find-coordinator.ts'
import { handleHeartbeat } from '../handlers/heartbeat.ts'
import { handleJoinGroup } from '../handlers/join-group.ts'
import { handleListGroups } from '../handlers/list-groups.ts'
import { handleOffsetCommit } from '../handlers/offset-commit.ts'
import { handleOffsetFetch } from '../handlers/offset-fetch.ts'
import { handleSyncGroup } from '../handlers/sync-group.ts'
import type { DataPlane } from '../testing/data-plane.ts'
import { coordinate, openGroupPlane } from '../testing/group-plane.ts'
import { OFFSETS_TOPIC } from './group-coordinator.ts'
import { javaHashCode } from './java-hash.ts'

const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const GROUP = 'g'

async function find(plane: DataPlane, keyType = 0): Promise<{ error: ErrorName; nodeId: number }> {
  const request = { key: '', keyType, coordinatorKeys: [GROUP] }
  const asked = plane.ask(handleFindCoordinator, 4, request)
  const { coordinators } = await plane.response<{
    coordinators: { errorCode: number; nodeId: number }[]
  }>(asked)
  const [only] = coordinators
  return { error: errorName(only!.errorCode), nodeId: only!.nodeId }
}

interface Committer {
  readonly memberId: string
  readonly generationId: number
}

const NOBODY: Committer = { memberId: '', generationId: -1 }

function askCommit(plane: DataPlane, committedOffset: number, topic = 't', committer = NOBODY) {
  const partition = {
    partitionIndex: 0,
    committedOffset,
    committedLeaderEpoch: 2,
    committedMetadata: 'note',
  }
  return plane.ask(handleOffsetCommit, 8, {
    groupId: GROUP,
    generationIdOrMemberEpoch: committer.generationId,
    memberId: committer.memberId,
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name: topic, topicId: ZERO_ID, partitions: [partition] }],
  })
}

async function commit(
  plane: DataPlane,
  offset: number,
  topic = 't',
  committer = NOBODY,
): Promise<ErrorName> {
  const asked = askCommit(plane, offset, topic, committer)
  const response = await plane.response<OffsetCommitResponse>(asked)
  return errorName(response.topics[0]!.partitions[0]!.errorCode)
}

/** The committed offset; an error by its name. */
async function fetch(plane: DataPlane): Promise<number | ErrorName> {
  const asked = plane.ask(handleOffsetFetch, 8, {
    groupId: '',
    topics: null,
    groups: [
      {
        groupId: GROUP,
        memberId: null,
        memberEpoch: -1,
        topics: [{ name: 't', topicId: ZERO_ID, partitionIndexes: [0] }],
      },
    ],
    requireStable: true,
  })
  const { groups } = await plane.response<OffsetFetchResponse>(asked)
  const group = groups[0]!
  if (group.errorCode !== 0) return errorName(group.errorCode)
  return group.topics[0]!.partitions[0]!.committedOffset
}

function askJoin(plane: DataPlane, memberId = '', version = 3) {
  return plane.ask(handleJoinGroup, version, {
    groupId: GROUP,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 20_000,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('mine') }],
    reason: null,
  })
}

async function joinAndSync(plane: DataPlane): Promise<JoinGroupResponse> {
  const joined = await plane.response<JoinGroupResponse>(askJoin(plane))
  const { memberId, generationId } = joined
  const synced = plane.ask(handleSyncGroup, 3, {
    groupId: GROUP,
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType: null,
    protocolName: null,
    assignments: [{ memberId, assignment: Buffer.from('all') }],
  })
  await plane.response(synced)
  return joined
}

function askHeartbeat(plane: DataPlane, { memberId, generationId }: JoinGroupResponse) {
  const request = { groupId: GROUP, generationId, memberId, groupInstanceId: null }
  return plane.ask(handleHeartbeat, 3, request)
}

async function heartbeat(plane: DataPlane, member: JoinGroupResponse): Promise<ErrorName> {
  const { errorCode } = await plane.response<HeartbeatResponse>(askHeartbeat(plane, member))
  return errorName(errorCode)
}

t.test('hash codes are those of Java', async t => {
  for (const [text, expected] of [
    ['', 0],
    ['a', 97],
    ['hello', 99_162_322],
    ['consumer-group-with-a-long-name', javaSum('consumer-group-with-a-long-name')],
    ['😀', 1_772_899],
  ] as const) {
    t.equal(javaHashCode(text), expected, text)
  }
})

/** s[0]*31^(n-1) + ... + s[n-1] in big integers, cut to 32 bits. */
function javaSum(text: string): number {
  let sum = 0n
  for (let at = 0; at < text.length; at++) sum = sum * 31n + BigInt(text.charCodeAt(at))
  return Number(BigInt.asIntN(32, sum))
}

t.test('FindCoordinator creates the topic and answers when the shard is loaded', async t => {
  const plane = await openGroupPlane()
  t.equal(plane.services.metadata.topic(OFFSETS_TOPIC), undefined)
  t.same(await find(plane), { error: 'NONE', nodeId: 1 })
  t.equal(await fetch(plane), -1)
  t.same(await find(plane, 1), { error: 'INVALID_REQUEST', nodeId: -1 })
})

t.test('a commit is answered when it is written, a heartbeat at once', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const member = await joinAndSync(plane)
  plane.sim.disk('node').faults.maxDelayMs = 400
  plane.sim.disk('node').faults.syncWriteChance = 0
  const asked = askCommit(plane, 7, 't', member)
  const beat = askHeartbeat(plane, member)
  await plane.response(beat)
  t.equal(asked.answer, null, 'the commit still waits')
  await plane.response(asked)
  t.ok(asked.answeredAtMs > beat.answeredAtMs)
})

t.test(
  'a commit that is not committed in time is an error, and counts when it is after all',
  async t => {
    const plane = await openGroupPlane()
    await find(plane)
    t.equal(await commit(plane, 1), 'NONE')
    plane.sim.disk('node').faults.maxDelayMs = 60_000
    plane.sim.disk('node').faults.syncWriteChance = 0
    const late = askCommit(plane, 2)
    const askedMs = plane.sim.nowMs
    const { topics } = await plane.response<OffsetCommitResponse>(late)
    t.equal(errorName(topics[0]!.partitions[0]!.errorCode), 'COORDINATOR_NOT_AVAILABLE')
    t.ok(late.answeredAtMs - askedMs >= 5000)
    await plane.sim.run({ forMs: 60_000 })
    t.equal(await fetch(plane), 2)
  },
)

t.test('unknown topics are refused one by one', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  t.equal(await commit(plane, 1, 'missing'), 'UNKNOWN_TOPIC_OR_PARTITION')
  t.equal(await commit(plane, 1), 'NONE')
})

t.test('after kill -9 groups and offsets are what was acked', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  t.equal(await commit(plane, 41), 'NONE')
  t.equal(await commit(plane, 42), 'NONE')
  const member = await joinAndSync(plane)
  await plane.restart()
  coordinate(plane)
  t.equal(await fetch(plane), 'COORDINATOR_LOAD_IN_PROGRESS')
  t.equal(await heartbeat(plane, member), 'NONE', 'heartbeats are taken for granted while it loads')
  t.same(await find(plane), { error: 'NONE', nodeId: 1 })
  t.equal(await fetch(plane), 42)
  t.equal(await heartbeat(plane, member), 'NONE')
  t.equal(await heartbeat(plane, { ...member, generationId: 9 }), 'ILLEGAL_GENERATION')
})

t.test('a failed write forgets the shard: the request fails, what was acked stays', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  t.equal(await commit(plane, 5), 'NONE')
  plane.sim.disk('node').faults.capacityBytes = 0
  t.equal(await commit(plane, 6), 'NOT_COORDINATOR')
  plane.sim.disk('node').faults.capacityBytes = Number.POSITIVE_INFINITY
  await plane.sim.run({ forMs: 5000 })
  t.equal(await fetch(plane), 5)
  t.equal(await commit(plane, 7), 'NONE')
  t.equal(await fetch(plane), 7)
})

t.test('members that wait are sent away when the leadership goes', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const waiting = askJoin(plane)
  const topic = plane.services.metadata.topic(OFFSETS_TOPIC)!
  for (const partition of topic.partitions) {
    const moved = { ...partition, replicas: [1, 2], leader: 2, leaderEpoch: 4 }
    plane.image.replay({ kind: 'partition', ...moved })
  }
  plane.services.replicaManager.applyImage(plane.image)
  const { errorCode } = await plane.response<JoinGroupResponse>(waiting)
  t.equal(errorName(errorCode), 'NOT_COORDINATOR')
  t.equal(await commit(plane, 1), 'NOT_COORDINATOR')
})

t.test('a session ends by the timer of the shard, whatever the wall clock does', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const member = await joinAndSync(plane)
  plane.sim.skewWallClock('node', 3_600_000)
  await plane.sim.run({ forMs: 9000 })
  t.equal(await heartbeat(plane, member), 'NONE')
  await plane.sim.run({ forMs: 10_500 })
  t.equal(await heartbeat(plane, member), 'UNKNOWN_MEMBER_ID')
})

t.test('offsets keep their time over a restart after the machine slept for longer', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const member = await joinAndSync(plane)
  // The monotonic clock stands still meanwhile.
  plane.sim.skewWallClock('node', 8 * 24 * 3_600_000)
  t.equal(await commit(plane, 7, 't', member), 'NONE')
  await plane.sim.run({ forMs: 30_000 })
  await plane.restart()
  coordinate(plane)
  await plane.sim.run({ forMs: 20 * 60_000 })
  t.equal(await fetch(plane), 7)
})

/** A process that stood still for longer than the session of the member of its group. */
async function afterPause(): Promise<{ plane: DataPlane; member: JoinGroupResponse }> {
  const plane = await openGroupPlane()
  await find(plane)
  const member = await joinAndSync(plane)
  plane.sim.pause('node')
  await plane.sim.run({ forMs: 60_000 })
  plane.sim.resume('node')
  return { plane, member }
}

t.test('after a pause of the process its members may show themselves first', async t => {
  const { plane, member } = await afterPause()
  // Timers that are late fire before what is in the sockets is read.
  await plane.sim.run({ forMs: 100 })
  t.equal(await heartbeat(plane, member), 'NONE')
  await plane.sim.run({ forMs: 5000 })
  t.equal(await heartbeat(plane, member), 'NONE')
})

t.test('after a pause of the process who stays away is removed, whoever else asks', async t => {
  const { plane, member } = await afterPause()
  for (let count = 0; count < 30; count++) {
    await fetch(plane)
    await plane.sim.run({ forMs: 100 })
  }
  t.equal(await heartbeat(plane, member), 'UNKNOWN_MEMBER_ID')
})

t.test('while the node may not be the leader any more nobody is answered from memory', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  t.equal(await commit(plane, 5), 'NONE')
  const topic = plane.services.metadata.topic(OFFSETS_TOPIC)!
  const partitions = topic.partitions.map(
    each => plane.services.replicaManager.getPartition(OFFSETS_TOPIC, each.partitionIndex)!,
  )
  for (const each of partitions) each.checkLeader = () => 'NOT_LEADER_OR_FOLLOWER'
  t.equal(await fetch(plane), 'COORDINATOR_LOAD_IN_PROGRESS')
  t.equal(await commit(plane, 6), 'COORDINATOR_LOAD_IN_PROGRESS')
  for (const each of partitions) each.checkLeader = () => null
  t.equal(await fetch(plane), 5)
})

t.test('groups are listed over all shards', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  await commit(plane, 1)
  const asked = plane.ask(handleListGroups, 5, { statesFilter: [], typesFilter: [] })
  const { groups } = await plane.response<{ groups: { groupId: string; groupState: string }[] }>(
    asked,
  )
  t.same(
    groups.map(each => [each.groupId, each.groupState]),
    [[GROUP, 'Empty']],
  )
})

t.test('a topic that is deleted while the shard loads takes its offsets along', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  t.equal(await commit(plane, 41), 'NONE')
  await plane.restart()
  const coordinator = coordinate(plane)
  t.equal(await fetch(plane), 'COORDINATOR_LOAD_IN_PROGRESS')
  const { topicId } = plane.services.metadata.topic('t')!
  const delta = new MetadataDelta()
  plane.image.replay({ kind: 'removeTopic', topicId }, delta)
  coordinator.onMetadata(plane.image, delta)
  await find(plane)
  t.equal(await fetch(plane), -1)
})

t.test('the log may be compacted, and lose its first segments, while the shard loads', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  for (let offset = 1; offset <= 20; offset++) t.equal(await commit(plane, offset), 'NONE')
  await plane.restart()
  coordinate(plane)
  const topic = plane.services.metadata.topic(OFFSETS_TOPIC)!
  for (const { partitionIndex } of topic.partitions) {
    const partition = plane.services.replicaManager.getPartition(OFFSETS_TOPIC, partitionIndex)!
    const { logEndOffset } = partition.log
    if (logEndOffset > 0)
      await plane.sim.complete(partition.log.advanceLogStartOffset(logEndOffset - 1))
  }
  t.same(await find(plane), { error: 'NONE', nodeId: 1 })
  t.equal(await fetch(plane), 20)
})

t.test(
  'a coordinator is named when its shard is here, however much is applied before it',
  async t => {
    const plane = await openGroupPlane()
    // All of it is decided at once, and more than one turn applies.
    plane.createTopic('large', 3000)
    t.same(
      await find(plane),
      { error: 'NONE', nodeId: 1 },
      'kafkajs ends its consumer at an error here',
    )
    t.equal(await commit(plane, 1), 'NONE')
  },
)
