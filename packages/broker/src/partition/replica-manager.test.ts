// Who leads what at the start of a process.

import { MetadataDelta, MetadataImage, type MetadataRecord } from '@weir/controller'
import { Simulation } from '@weir/core/sim'
import { DEFAULT_LOG_CONFIG, LogManager } from '@weir/log'
import t from 'tap'
import { ReplicaManager } from './replica-manager.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

const broker = (fenced: boolean, isSuspect = fenced): MetadataRecord => ({
  kind: 'registerBroker',
  brokerId: 1,
  brokerEpoch: 7,
  incarnationId: 'incarnation',
  endpoints: [],
  rack: null,
  directoryIds: [],
  fenced,
  inControlledShutdown: false,
  isSuspect,
})

const partition = (leader: number, leaderEpoch: number, replicas = [1, 2]): MetadataRecord => ({
  kind: 'partition',
  topicId: TOPIC_ID,
  partitionIndex: 0,
  replicas,
  isr: replicas,
  addingReplicas: [],
  removingReplicas: [],
  elr: [],
  lastKnownElr: [],
  leader,
  leaderEpoch,
  partitionEpoch: leaderEpoch,
  leaderRecoveryState: 0,
})

/** A process of broker 1 that starts with the image that these records make, and a log of epoch 4. */
async function starting(...records: MetadataRecord[]) {
  const sim = new Simulation({ seed: 1 })
  const env = sim.env('broker-1')
  const logs = LogManager.open(env, { directories: ['/data'], defaultConfig: DEFAULT_LOG_CONFIG })
  const logManager = await sim.complete(logs)
  logManager.getOrCreate('a', TOPIC_ID, 0, DEFAULT_LOG_CONFIG).assignEpoch(4)
  const replicas = new ReplicaManager(env, logManager, {
    nodeId: 1,
    configOf: () => ({
      maxMessageBytes: 1_000_000,
      targetCodec: 'producer',
      targetLevel: null,
      timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
      timestampAfterMaxMs: Number.POSITIVE_INFINITY,
      minInsyncReplicas: 1,
      validationDepth: 'full',
      leaderThrottled: new Set(),
      followerThrottled: new Set(),
      log: DEFAULT_LOG_CONFIG,
    }),
  })
  const image = new MetadataImage()
  for (const record of records) image.replay(record, new MetadataDelta())
  replicas.applyImage(image)
  await sim.complete(replicas.whenApplied())
  const apply = async (...more: MetadataRecord[]) => {
    const delta = new MetadataDelta()
    for (const record of more) image.replay(record, delta)
    replicas.applyImage(image, delta)
    await sim.complete(replicas.whenApplied())
  }
  const isLeader = () => replicas.getPartition('a', 0)?.isLeader
  return { apply, isLeader }
}

const topic: MetadataRecord = { kind: 'topic', name: 'a', topicId: TOPIC_ID }

t.test('a new process does not go on in the epoch in which its predecessor led', async t => {
  const { apply, isLeader } = await starting(topic, broker(true), partition(1, 4))
  t.equal(isLeader(), false, 'what its predecessor wrote in that epoch may be lost')
  await apply({ ...partition(1, 4), partitionEpoch: 5 } as MetadataRecord)
  t.equal(isLeader(), false, 'whatever else becomes of the partition')
  await apply(broker(false))
  t.equal(isLeader(), false)
  await apply(partition(1, 6))
  t.equal(isLeader(), true, 'elected anew')
})

t.test('a broker that is fenced while it runs leads until somebody else does', async t => {
  const { apply, isLeader } = await starting(topic, broker(false), partition(1, 4))
  t.equal(isLeader(), true)
  await apply(broker(true), { ...partition(1, 4), partitionEpoch: 5 } as MetadataRecord)
  t.equal(isLeader(), true)
  await apply(partition(2, 5))
  t.equal(isLeader(), false)
})

t.test('the only replica goes on in its epoch if its predecessor stopped in order', async t => {
  const clean = await starting(topic, broker(true, false), partition(1, 4, [1]))
  t.equal(clean.isLeader(), true)
  const crashed = await starting(topic, broker(true), partition(1, 4, [1]))
  t.equal(crashed.isLeader(), false)
  await crashed.apply(partition(1, 5, [1]))
  t.equal(crashed.isLeader(), true)
})

t.test(
  'the only replica leads in an epoch that was decided after its crash, and before it looked',
  async t => {
    const { isLeader } = await starting(topic, broker(true), partition(1, 5, [1]))
    t.equal(isLeader(), true, 'nobody will decide it again')
  },
)
