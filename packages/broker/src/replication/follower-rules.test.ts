// The rules of a follower: what it appends, when it fetches, what it does with logs that are not, or not
// any more, those of its partitions.

import { DEFAULT_LOG_CONFIG } from '@weir/log'
import {
  buildRecordBatch,
  errorCode,
  fetchApi,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
} from '@weir/protocol'
import t from 'tap'
import { handleDeleteRecords } from '../handlers/delete-records.ts'
import { batchOf } from '../testing/data-plane.ts'
import { WireClient } from '../testing/wire-client.ts'
import { FollowedPartition } from './followed-partition.ts'
import { FollowerSession } from './follower-session.ts'
import { type Produced, ReplicaCluster } from './testing/replica-cluster.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const OTHER_ID = 'AAAAAAAAAAAAAAAAAAAAAg'

async function settled(cluster: ReplicaCluster, produced: Produced): Promise<Produced> {
  await cluster.sim.run(() => produced.error !== undefined)
  return produced
}

t.test('a follower appends only what fits its epoch and its log (R5)', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2]], { leaderEpoch: 4 })
  cluster.node(1).produce('a', ['one'])
  await cluster.converge('a')
  const follower = cluster.node(2).partition('a')
  const batch = (offset: number, epoch: number) => {
    const bytes = batchOf(['two'])
    setBatchBaseOffset(bytes, 0, offset)
    setBatchLeaderEpoch(bytes, 0, epoch)
    return bytes
  }
  const damaged = batch(1, 4)
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1
  t.match(follower.appendAsFollower(batch(1, 4), 3), { error: 'FENCED_LEADER_EPOCH' })
  t.match(follower.appendAsFollower(batch(1, 4), 5), { error: 'FENCED_LEADER_EPOCH' })
  t.match(follower.appendAsFollower(damaged, 4), { error: 'CORRUPT_MESSAGE' })
  t.match(follower.appendAsFollower(batch(0, 4), 4), { error: 'OFFSET_OUT_OF_RANGE' })
  // Each bit of the epoch, which is outside of the checksum.
  for (let bit = 0; bit < 32; bit++) {
    const flipped = batch(1, 4)
    const at = 12 + (bit >> 3)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7))
    t.match(follower.appendAsFollower(flipped, 4), { error: 'CORRUPT_MESSAGE' }, `bit ${bit}`)
  }
  t.equal(follower.log.logEndOffset, 1)
  t.match(follower.appendAsFollower(batch(1, 4), 4), { kind: 'appended' })
})

t.test('an answer that comes after the leader has changed is not appended (R5)', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  await cluster.converge('a')
  // What broker 1 sends is held on the way.
  cluster.sim.network.cutOneWay('broker-1', 'broker-3')
  cluster.node(1).produce('a', ['late'])
  await cluster.run(10)
  cluster.controller.elect('a', 0, 2)
  await cluster.run(10)
  cluster.sim.network.healAll()
  await cluster.converge('a')
  t.equal(await cluster.node(3).batches('a'), await cluster.node(2).batches('a'))
})

t.test('a partition that is new to a follower does not wait for a fetch of others', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3, minInsyncReplicas: 3 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  await cluster.converge('a')
  await cluster.run(100)
  const startMs = cluster.sim.nowMs
  await cluster.createTopic('b', OTHER_ID, [[1, 2, 3]])
  await settled(cluster, cluster.node(1).produce('b', ['x']))
  t.ok(cluster.sim.nowMs - startMs < 100, `${cluster.sim.nowMs - startMs} ms`)
})

t.test('after a failover the new leader is followed at once', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3, minInsyncReplicas: 2 })
  await cluster.createTopic('a', TOPIC_ID, [
    [1, 2, 3],
    [2, 3, 1],
  ])
  await settled(cluster, cluster.node(1).produce('a', ['x']))
  await cluster.run(200)
  cluster.node(1).down('kill')
  cluster.controller.fence(1)
  const startMs = cluster.sim.nowMs
  await cluster.sim.run(() => cluster.node(2).find('a')?.isLeader === true)
  const produced = await settled(cluster, cluster.node(2).produce('a', ['y']))
  t.equal(produced.error, null)
  t.ok(cluster.sim.nowMs - startMs < 60, `${cluster.sim.nowMs - startMs} ms`)
})

t.test('a request names only the partitions that changed', t => {
  const followed = (index: number) => {
    const log = { logEndOffset: 0, logStartOffset: 0, damagedRanges: () => [] }
    const partition = { topicId: TOPIC_ID, partitionIndex: index, leaderEpoch: 1, log }
    return new FollowedPartition(partition as unknown as FollowedPartition['partition'])
  }
  const all = Array.from({ length: 1_000 }, (_, index) => followed(index))
  const session = new FollowerSession()
  t.equal(session.build(all, 100).topics[0]?.partitions.length, 1_000)
  session.onAnswer(7)
  t.match(session.build([], 100), { sessionId: 7, sessionEpoch: 1, topics: [] })
  session.onAnswer(7)
  session.forget(all[3]!)
  const { topics, forgottenTopicsData, sessionEpoch } = session.build([all[5]!], 100)
  t.equal(sessionEpoch, 2)
  t.same(
    topics[0]?.partitions.map(each => each.partition),
    [5],
  )
  t.same(forgottenTopicsData, [{ topicId: TOPIC_ID, partitions: [3] }])
  session.reset()
  t.match(session.build([all[1]!], 100), { sessionId: 0, sessionEpoch: 0 })
  t.end()
})

t.test(
  'an idle follower asks twice a second, and a leader that refuses is not hammered',
  async t => {
    const cluster = await ReplicaCluster.start({ brokers: 2 })
    await cluster.createTopic('a', TOPIC_ID, [[1, 2]])
    await cluster.converge('a')
    const eventsOf = async () => {
      const before = cluster.sim.eventCount
      await cluster.run(10_000)
      return cluster.sim.eventCount - before
    }
    t.ok((await eventsOf()) < 2_000, 'idle')
    // The leader hears of nothing: it refuses the new epoch for as long as that lasts.
    cluster.controller.deaf.add(1)
    const image = cluster.controller.partition('a')
    cluster.controller.change(image, { leaderEpoch: image.leaderEpoch + 1 })
    t.ok((await eventsOf()) < 2_000, 'refused')
    cluster.controller.listen(1)
    await cluster.converge('a')
  },
)

t.test(
  'a topic that was deleted and made again while a broker was down is a new log (R17)',
  async t => {
    const cluster = await ReplicaCluster.start({ brokers: 3 })
    await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
    await cluster.createTopic('gone', 'AAAAAAAAAAAAAAAAAAAABA', [[1, 2, 3]])
    for (const topic of ['a', 'gone']) {
      for (const value of ['old 1', 'old 2']) cluster.node(1).produce(topic, [value])
      await cluster.converge(topic)
    }
    cluster.node(3).down('kill')
    cluster.controller.fence(3)
    cluster.controller.deleteTopic(TOPIC_ID)
    cluster.controller.deleteTopic('AAAAAAAAAAAAAAAAAAAABA')
    await cluster.createTopic('a', OTHER_ID, [[1, 2, 3]], { isr: [1, 2] })
    await settled(cluster, cluster.node(1).produce('a', ['new']))
    await cluster.node(3).start(false)
    await cluster.converge('a')
    t.equal(cluster.node(3).partition('a').log.logEndOffset, 1)
    t.equal(await cluster.node(3).batches('a'), await cluster.node(1).batches('a'))
    await cluster.run(1_000)
    const names = await cluster.sim.complete(cluster.node(3).life.env.disk.readdir('/data'))
    const strays = names.map(each => each.name).filter(name => name.endsWith('-stray'))
    t.same(strays.map(name => name.replace(/\..*/, '')).sort(), ['a-0', 'gone-0'])
  },
)

t.test('a topic that is made again while its followers fetch is a new log (R17)', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  cluster.node(1).produce('a', ['old 1'])
  cluster.node(1).produce('a', ['old 2'])
  await cluster.run(2)
  cluster.controller.deleteTopic(TOPIC_ID)
  await cluster.createTopic('a', OTHER_ID, [[2, 3, 1]])
  await settled(cluster, cluster.node(2).produce('a', ['new']))
  await cluster.converge('a')
  t.equal(cluster.node(1).partition('a').log.logEndOffset, 1)
})

t.test(
  'a replica that is moved away is deleted, and one that is moved here fetches all',
  async t => {
    const cluster = await ReplicaCluster.start({ brokers: 3 })
    await cluster.createTopic('a', TOPIC_ID, [[1, 2]])
    for (let n = 0; n < 10; n++) cluster.node(1).produce('a', [`${n}`])
    await cluster.converge('a')
    const { controller } = cluster
    controller.change(controller.partition('a'), { replicas: [1, 2, 3] })
    await cluster.converge('a')
    const leaderEpoch = 1
    controller.change(controller.partition('a'), { replicas: [1, 3], isr: [1, 3], leaderEpoch })
    await cluster.run(100)
    t.equal(cluster.node(2).find('a'), undefined)
    t.equal(cluster.node(2).life.logManager.get('a', 0), undefined)
    t.equal(await cluster.node(3).batches('a'), await cluster.node(1).batches('a'))
  },
)

t.test('a follower that was away for longer than retention begins anew, durably (R20)', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2]])
  for (let n = 0; n < 5; n++) cluster.node(1).produce('a', [`${n}`])
  await cluster.converge('a')
  cluster.node(2).down('kill')
  cluster.controller.fence(2)
  await cluster.run(20)
  for (let n = 5; n < 20; n++) cluster.node(1).produce('a', [`${n}`])
  await cluster.run(50)
  const leader = cluster.node(1).partition('a')
  await cluster.sim.complete(leader.log.advanceLogStartOffset(20))
  await cluster.node(2).start(false)
  await cluster.converge('a')
  const follower = cluster.node(2).partition('a')
  t.equal(follower.log.logStartOffset, 20)
  t.equal(follower.highWatermark, 20)
  t.equal(follower.log.writtenEndOffset, 20)
  t.equal(follower.log.syncedEndOffset, 20, 'the recovery point')
  // Elected at once, and again after a power failure.
  cluster.controller.elect('a', 0, 2)
  await cluster.run(50)
  t.equal((await settled(cluster, cluster.node(2).produce('a', ['20']))).error, null)
  t.equal(follower.log.logEndOffset, 21)
})

t.test(
  'a log that is damaged in the middle leaves the ISR and comes from the leader (D2)',
  async t => {
    const cluster = await ReplicaCluster.start({
      brokers: 3,
      config: { log: { segmentBytes: 400 } },
    })
    await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
    for (let n = 0; n < 20; n++)
      await settled(cluster, cluster.node(1).produce('a', [`value ${n}`]))
    await cluster.converge('a')
    await cluster.node(3).stop()
    const { disk } = cluster.sim.env('broker-3')
    const path = '/data/a-0/00000000000000000000.log'
    const file = await cluster.sim.complete(disk.open(path, 'write'))
    file.writeSync([Buffer.from([0xff])], 150)
    await cluster.sim.complete(file.close())
    cluster.sim.kill('broker-3')
    // It comes back as if nothing had happened, a member of the ISR; a reader finds out.
    await cluster.node(3).start(true)
    await cluster.run(50)
    t.same(cluster.controller.partition('a').isr, [1, 2, 3])
    cluster.node(1).life.isrFault = () => 'lost'
    await t.rejects(cluster.node(3).batches('a'), /damaged/)
    let leastEndOffset = 20
    const untilMs = cluster.sim.nowMs + 1_000
    await cluster.sim.run(() => {
      const { log } = cluster.node(3).partition('a')
      leastEndOffset = Math.min(leastEndOffset, log.logEndOffset)
      return cluster.sim.nowMs > untilMs
    })
    t.equal(leastEndOffset, 20, 'nothing goes while it is a member')
    cluster.node(1).life.isrFault = null
    let wasOut = false
    await cluster.sim.run(() => {
      wasOut ||= !cluster.controller.partition('a').isr.includes(3)
      return wasOut && cluster.hasConverged('a')
    })
    t.ok(wasOut)
    t.equal(cluster.node(3).partition('a').log.damagedRanges().length, 0)
    t.equal(await cluster.node(3).batches('a'), await cluster.node(1).batches('a'))
  },
)

t.test(
  'a damaged log whose damage the leader has deleted meanwhile begins anew (D2, R20)',
  async t => {
    const cluster = await ReplicaCluster.start({ brokers: 3 })
    await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
    for (let n = 0; n < 20; n++)
      await settled(cluster, cluster.node(1).produce('a', [`value ${n}`]))
    await cluster.converge('a')
    cluster.node(3).down('kill')
    const { disk } = cluster.sim.env('broker-3')
    const file = await cluster.sim.complete(
      disk.open('/data/a-0/00000000000000000000.log', 'write'),
    )
    file.writeSync([Buffer.from([0xff])], 70)
    await cluster.sim.complete(file.close())
    cluster.sim.kill('broker-3')
    cluster.controller.fence(3)
    await cluster.run(20)
    const leader = cluster.node(1).partition('a')
    await cluster.sim.complete(leader.log.advanceLogStartOffset(10))
    leader.onLogStartOffset()
    await cluster.node(3).start(false)
    await cluster.converge('a')
    const follower = cluster.node(3).partition('a')
    t.equal(follower.log.logStartOffset, 10)
    t.equal(follower.log.damagedRanges().length, 0)
    t.equal(await cluster.node(3).batches('a'), await cluster.node(2).batches('a'))
  },
)

t.test('DeleteRecords waits until no live replica has the records', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  for (let n = 0; n < 5; n++) cluster.node(1).produce('a', [`${n}`])
  await cluster.converge('a')
  const { services } = cluster.node(1).life
  const remove = (offset: number) => {
    const partitions = [{ partitionIndex: 0, offset }]
    const request = { topics: [{ name: 'a', partitions }], timeoutMs: 1_000 }
    const context = undefined as never
    return cluster.sim.complete(handleDeleteRecords(services, context, request))
  }
  const startMs = cluster.sim.nowMs
  const answer = await remove(3)
  t.match(answer.topics[0]?.partitions[0], { lowWatermark: 3, errorCode: 0 })
  for (const id of [1, 2, 3]) t.equal(cluster.node(id).partition('a').log.logStartOffset, 3)
  t.ok(cluster.sim.nowMs - startMs < 100)
  cluster.sim.network.cut('broker-1', 'broker-2')
  const late = await remove(4)
  t.match(late.topics[0]?.partitions[0], { errorCode: errorCode('REQUEST_TIMED_OUT') })
  // A replica that is fenced is not waited for.
  cluster.sim.after(100, () => cluster.controller.fence(2))
  t.match((await remove(5)).topics[0]?.partitions[0], { lowWatermark: 5, errorCode: 0 })
})

t.test('a consumer is sent to the replica in its rack, which serves it (KIP-392)', async t => {
  const settings = [
    'replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector',
  ]
  const cluster = await ReplicaCluster.start({ brokers: 3, settings })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  await settled(cluster, cluster.node(1).produce('a', ['one', 'two']))
  await cluster.converge('a')
  const { sim } = cluster
  const fetch = async (id: number, rackId: string, fetchOffset = 0, version = 12) => {
    const connecting = WireClient.connect(sim.env('client'), `broker-${id}`, 9092)
    const client = await sim.complete(connecting)
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1000 }]
    const body = {
      maxWaitMs: 0,
      minBytes: 0,
      sessionEpoch: -1,
      rackId,
      topics: [{ topic: 'a', partitions }],
    }
    const answer = await sim.complete(client.request(fetchApi, version, body))
    client.close()
    const partition = answer.responses[0]?.partitions[0]
    return {
      error: partition?.errorCode,
      preferred: partition?.preferredReadReplica,
      bytes: partition?.records?.length ?? 0,
    }
  }
  t.match(await fetch(1, 'rack-3'), { error: 0, preferred: 3, bytes: 0 })
  const fromFollower = await fetch(3, 'rack-3')
  t.match(fromFollower, { error: 0, preferred: -1 })
  t.ok(fromFollower.bytes > 0)
  t.match(await fetch(1, 'rack-1'), { preferred: -1, bytes: fromFollower.bytes })
  t.match(await fetch(1, 'elsewhere'), { preferred: -1, bytes: fromFollower.bytes })
  t.match(await fetch(1, 'rack-3', 99), { preferred: -1 }, 'no replica has that offset')
  t.match(await fetch(3, 'rack-3', 99), { error: errorCode('OFFSET_OUT_OF_RANGE') })
  // Versions that know nothing of it are served by the leader alone.
  t.match(await fetch(3, '', 0, 10), { error: errorCode('NOT_LEADER_OR_FOLLOWER') })
})

for (const side of ['leader', 'follower']) {
  t.test(
    `a follower outside of the ISR catches up at the rate of the ${side}'s throttle`,
    async t => {
      const throttled = { leaderThrottled: 'all' as const, followerThrottled: 'all' as const }
      const cluster = await ReplicaCluster.start({
        brokers: 2,
        config: throttled,
        settings: [`${side}.replication.throttled.rate=100000`, 'replica.fetch.max.bytes=20000'],
      })
      await cluster.createTopic('a', TOPIC_ID, [[1]])
      for (let n = 0; n < 40; n++) cluster.node(1).produce('a', ['x'.repeat(10_000)])
      await cluster.run(200)
      cluster.controller.change(cluster.controller.partition('a'), { replicas: [1, 2] })
      const startMs = cluster.sim.nowMs
      await cluster.converge('a')
      const seconds = (cluster.sim.nowMs - startMs) / 1000
      t.ok(seconds > 2.5 && seconds < 8, `400 KB at 100 KB/s in ${seconds} s`)
    },
  )
}

t.test('a full disk of a follower delays it, and it catches up by itself', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2]])
  await settled(cluster, cluster.node(1).produce('a', ['one']))
  cluster.sim.disk('broker-2').fail('write', 1, 'ENOSPC')
  await settled(cluster, cluster.node(1).produce('a', ['two']))
  await cluster.converge('a')
  t.equal(await cluster.node(2).batches('a'), await cluster.node(1).batches('a'))
})

t.test('batches keep the offsets and the gaps of a compacted log', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2 })
  const log = cluster.node(1).life.logManager.getOrCreate('a', TOPIC_ID, 0, DEFAULT_LOG_CONFIG)
  for (const offset of [0, 5, 6, 20]) {
    const bytes = buildRecordBatch([{ timestamp: 1, key: null, value: `${offset}` }])
    setBatchBaseOffset(bytes, 0, offset)
    setBatchLeaderEpoch(bytes, 0, 0)
    log.append(bytes, { leaderEpoch: 0, origin: 'replication', nowMs: 0 })
  }
  await cluster.createTopic('a', TOPIC_ID, [[1, 2]], { isr: [1], leaderEpoch: 1 })
  await cluster.converge('a')
  t.equal(cluster.node(2).partition('a').log.logEndOffset, 21)
  t.equal(await cluster.node(2).batches('a'), await cluster.node(1).batches('a'))
})

t.test('thousands of partitions are taken up in parts, without waiting between them', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2 })
  const count = 4_500
  const replicas = Array.from({ length: count }, () => [1, 2])
  const startMs = cluster.sim.nowMs
  await cluster.createTopic('many', TOPIC_ID, replicas, { isr: [1] })
  const isInSync = () => {
    const topic = cluster.controller.image.topic('many')
    return topic?.partitions.every(({ isr }) => isr.length === 2) === true
  }
  await cluster.sim.run(isInSync, 10_000)
  t.ok(cluster.sim.nowMs - startMs < 1_000, `${cluster.sim.nowMs - startMs} ms`)
})
