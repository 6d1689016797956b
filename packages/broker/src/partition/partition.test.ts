// The rules of a leader: who is acknowledged when, and what a failing disk does to it.

import { errorCode, type FetchResponseInit, type ProduceResponseInit } from '@weir/protocol'
import t from 'tap'
import { batchOf, DataPlane, NODE_ID } from '../testing/data-plane.ts'
import type { Partition } from './partition.ts'

interface Change {
  readonly replicas?: readonly number[]
  readonly isr?: readonly number[]
  readonly leader?: number
  readonly leaderEpoch?: number
}

function change(plane: DataPlane, topic: string, changed: Change): void {
  const image = plane.image.topic(topic)?.partitions[0]
  const partitionEpoch = image!.partitionEpoch + 1
  plane.image.replay({ kind: 'partition', ...image!, partitionEpoch, ...changed })
  plane.services.replicaManager.applyImage(plane.image)
}

function fetchOf(partition: Partition, replicaId: number, fetchOffset: number): boolean {
  return partition.onFollowerFetch({ replicaId, fetchOffset, logStartOffset: 0, brokerEpoch: 1 })
}

t.test('the high watermark is the smallest written offset of the ISR', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2, 3], isr: [1, 2, 3] })
  const partition = plane.partition('a')
  t.match(await plane.produce('a', batchOf(['1', '2']), { acks: 1 }), { errorCode: 0 })
  t.equal(partition.highWatermark, 0)
  fetchOf(partition, 2, 2)
  t.equal(partition.highWatermark, 0)
  fetchOf(partition, 3, 1)
  t.equal(partition.highWatermark, 1)
  // The slow one leaves the ISR.
  change(plane, 'a', { isr: [1, 2] })
  t.equal(partition.highWatermark, 2)
  t.equal(fetchOf(partition, 9, 2), false)
})

t.test('the high watermark waits for the write of the leader itself', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  const partition = plane.partition('a')
  t.match(partition.appendAsLeader(batchOf(['1']), 'client', 0), { kind: 'appended' })
  fetchOf(partition, 2, 1)
  t.equal(partition.log.logEndOffset, 1)
  t.equal(partition.highWatermark, 0)
  t.equal(partition.endOffsetOf('replica'), 0, 'nor does a follower get it')
  await plane.sim.run({ forMs: 50 })
  t.equal(partition.log.writtenEndOffset, 1)
  t.equal(partition.highWatermark, 1)
})

t.test('a consumer sees nothing above the high watermark, a replica does', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  await plane.produce('a', batchOf(['1']), { acks: 1 })
  plane.registerBroker(2, 7)
  const seenBytes = async (replicaId: number, isolationLevel = 0) => {
    const partitions = [{ currentLeaderEpoch: 3, lastFetchedEpoch: -1 }]
    const topics = [{ topicId: plane.partition('a').topicId, partitions }]
    const replicaState = { replicaId, replicaEpoch: 7 }
    const asked = plane.askFetch(17, { maxWaitMs: 1, replicaState, isolationLevel, topics })
    const { responses } = await plane.response<FetchResponseInit>(asked)
    const chunks = responses[0]?.partitions[0]?.records as readonly Buffer[]
    return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  }
  t.equal(await seenBytes(-1), 0)
  t.equal(await seenBytes(-1, 1), 0)
  t.ok((await seenBytes(2)) > 0)
  fetchOf(plane.partition('a'), 2, 1)
  t.ok((await seenBytes(-1)) > 0)
  t.ok((await seenBytes(-1, 1)) > 0)
})

t.test('committed reads end before the first open transaction', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  const partition = plane.partition('a')
  const ofTransaction = { producerId: 9, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  partition.appendAsLeader(batchOf(['1']), 'client', 0)
  partition.appendAsLeader(batchOf(['2'], ofTransaction), 'client', 0)
  await plane.sim.run({ forMs: 50 })
  t.equal(partition.endOffsetOf('uncommitted'), 2)
  t.equal(partition.endOffsetOf('committed'), 1)
})

t.test('under min.insync.replicas the high watermark rests, and acks=1 goes on', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 1, { minInsyncReplicas: 2 })
  change(plane, 'a', { replicas: [1, 2], isr: [1] })
  t.match(await plane.produce('a', batchOf(['1']), { acks: 1 }), { errorCode: 0 })
  t.equal(plane.partition('a').highWatermark, 0)
  const refused = await plane.produce('a', batchOf(['2']), { acks: -1 })
  t.equal(refused.errorCode, errorCode('NOT_ENOUGH_REPLICAS'))
  fetchOf(plane.partition('a'), 2, 1)
  change(plane, 'a', { isr: [1, 2] })
  t.equal(plane.partition('a').highWatermark, 1)
})

t.test('a lower min.insync.replicas commits what waited for more', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 1, { minInsyncReplicas: 2 })
  change(plane, 'a', { replicas: [1, 2], isr: [1] })
  await plane.produce('a', batchOf(['1']), { acks: 1 })
  const partition = plane.partition('a')
  t.equal(partition.highWatermark, 0)
  partition.updateConfig({ ...partition.config, minInsyncReplicas: 1 })
  t.equal(partition.highWatermark, 1)
})

t.test('an ISR that shrinks while a batch is validated elsewhere refuses acks=all', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 1, { minInsyncReplicas: 2 })
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  const bomb = batchOf(['z'.repeat(6_000_000)], { codec: 'zstd' })
  const asked = plane.askProduce('a', bomb, { acks: -1 })
  t.equal(plane.partition('a').appendQueue.isBusy, true)
  change(plane, 'a', { isr: [1] })
  const { responses } = await plane.response<ProduceResponseInit>(asked)
  t.match(responses[0]?.partitionResponses[0], { errorCode: errorCode('NOT_ENOUGH_REPLICAS') })
  t.equal(plane.partition('a').log.logEndOffset, 0, 'nothing was written')
})

t.test('what a follower had acknowledged does not count in a new leader epoch', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  fetchOf(plane.partition('a'), 2, 5)
  change(plane, 'a', { leaderEpoch: 4 })
  await plane.produce('a', batchOf(['1']), { acks: 1 })
  t.equal(plane.partition('a').highWatermark, 0)
})

t.test('a new leader does not know the end of the log before it has committed it', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  await plane.produce('a', batchOf(['1']), { acks: 1 })
  change(plane, 'a', { leaderEpoch: 4 })
  t.equal(plane.partition('a').knowsEndOffset, false)
  fetchOf(plane.partition('a'), 2, 1)
  t.equal(plane.partition('a').knowsEndOffset, true)
})

/** It led and took three records; broker 2 leads now. */
async function deposedLeader() {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  const partition = plane.partition('a')
  await plane.produce('a', batchOf(['1', '2', '3']), { acks: 1 })
  change(plane, 'a', { leader: 2, leaderEpoch: 4 })
  return { plane, partition }
}

t.test('a follower takes the high watermark of its leader, as far as its log goes', async t => {
  const { partition } = await deposedLeader()
  const follow = (highWatermark: number) => {
    partition.updateFollowerHighWatermark(highWatermark)
    return partition.highWatermark
  }
  t.equal(follow(1), 1)
  t.equal(follow(0), 1, 'never back')
  t.equal(follow(9), 3)
})

t.test('nobody leads a log that is being cut: its end is not known before', async t => {
  const { plane, partition } = await deposedLeader()
  const cut = partition.truncateTo(0)
  change(plane, 'a', { leader: NODE_ID, leaderEpoch: 5 })
  t.equal(partition.isLeader, false)
  t.equal(partition.checkLeader(-1), 'NOT_LEADER_OR_FOLLOWER')
  await plane.sim.complete(cut)
  t.equal(partition.isLeader, true)
  t.equal(partition.leaderState?.epochStartOffset, 0)
})

t.test('who waits when the leadership is lost is not told that nothing was appended', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  change(plane, 'a', { replicas: [1, 2], isr: [1, 2] })
  const asked = plane.askProduce('a', batchOf(['1']))
  change(plane, 'a', { leader: 2, leaderEpoch: 4 })
  t.not(asked.answer, null, 'at once: the offset may get another record by the new leader')
  t.match(await plane.response(asked), {
    responses: [{ partitionResponses: [{ errorCode: errorCode('REQUEST_TIMED_OUT') }] }],
  })
  const after = await plane.produce('a', batchOf(['2']))
  t.equal(after.errorCode, errorCode('NOT_LEADER_OR_FOLLOWER'))
})

t.test('coordinators hear of leaderships and of the high watermark', async t => {
  const plane = await DataPlane.open()
  const heard: string[] = []
  plane.createTopic('early')
  plane.services.replicaManager.addLeadershipListener({
    onLeader: (partition: Partition) => heard.push(`leads ${partition.topic}`),
    onNotLeader: (partition: Partition) => heard.push(`left ${partition.topic}`),
  })
  plane.createTopic('a')
  const listener = {
    onHighWatermark: (partition: Partition) => heard.push(`committed ${partition.highWatermark}`),
    onAppendsLost: () => heard.push('lost'),
  }
  plane.partition('a').watchers.addListener(listener)
  await plane.produce('a', batchOf(['1', '2']))
  plane.partition('a').watchers.removeListener(listener)
  await plane.produce('a', batchOf(['3']))
  change(plane, 'a', { leader: 2, leaderEpoch: 4 })
  change(plane, 'a', { leader: NODE_ID, leaderEpoch: 5 })
  t.same(heard, ['leads early', 'leads a', 'committed 2', 'left a', 'leads a'])
})

t.test('a replica that is moved away is removed here', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  await plane.produce('a', batchOf(['1']))
  change(plane, 'a', { replicas: [2], isr: [2], leader: 2, leaderEpoch: 4 })
  const { replicaManager, logManager } = plane.services
  t.equal(replicaManager.getPartition('a', 0), undefined)
  await plane.sim.run({ forMs: 100 })
  t.equal(logManager.get('a', 0), undefined)
  const answer = await plane.produce('a', batchOf(['2']))
  t.equal(answer.errorCode, errorCode('NOT_LEADER_OR_FOLLOWER'))
})

t.test('a full disk fails the acks of what was lost, and appends go on later', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  await plane.produce('a', batchOf(['1']))
  const lost: number[] = []
  plane.partition('a').watchers.addListener({
    onHighWatermark: () => undefined,
    onAppendsLost: (_, fromOffset) => lost.push(fromOffset),
  })
  plane.sim.disk('node').fail('write', 1, 'ENOSPC')
  const answer = await plane.produce('a', batchOf(['2', '3']))
  t.equal(answer.errorCode, errorCode('KAFKA_STORAGE_ERROR'))
  t.same(lost, [1])
  await plane.sim.run({ forMs: 30_000 })
  t.match(await plane.produce('a', batchOf(['4'])), { errorCode: 0, baseOffset: 1 })
})

t.test('a disk error takes the log offline, and every answer says so', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  await plane.produce('a', batchOf(['1']))
  plane.sim.disk('node').fail('write', 1, 'EIO')
  for (let count = 0; count < 2; count++) {
    const answer = await plane.produce('a', batchOf(['2']))
    t.equal(answer.errorCode, errorCode('KAFKA_STORAGE_ERROR'))
  }
})
