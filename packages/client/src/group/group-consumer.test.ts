import {
  buildRecordBatch,
  consumerProtocolSubscription,
  decodeVersioned,
  fetchApi,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  listOffsetsApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
} from '@weir/protocol'
import t from 'tap'
import { type FakeBroker, fakeCluster, Later, serveMetadata } from '../testing/fake-broker.ts'
import { GroupConsumer } from './group-consumer.ts'

interface Script {
  /** Error codes of the next heartbeats; 0 when there are no more. */
  readonly heartbeats: number[]
  /** Error codes of the next commits of a partition. */
  readonly refusals: number[]
  readonly commits: [partition: number, offset: number][]
  readonly joins: string[]
  readonly left: string[]
  generation: number
}

/** A coordinator with one member, and a partition leader with ten records in every partition. */
function serveGroup(broker: FakeBroker): Script {
  const script: Script = {
    heartbeats: [],
    refusals: [],
    commits: [],
    joins: [],
    left: [],
    generation: 0,
  }
  let assignment = Buffer.alloc(0)
  broker.on(findCoordinatorApi, body => ({
    coordinators: body.coordinatorKeys.map(key => {
      return { key, nodeId: 1, host: 'broker1', port: 9092, errorCode: 0, errorMessage: null }
    }),
  }))
  broker.on(joinGroupApi, body => {
    script.joins.push(body.memberId)
    const answer = { protocolName: 'range', leader: 'm-1', memberId: 'm-1' }
    if (body.memberId === '') return { ...answer, errorCode: 79, leader: '', members: [] }
    script.generation++
    const { topics } = decodeVersioned(consumerProtocolSubscription, body.protocols[0]!.metadata)
    if (topics.length === 0) throw new Error('nothing subscribed')
    const metadata = Buffer.from(body.protocols[0]!.metadata)
    const members = [{ memberId: 'm-1', metadata }]
    return { ...answer, errorCode: 0, generationId: script.generation, members }
  })
  broker.on(syncGroupApi, body => {
    assignment = Buffer.from(body.assignments[0]!.assignment)
    return { errorCode: 0, assignment }
  })
  broker.on(heartbeatApi, () => ({ errorCode: script.heartbeats.shift() ?? 0 }))
  broker.on(leaveGroupApi, body => {
    script.left.push(...body.members.map(member => member.memberId))
    return { errorCode: 0, members: [] }
  })
  broker.on(offsetFetchApi, body => ({
    groups: body.groups.map(({ groupId, topics }) => ({
      groupId,
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => ({
          partitionIndex,
          committedOffset: script.commits.findLast(([p]) => p === partitionIndex)?.[1] ?? -1,
          metadata: '',
          errorCode: 0,
        })),
      })),
    })),
  }))
  broker.on(offsetCommitApi, body => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset }) => {
        const errorCode = script.refusals.shift() ?? 0
        if (errorCode === 0) script.commits.push([partitionIndex, committedOffset])
        return { partitionIndex, errorCode }
      }),
    })),
  }))
  broker.on(listOffsetsApi, body => endsAt(0, body.topics))
  broker.on(fetchApi, body => {
    const isAtEnd = (offset: number): boolean => offset >= 10
    const answer = {
      responses: body.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partition, fetchOffset }) => ({
          partitionIndex: partition,
          errorCode: 0,
          highWatermark: 10,
          abortedTransactions: null,
          records: isAtEnd(fetchOffset) ? null : tenRecords(partition),
        })),
      })),
    }
    const hasNothing = body.topics.every(({ partitions }) =>
      partitions.every(({ fetchOffset }) => isAtEnd(fetchOffset)),
    )
    return hasNothing ? new Later(body.maxWaitMs, answer) : answer
  })
  return script
}

function endsAt(
  offset: number,
  topics: readonly { name: string; partitions: readonly { partitionIndex: number }[] }[],
) {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        return { partitionIndex, errorCode: 0, offset, timestamp: -1 }
      }),
    })),
  }
}

function tenRecords(partition: number): Buffer {
  return buildRecordBatch(
    Array.from({ length: 10 }, (_, i) => {
      return { timestamp: 1, key: null, value: `${partition}-${i}` }
    }),
  )
}

async function setUp(brokerCount = 1) {
  const world = await fakeCluster(brokerCount)
  const leaders = [1, 1]
  serveMetadata(world.brokers, () => [{ name: 'orders', leaders }])
  const script = serveGroup(world.brokers[0]!)
  const consumer = new GroupConsumer(world.cluster, {
    groupId: 'g',
    topics: ['orders'],
    startAt: 'earliest',
    heartbeatIntervalMs: 1_000,
  })
  return { ...world, leaders, script, consumer }
}

t.test(
  'a member gets its id, the partitions, the records, and commits what it was given',
  async t => {
    const { sim, consumer, script } = await setUp()
    const values: string[] = []
    while (values.length < 20) {
      const records = await sim.complete(consumer.poll(1_000))
      values.push(...records.map(record => String(record.value)))
      await sim.complete(consumer.commit())
    }
    t.same(script.joins, ['', 'm-1'])
    t.same(
      values.sort(),
      [0, 1].flatMap(p => Array.from({ length: 10 }, (_, i) => `${p}-${i}`)),
    )
    t.same(script.commits.sort(), [
      [0, 10],
      [1, 10],
    ])
    await sim.complete(consumer.commit())
    t.equal(script.commits.length, 2, 'nothing new, nothing to commit')
    await sim.complete(consumer.close())
    t.same(script.left, ['m-1'])
  },
)

t.test('a rebalance makes it commit, join again and go on at its offsets', async t => {
  const { sim, consumer, script } = await setUp()
  const first = await sim.complete(consumer.poll(1_000))
  t.equal(first.length, 20)
  script.heartbeats.push(27)
  await sim.run({ forMs: 1_500 })
  const second = await sim.complete(consumer.poll(1_000))
  t.same(second, [], 'nothing comes twice')
  t.equal(script.generation, 2)
  t.same(script.commits.sort(), [
    [0, 10],
    [1, 10],
  ])
})

t.test('a rebalance ends a poll that waits for records', async t => {
  const { sim, consumer, script } = await setUp()
  await sim.complete(consumer.poll(1_000))
  script.heartbeats.push(27)
  const { clock } = sim.env('client')
  const beganMs = clock.monotonicMs()
  t.same(await sim.complete(consumer.poll(60_000)), [])
  t.ok(clock.monotonicMs() - beganMs < 2_000, 'with the heartbeat')
})

t.test('a member that the group forgot joins as a new one', async t => {
  const { sim, consumer, script } = await setUp()
  await sim.complete(consumer.poll(1_000))
  script.heartbeats.push(25)
  await sim.run({ forMs: 1_500 })
  const again = await sim.complete(consumer.poll(1_000))
  t.same(script.joins, ['', 'm-1', '', 'm-1'])
  t.equal(again.length, 20, 'uncommitted records are read again')
})

t.test('what was returned and not processed is not committed', async t => {
  const { sim, consumer, script } = await setUp()
  const records = await sim.complete(consumer.poll(1_000))
  const ofFirst = records.filter(record => record.partition === 0)
  await sim.complete(consumer.commit(ofFirst.slice(4)))
  t.same(script.commits.sort(), [
    [0, 4],
    [1, 10],
  ])
})

t.test('partitions that are added later are found and read', async t => {
  const { sim, consumer, leaders, script } = await setUp()
  await sim.complete(consumer.poll(1_000))
  leaders.push(1)
  const added: string[] = []
  while (added.length < 10) {
    const records = await sim.complete(consumer.poll(1_000))
    added.push(...records.map(record => String(record.value)))
  }
  t.ok(added.every(value => value.startsWith('2-')))
  t.equal(script.generation, 2)
  t.equal(consumer.assignment.length, 3)
})

t.test('a commit waits for a coordinator that loads, and gives way to a rebalance', async t => {
  const { sim, consumer, script } = await setUp()
  await sim.complete(consumer.poll(1_000))
  script.refusals.push(14, 14)
  t.equal(await sim.complete(consumer.commit()), true)
  t.equal(script.commits.length, 2)
  for (const code of [27, 22, 25]) {
    const again = await setUp()
    await again.sim.complete(again.consumer.poll(1_000))
    again.script.refusals.push(code, code)
    t.equal(await again.sim.complete(again.consumer.commit()), false, `error ${code}`)
    const records = await again.sim.complete(again.consumer.poll(1_000))
    t.equal(again.script.generation, 2, 'it joined again')
    t.ok(records.length === 20 || again.script.commits.length === 2, 'nothing is lost')
  }
})

t.test('a member that could not learn where to begin asks again', async t => {
  const { sim, consumer, leaders, script } = await setUp()
  const asked = consumer.poll(1_000)
  await sim.run(() => script.generation === 1)
  leaders[0] = -1
  await t.rejects(sim.complete(asked))
  leaders[0] = 1
  const records = await sim.complete(consumer.poll(1_000))
  t.equal(records.length, 20)
  t.equal(script.generation, 1, 'in the generation that it has')
})

t.test('a rebalance that comes while it learns where to begin ends the poll', async t => {
  const { sim, brokers, consumer, leaders, script } = await setUp(2)
  const leader = brokers[1]!
  serveGroup(leader)
  leaders.fill(2)
  leader.on(listOffsetsApi, body => new Later(3_000, endsAt(0, body.topics)))
  script.heartbeats.push(27)
  const { clock } = sim.env('client')
  t.same(await sim.complete(consumer.poll(60_000)), [])
  t.ok(clock.monotonicMs() < 10_000, `after ${clock.monotonicMs()} ms`)
  const records = await sim.complete(consumer.poll(60_000))
  t.equal(records.length, 20)
  t.equal(script.generation, 2)
})
