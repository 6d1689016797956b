// Where a follower cuts its log, for each way in which two logs may differ (R1-R4): the follower's last
// records against the leader's epochs. Afterwards the logs are the same, byte by byte.

import t from 'tap'
import { type EpochRun, ReplicaCluster } from './testing/replica-cluster.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const LEADER_EPOCH = 10

interface Case {
  readonly name: string
  readonly leader: readonly EpochRun[]
  /** The leader's log begins here: retention has removed the rest. */
  readonly leaderStart?: number
  readonly follower: readonly EpochRun[]
  /** Where the follower cuts, one cut after the other. */
  readonly cuts: readonly number[]
}

const cases: readonly Case[] = [
  { name: 'A: the same log', leader: [[1, 5]], follower: [[1, 5]], cuts: [] },
  {
    name: 'B: behind, in an older epoch',
    leader: [
      [1, 5],
      [2, 5],
    ],
    follower: [[1, 3]],
    cuts: [],
  },
  {
    name: 'C: the same last epoch, and more of it',
    leader: [
      [1, 2],
      [2, 3],
    ],
    follower: [
      [1, 2],
      [2, 6],
    ],
    cuts: [5],
  },
  {
    name: 'D: a last epoch that the leader does not know',
    leader: [
      [1, 5],
      [3, 2],
    ],
    follower: [
      [1, 5],
      [2, 4],
    ],
    cuts: [5],
  },
  {
    name: 'E: a last epoch that ended earlier on the leader',
    leader: [
      [1, 2],
      [2, 2],
      [3, 5],
    ],
    follower: [
      [1, 2],
      [2, 7],
    ],
    cuts: [4],
  },
  {
    name: 'F: epochs in turn that the other does not know: cut more than once',
    leader: [
      [1, 2],
      [3, 2],
      [5, 6],
    ],
    follower: [
      [1, 4],
      [2, 2],
      [4, 4],
    ],
    cuts: [4, 2],
  },
  {
    name: 'G: epochs older than all that the leader still has',
    leader: [
      [1, 3],
      [4, 5],
    ],
    leaderStart: 3,
    follower: [
      [1, 3],
      [2, 4],
    ],
    cuts: [3],
  },
  {
    name: 'H: an older epoch that went on longer on the leader',
    leader: [
      [1, 8],
      [5, 2],
    ],
    follower: [
      [1, 3],
      [3, 7],
    ],
    cuts: [3],
  },
  { name: 'an empty follower', leader: [[1, 5]], follower: [], cuts: [] },
  {
    name: 'an epoch without records that only the follower knows (R4)',
    leader: [
      [1, 5],
      [4, 3],
    ],
    follower: [
      [1, 5],
      [3, 0],
    ],
    cuts: [],
  },
  {
    name: 'an epoch without records that only the leader knows (R4)',
    leader: [
      [1, 5],
      [3, 0],
      [4, 3],
    ],
    follower: [
      [1, 5],
      [2, 6],
    ],
    cuts: [5],
  },
  {
    name: 'a last epoch newer than every record of the leader (R4)',
    leader: [[1, 5]],
    follower: [
      [1, 5],
      [2, 4],
    ],
    cuts: [5],
  },
  {
    name: 'nothing in common',
    leader: [[2, 4]],
    follower: [[1, 6]],
    cuts: [0],
  },
  {
    name: 'all of the follower is below the log start of the leader (R20)',
    leader: [
      [1, 8],
      [2, 4],
    ],
    leaderStart: 10,
    follower: [[1, 3]],
    cuts: [],
  },
]

for (const { name, leader, leaderStart = 0, follower, cuts } of cases) {
  t.test(name, async t => {
    const cluster = await ReplicaCluster.start({ brokers: 2 })
    await cluster.node(1).giveLog('a', TOPIC_ID, leader)
    await cluster.node(2).giveLog('a', TOPIC_ID, follower)
    const log = cluster.node(1).life.logManager.get('a', 0)
    if (leaderStart > 0 && log !== undefined) {
      log.updateHighWatermark(log.logEndOffset)
      await cluster.sim.complete(log.advanceLogStartOffset(leaderStart))
    }
    await cluster.createTopic('a', TOPIC_ID, [[1, 2]], { isr: [1], leaderEpoch: LEADER_EPOCH })
    await cluster.converge('a', 0, 5_000)
    const lines = cluster.sim.logs.filter(line => line.message.startsWith('truncating'))
    t.same(
      lines.map(line => line.fields?.['toOffset']),
      cuts,
    )
    t.equal(await cluster.node(2).batches('a'), await cluster.node(1).batches('a'))
    const partition = cluster.node(2).partition('a')
    t.ok(partition.highWatermark >= partition.log.logStartOffset, 'the high watermark moved along')
    t.equal(partition.log.writtenEndOffset, partition.log.logEndOffset)
    // And with records of the new epoch.
    const produced = cluster.node(1).produce('a', ['after'])
    await cluster.sim.run(() => produced.error !== undefined)
    t.equal(produced.error, null)
  })
}

t.test('an idle partition that diverged is cut without any new record (R3)', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3, minInsyncReplicas: 1 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  cluster.node(1).produce('a', ['common'])
  await cluster.converge('a')
  // Broker 1 goes on alone in epoch 0; the others elect 2, with nothing new in its log.
  cluster.controller.deaf.add(1)
  cluster.sim.network.cut('broker-1', 'broker-2')
  cluster.sim.network.cut('broker-1', 'broker-3')
  cluster.node(1).produce('a', ['lost'])
  const image = cluster.controller.partition('a')
  cluster.controller.change(image, { leader: 2, leaderEpoch: 1, isr: [2, 3] })
  await cluster.run(1_000)
  cluster.sim.network.healAll()
  cluster.controller.listen(1)
  await cluster.converge('a')
  t.equal(cluster.node(1).partition('a').log.logEndOffset, 1)
})

t.test('three leaders in a row without a record leave followers that converge (R4)', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3, minInsyncReplicas: 1 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  cluster.node(1).produce('a', ['one'])
  await cluster.converge('a')
  for (const leader of [2, 3, 1, 2]) {
    cluster.controller.elect('a', 0, leader)
    await cluster.run(3)
  }
  await cluster.run(50)
  cluster.node(2).produce('a', ['two'])
  await cluster.converge('a')
  t.equal(await cluster.node(3).batches('a'), await cluster.node(2).batches('a'))
  t.equal(await cluster.node(1).batches('a'), await cluster.node(2).batches('a'))
  t.notOk(cluster.sim.logs.some(line => line.message.includes('does not have this offset')))
})
