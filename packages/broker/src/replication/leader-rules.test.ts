// The rules of a leader whose followers are moved by hand: when the high watermark moves, who joins and
// leaves the ISR, whose fetch counts.

import { errorCode, fetchApi } from '@weir/protocol'
import t from 'tap'
import type { Partition } from '../partition/partition.ts'
import { WireClient } from '../testing/wire-client.ts'
import type { IsrChange } from './isr-channel.ts'
import { type ClusterOptions, type Produced, ReplicaCluster } from './testing/replica-cluster.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

interface Leader {
  readonly cluster: ReplicaCluster
  readonly partition: Partition
  /** Of brokers 2 and 3, which are registered and do nothing by themselves. */
  readonly epochs: readonly number[]
  produce(): Produced
  fetch(replicaId: number, fetchOffset: number, brokerEpoch?: number): boolean
  settle(): Promise<void>
}

/** Broker 1 leads; 2 and 3 fetch when the test says so. */
async function lead(isr: readonly number[], options: ClusterOptions = {}): Promise<Leader> {
  const cluster = await ReplicaCluster.start({ brokers: 1, ...options })
  const epochs = [2, 3].map(id => cluster.controller.register(id, `broker-${id}`, true))
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]], { isr })
  const partition = cluster.node(1).partition('a')
  return {
    cluster,
    partition,
    epochs,
    produce: () => cluster.node(1).produce('a', ['x']),
    fetch: (replicaId, fetchOffset, brokerEpoch = epochs[replicaId - 2] ?? -1) =>
      partition.onFollowerFetch({ replicaId, fetchOffset, logStartOffset: 0, brokerEpoch }),
    settle: () => cluster.run(60),
  }
}

t.test('the high watermark waits for who is proposed: it may be a member by now (R6)', async t => {
  const { cluster, partition, produce, fetch, settle } = await lead([1])
  cluster.node(1).life.isrFault = () => 'lost'
  fetch(2, 0)
  t.equal(partition.leaderState?.isProposing, true)
  t.same(partition.leaderState?.maximalIsr, [1, 2])
  const produced = produce()
  await settle()
  t.equal(partition.highWatermark, 0)
  fetch(2, 1)
  t.equal(partition.highWatermark, 1)
  t.equal(produced.error, null)
  cluster.node(1).life.isrFault = null
  await cluster.run(1_000)
  t.same(partition.isr, [1, 2])
})

t.test('who is about to leave counts until the controller has agreed (R6)', async t => {
  const settings = ['replica.lag.time.max.ms=1000']
  const { cluster, partition, produce, fetch } = await lead([1, 2, 3], { settings })
  cluster.node(1).life.isrFault = () => 'lost'
  fetch(2, 0)
  fetch(3, 0)
  const produced = produce()
  await cluster.run(1_700)
  fetch(2, 1)
  t.same(partition.leaderState?.isProposing, true)
  t.equal(produced.error, undefined, 'broker 3 may still be elected')
  cluster.node(1).life.isrFault = null
  await cluster.run(1_000)
  t.same(partition.isr, [1, 2])
  t.equal(produced.error, null)
})

t.test('the high watermark waits for who keeps up and is about to join (R6)', async t => {
  const { cluster, partition, produce, fetch, settle } = await lead([1])
  cluster.node(1).life.isrFault = () => 'lost'
  produce()
  await settle()
  fetch(2, 1)
  fetch(3, 1)
  produce()
  await settle()
  fetch(2, 2)
  t.same(partition.leaderState?.maximalIsr, [1, 2])
  t.equal(partition.highWatermark, 1, 'broker 3 is not even proposed, and has caught up')
  fetch(3, 2)
  t.equal(partition.highWatermark, 2)
})

t.test('who was about to join and is gone does not hold the high watermark up (R6)', async t => {
  const { cluster, partition, produce, fetch, settle } = await lead([1, 2])
  const { controller } = cluster
  controller.alterPartition = () => ({ error: 'INELIGIBLE_REPLICA' })
  fetch(2, 0)
  fetch(3, 0)
  await settle()
  const produced = produce()
  await settle()
  fetch(2, 1)
  t.equal(partition.highWatermark, 0, 'broker 3 keeps up')
  controller.append({ kind: 'registerBroker', ...controller.image.brokers.get(3)!, fenced: true })
  await settle()
  t.equal(partition.highWatermark, 1)
  t.equal(produced.error, null)
})

t.test('a fenced broker, or one that is leaving, does not join the ISR (R8)', async t => {
  for (const change of [{ fenced: true }, { inControlledShutdown: true }]) {
    const { cluster, partition, fetch, settle } = await lead([1])
    const broker = cluster.controller.image.brokers.get(2)
    cluster.controller.append({ kind: 'registerBroker', ...broker!, ...change })
    await settle()
    fetch(2, 0)
    t.equal(partition.leaderState?.isProposing, false)
  }
})

t.test(
  'a follower that was started again does not join by its former fetches (R8, R10)',
  async t => {
    const { cluster, partition, epochs, fetch, settle } = await lead([1])
    const next = cluster.controller.register(2, 'broker-2', false)
    await settle()
    fetch(2, 0, epochs[0])
    await settle()
    t.same(partition.isr, [1], 'a fetch of the former registration')
    fetch(2, 0, next)
    await settle()
    t.same(partition.isr, [1, 2])
  },
)

t.test('a follower joins only with all that was there when the leader began (R7, R8)', async t => {
  const { cluster, partition, produce, fetch, settle } = await lead([1, 3])
  produce()
  produce()
  await settle()
  cluster.controller.elect('a', 0, 1)
  await settle()
  t.equal(partition.highWatermark, 0)
  fetch(2, 1)
  t.equal(partition.leaderState?.isProposing, false, 'above the high watermark, below the epoch')
  fetch(2, 2)
  t.equal(partition.leaderState?.isProposing, true)
})

t.test('a removed and re-added replica has to fetch before it counts (R8)', async t => {
  const { cluster, partition, fetch, produce, settle } = await lead([1, 2])
  fetch(2, 0)
  produce()
  await settle()
  fetch(2, 1)
  t.equal(partition.highWatermark, 1)
  const { controller } = cluster
  controller.deaf.add(1)
  // As the controller does: who leaves the replicas moves the epoch on.
  const leaderEpoch = 1
  controller.change(controller.partition('a'), { replicas: [1, 3], isr: [1], leaderEpoch })
  controller.change(controller.partition('a'), { replicas: [1, 2, 3] })
  controller.listen(1)
  await settle()
  t.same(partition.isr, [1])
  t.equal(partition.leaderState?.follower(2)?.logEndOffset, -1, 'forgotten with the epoch')
})

const outcomes = [
  { error: 'INELIGIBLE_REPLICA', rolledBack: true, asked: 1 },
  { error: 'OPERATION_NOT_ATTEMPTED', rolledBack: true, asked: 1 },
  { error: 'FENCED_LEADER_EPOCH', rolledBack: false, asked: 1 },
  { error: 'INVALID_UPDATE_VERSION', rolledBack: false, asked: 1 },
  { error: 'UNKNOWN_TOPIC_ID', rolledBack: false, asked: 1 },
  { error: 'UNKNOWN_TOPIC_OR_PARTITION', rolledBack: false, asked: 1 },
  { error: 'UNKNOWN_SERVER_ERROR', rolledBack: false, asked: 3 },
  { error: 'NOT_CONTROLLER', rolledBack: false, asked: 3 },
] as const

for (const { error, rolledBack, asked } of outcomes) {
  const what = rolledBack ? 'is taken back' : asked > 1 ? 'is tried again' : 'waits for metadata'
  t.test(`a change of the ISR that gets ${error} ${what} (R9)`, async t => {
    const { cluster, partition, fetch } = await lead([1])
    const requests: IsrChange[] = []
    cluster.controller.alterPartition = (_, change) => {
      requests.push(change)
      return { error }
    }
    fetch(2, 0)
    await cluster.run(150)
    t.equal(partition.leaderState?.isProposing, !rolledBack)
    t.ok(asked === 1 ? requests.length === 1 : requests.length >= asked)
    t.same(new Set(requests.map(request => request.partitionEpoch)).size, 1, 'as it was')
    // The metadata has the last word.
    cluster.controller.change(cluster.controller.partition('a'), { isr: [1, 3] })
    await cluster.run(20)
    t.same(partition.isr, [1, 3])
    t.equal(partition.leaderState?.isProposing, false)
  })
}

t.test(
  'a reply that is lost does no harm: the change was applied, the metadata tells (R9)',
  async t => {
    const { cluster, partition, fetch } = await lead([1])
    let count = 0
    cluster.node(1).life.isrFault = () => (count++ === 0 ? 'reply lost' : null)
    fetch(2, 0)
    await cluster.run(100)
    t.same(partition.isr, [1, 2])
    t.equal(partition.leaderState?.isProposing, false)
    t.equal(partition.leaderState?.partitionEpoch, 1)
  },
)

t.test('an ISR that shrinks between append and commit is told to the producer (R11)', async t => {
  const { cluster, partition, produce, fetch, settle } = await lead([1, 2], {
    minInsyncReplicas: 2,
  })
  fetch(2, 0)
  const produced = produce()
  await settle()
  const { controller } = cluster
  controller.change(controller.partition('a'), { isr: [1] })
  await settle()
  t.equal(partition.highWatermark, 0)
  t.equal(produced.error, undefined, 'neither lost nor committed')
  t.equal(produce().error, 'NOT_ENOUGH_REPLICAS')
  t.equal(partition.log.logEndOffset, 1, 'nothing was written')
})

t.test('what is committed when the ISR is too small is not called a success (R11)', async t => {
  const { cluster, partition, produce, fetch, settle } = await lead([1, 2], {
    minInsyncReplicas: 2,
  })
  fetch(2, 0)
  produce()
  await settle()
  fetch(2, 1)
  t.equal(partition.highWatermark, 1)
  cluster.controller.change(cluster.controller.partition('a'), { isr: [1] })
  await settle()
  let error: string | null | undefined
  const waiter = {
    deadlineMs: Number.POSITIVE_INFINITY,
    onAck: (_: number, e: string | null) => {
      error = e
    },
  }
  // A retry of a batch that is committed, as an idempotent producer sends it.
  partition.awaitCommitted(1, waiter, 0)
  t.equal(error, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND')
})

t.test(
  'a member that fetches below the high watermark has lost records: it is out at once',
  async t => {
    const { partition, produce, fetch, settle } = await lead([1, 2])
    fetch(2, 0)
    produce()
    await settle()
    fetch(2, 1)
    fetch(2, 0)
    await settle()
    t.same(partition.isr, [1])
  },
)

t.test('a controller that cannot be reached is not asked in a loop', async t => {
  const { cluster, fetch } = await lead([1])
  let count = 0
  cluster.node(1).life.isrFault = () => {
    count++
    return 'lost'
  }
  fetch(2, 0)
  await cluster.run(5_000)
  t.ok(count > 3 && count < 50, `asked ${count} times in 5 s`)
})

t.test('a follower that is one fetch behind a busy leader all the time keeps up', async t => {
  const settings = ['replica.lag.time.max.ms=1000']
  const { cluster, partition, produce, fetch } = await lead([1, 2, 3], { settings })
  for (let endOffset = 0; endOffset < 30; endOffset++) {
    produce()
    await cluster.run(100)
    fetch(2, endOffset)
    fetch(3, Math.max(0, endOffset - 1))
  }
  t.same(partition.isr, [1, 2], 'two behind is behind')
})

t.test('who lags for replica.lag.time.max.ms leaves, who has all of an idle log stays', async t => {
  const settings = ['replica.lag.time.max.ms=2000']
  const { cluster, partition, produce, fetch } = await lead([1, 2, 3], { settings })
  fetch(2, 0)
  fetch(3, 0)
  await cluster.run(20_000)
  t.same(partition.isr, [1, 2, 3], 'nothing was produced, nothing is behind')
  produce()
  await cluster.run(1_500)
  t.same(partition.isr, [1, 2, 3], 'behind, but not for long')
  fetch(2, 1)
  await cluster.run(4_000)
  t.same(partition.isr, [1, 2])
})

t.test(
  'after a pause nobody is served before the controller has confirmed the broker (R16)',
  async t => {
    const { cluster, partition, produce } = await lead([1])
    t.equal(partition.checkLeader(-1), null)
    cluster.sim.pause('broker-1')
    await cluster.run(1_500)
    cluster.sim.resume('broker-1')
    t.equal(partition.checkLeader(-1), 'NOT_LEADER_OR_FOLLOWER')
    t.equal(produce().error, 'NOT_LEADER_OR_FOLLOWER')
    t.equal(partition.checkReader(-1), 'NOT_LEADER_OR_FOLLOWER')
    t.equal(partition.checkLeaderEpoch(0), null, 'followers go on: their epoch protects them')
    // The answer to a heartbeat from before the pause says nothing.
    cluster.node(1).life.guard.confirm(0)
    t.equal(partition.checkLeader(-1), 'NOT_LEADER_OR_FOLLOWER')
    cluster.node(1).life.confirm()
    t.equal(partition.checkLeader(-1), null)
  },
)

t.test(
  'a fetch with a forged or outdated replica id reads nothing and counts for nothing (H9)',
  async t => {
    const { cluster, partition, produce, epochs, settle } = await lead([1, 2])
    produce()
    await settle()
    const { sim } = cluster
    const connecting = WireClient.connect(sim.env('client'), 'broker-1', 9092)
    const client = await sim.complete(connecting)
    const fetch = async (version: number, replicaId: number, replicaEpoch: number) => {
      const partitions = [
        { partition: 0, currentLeaderEpoch: 0, fetchOffset: 1, partitionMaxBytes: 1000 },
      ]
      const topics = [{ topic: 'a', topicId: TOPIC_ID, partitions }]
      const who = version < 15 ? { replicaId } : { replicaState: { replicaId, replicaEpoch } }
      const body = { ...who, maxWaitMs: 0, minBytes: 0, sessionEpoch: -1, topics }
      return await sim.complete(client.request(fetchApi, version, body))
    }
    const stale = errorCode('STALE_BROKER_EPOCH')
    t.equal((await fetch(11, 2, -1)).errorCode, stale, 'a version that has no epochs')
    t.equal((await fetch(17, 2, -1)).errorCode, stale)
    t.equal((await fetch(17, 2, (epochs[0] ?? 0) + 1)).errorCode, stale)
    t.equal((await fetch(17, 9, 0)).errorCode, stale)
    t.equal(partition.highWatermark, 0)
    t.equal((await fetch(17, 2, epochs[0] ?? 0)).errorCode, 0)
    t.equal(partition.highWatermark, 1)
  },
)
