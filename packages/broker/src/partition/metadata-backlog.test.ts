// Thousands of new partitions are made in slices; what happens to them meanwhile counts.

import { MetadataDelta, type MetadataRecord } from '@weir/controller'
import t from 'tap'
import { DataPlane } from '../testing/data-plane.ts'

const COUNT = 1_800

function replay(plane: DataPlane, ...records: MetadataRecord[]): void {
  const delta = new MetadataDelta()
  for (const record of records) plane.image.replay(record, delta)
  plane.services.replicaManager.applyImage(plane.image, delta)
}

function hostedCount(plane: DataPlane): number {
  return [...plane.services.replicaManager.partitions()].length
}

t.test('many new partitions are made in several turns, each once', async t => {
  const plane = await DataPlane.open()
  const { replicaManager } = plane.services
  let ledCount = 0
  replicaManager.addLeadershipListener({ onLeader: () => ledCount++, onNotLeader: () => {} })
  plane.createTopic('a', COUNT)
  t.ok(hostedCount(plane) > 0)
  t.ok(hostedCount(plane) < COUNT)
  plane.createTopic('b', 3)
  await plane.sim.complete(replicaManager.whenApplied())
  t.equal(hostedCount(plane), COUNT + 3)
  t.equal(ledCount, COUNT + 3)
})

t.test('a change of a partition that is still to be made is in it', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', COUNT)
  const last = plane.image.topic('a')!.partitions[COUNT - 1]!
  replay(plane, { kind: 'partition', ...last, leaderEpoch: 9, partitionEpoch: 1 })
  const first = plane.image.topic('a')!.partitions[0]!
  replay(plane, { kind: 'partition', ...first, leaderEpoch: 8, partitionEpoch: 1 })
  t.equal(plane.partition('a', 0).leaderEpoch, 8, 'those that are there change at once')
  await plane.sim.complete(plane.services.replicaManager.whenApplied())
  t.equal(plane.partition('a', COUNT - 1).leaderEpoch, 9)
})

t.test('of many changes those of partitions that are led here come first', async t => {
  const plane = await DataPlane.open()
  const { replicaManager } = plane.services
  plane.createTopic('a', COUNT)
  await plane.sim.complete(replicaManager.whenApplied())
  const all = plane.image.topic('a')!.partitions
  const records = all.map((each, index): MetadataRecord => {
    const leader = index < COUNT - 5 ? 9 : each.leader
    return { kind: 'partition', ...each, leader, leaderEpoch: 1, partitionEpoch: 1 }
  })
  const away = records.slice(0, COUNT - 5)
  replay(plane, ...away)
  await plane.sim.complete(replicaManager.whenApplied())
  // Led by another in any case, and behind them five that are led here.
  const again = away.map(
    (record): MetadataRecord =>
      record.kind === 'partition' ? { ...record, leaderEpoch: 2, partitionEpoch: 2 } : record,
  )
  replay(plane, ...again, ...records.slice(COUNT - 5))
  t.equal(plane.partition('a', COUNT - 1).leaderEpoch, 1)
  t.equal(plane.partition('a', COUNT - 6).leaderEpoch, 1, 'not yet')
  t.ok(replicaManager.backlogSize > 0)
  await plane.sim.complete(replicaManager.whenApplied())
  t.equal(plane.partition('a', COUNT - 6).leaderEpoch, 2)
})

t.test('a topic that is removed while its partitions go in turns may be made again', async t => {
  const plane = await DataPlane.open()
  const { replicaManager, logManager } = plane.services
  const topicId = plane.createTopic('a', COUNT)
  await plane.sim.complete(replicaManager.whenApplied())
  replay(plane, { kind: 'removeTopic', topicId })
  t.equal(hostedCount(plane), 0, 'nobody finds them')
  t.ok(replicaManager.backlogSize > 0)
  const second = plane.createTopic('a', 2)
  await plane.sim.complete(replicaManager.whenApplied())
  t.same(
    [...logManager.logs()].map(log => log.topicId),
    [second, second],
  )
})

t.test('logs of a topic that was removed go when the broker stops before their turn', async t => {
  const plane = await DataPlane.open()
  const { replicaManager, logManager } = plane.services
  const topicId = plane.createTopic('a', COUNT)
  await plane.sim.complete(replicaManager.whenApplied())
  replay(plane, { kind: 'removeTopic', topicId })
  replicaManager.close()
  t.equal([...logManager.logs()].length, 0)
})

t.test('a topic that is removed before all of it is made leaves nothing behind', async t => {
  const plane = await DataPlane.open()
  const { replicaManager, logManager } = plane.services
  const topicId = plane.createTopic('a', COUNT)
  replay(plane, { kind: 'removeTopic', topicId })
  await plane.sim.complete(replicaManager.whenApplied())
  t.equal(hostedCount(plane), 0)
  t.equal([...logManager.logs()].length, 0)
})

t.test('partitions added to a topic whose first ones are still being made', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', COUNT)
  const last = plane.image.topic('a')!.partitions[COUNT - 1]!
  replay(plane, { kind: 'partition', ...last, partitionIndex: COUNT })
  await plane.sim.complete(plane.services.replicaManager.whenApplied())
  t.equal(hostedCount(plane), COUNT + 1)
})

t.test(
  'no log counts as a stray when the broker closes before all partitions are made',
  async t => {
    const plane = await DataPlane.open()
    const { replicaManager, logManager } = plane.services
    plane.createTopic('a', COUNT)
    const logCount = [...logManager.logs()].length
    replicaManager.close()
    await plane.sim.complete(replicaManager.whenApplied())
    replicaManager.removeStrays()
    t.equal([...logManager.logs()].length, logCount)
  },
)
