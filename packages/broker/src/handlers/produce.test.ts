// Produce against real logs and partitions on a simulated disk.

import {
  buildRecordBatch,
  type ErrorName,
  errorCode,
  type ProduceResponseInit,
} from '@weir/protocol'
import t from 'tap'
import { batchOf, DataPlane, type ProduceOptions } from '../testing/data-plane.ts'
import { handleProduce } from './produce.ts'

t.test('offsets grow by batch, whatever the acks', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  t.match(await plane.produce('a', batchOf(['1', '2'])), { errorCode: 0, baseOffset: 0 })
  t.match(await plane.produce('a', batchOf(['3']), { acks: 1 }), { errorCode: 0, baseOffset: 2 })
  const silent = plane.askProduce('a', batchOf(['4']), { acks: 0 })
  t.same(silent.answer, { kind: 'nothing' })
  t.match(await plane.produce('a', batchOf(['5'])), { errorCode: 0, baseOffset: 4 })
  t.equal(plane.partition('a').highWatermark, 5)
})

t.test('every version is answered', async t => {
  const plane = await DataPlane.open()
  const topicId = plane.createTopic('a')
  for (let version = 3; version <= 13; version++) {
    t.match(await plane.produce('a', batchOf(['1']), { version, topicId }), { errorCode: 0 })
    const bad = { version, topicId, index: 7 }
    t.match(await plane.produce('a', batchOf(['1']), bad), { errorCode: 3 })
  }
})

t.test('an ack waits for the write', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  for (const acks of [1, -1]) {
    const asked = plane.askProduce('a', batchOf(['1']), { acks })
    t.equal(asked.answer, null)
    t.equal(plane.partition('a').log.writtenEndOffset, plane.partition('a').log.logEndOffset - 1)
    await plane.sim.run(() => asked.answer !== null)
    t.equal(plane.partition('a').log.writtenEndOffset, plane.partition('a').log.logEndOffset)
  }
})

interface Refusal extends ProduceOptions {
  readonly name: string
  readonly topic?: string
  readonly records?: Buffer | null
  readonly error: ErrorName
}

const refusals: readonly Refusal[] = [
  { name: 'an unknown topic', topic: 'none', error: 'UNKNOWN_TOPIC_OR_PARTITION' },
  { name: 'an unknown partition', index: 1, error: 'UNKNOWN_TOPIC_OR_PARTITION' },
  { name: 'acks=2', acks: 2, error: 'INVALID_REQUIRED_ACKS' },
  {
    name: 'acks=2 on an unknown topic',
    topic: 'none',
    acks: 2,
    error: 'UNKNOWN_TOPIC_OR_PARTITION',
  },
  { name: 'a partition of another broker', topic: 'elsewhere', error: 'NOT_LEADER_OR_FOLLOWER' },
  { name: 'no records', records: null, error: 'INVALID_RECORD' },
  { name: 'too few replicas', topic: 'strict', error: 'NOT_ENOUGH_REPLICAS' },
  { name: 'an internal topic', topic: '__consumer_offsets', error: 'INVALID_TOPIC_EXCEPTION' },
  {
    name: 'a batch that is too large',
    records: batchOf(['x'.repeat(2000)]),
    topic: 'small',
    error: 'MESSAGE_TOO_LARGE',
  },
  {
    name: 'zstd before version 7',
    records: batchOf(['1'], { codec: 'zstd' }),
    version: 6,
    error: 'UNSUPPORTED_COMPRESSION_TYPE',
  },
  {
    name: 'a transactional batch without a transactional id',
    records: batchOf(['1'], {
      isTransactional: true,
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
    }),
    error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  },
  {
    name: 'a transactional batch of nobody',
    records: batchOf(['1'], {
      isTransactional: true,
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
    }),
    transactionalId: 'mine',
    error: 'INVALID_TXN_STATE',
  },
]

t.test('what cannot be appended gets the error of its partition', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  plane.createTopic('strict', 1, { minInsyncReplicas: 2 })
  plane.createTopic('small', 1, { maxMessageBytes: 1000 })
  plane.createTopic('elsewhere', 1, { leader: 2 })
  plane.createTopic('__consumer_offsets')
  // The replica count bounds min.insync.replicas; two replicas of which one is in sync do not do.
  const strict = plane.image.topic('strict')?.partitions[0]
  plane.image.replay({ kind: 'partition', ...strict!, replicas: [1, 2], isr: [1] })
  plane.services.replicaManager.applyImage(plane.image)
  for (const refusal of refusals) {
    const { name, error, ...options } = { topic: 'a', records: batchOf(['1']), ...refusal }
    const answer = await plane.produce(options.topic, options.records, options)
    t.equal(answer.errorCode, errorCode(error), name)
    t.equal(answer.baseOffset, -1, name)
  }
  t.equal(plane.partition('a').log.logEndOffset, 0)
})

t.test('no client id opens the topics of the coordinators', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('__consumer_offsets')
  plane.clientId = '__admin_client'
  const refused = await plane.produce('__consumer_offsets', batchOf(['forged']))
  t.equal(refused.errorCode, errorCode('INVALID_TOPIC_EXCEPTION'))
  t.equal(plane.partition('__consumer_offsets').log.logEndOffset, 0)
})

t.test('one bad partition does not spoil the others', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 2)
  const broken = batchOf(['bad'])
  broken[30] = broken[30]! ^ 1
  const asked = plane.ask(handleProduce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 100,
    topicData: [
      {
        name: 'a',
        topicId: '',
        partitionData: [
          { index: 0, records: broken },
          { index: 1, records: batchOf(['ok']) },
        ],
      },
      { name: 'b', topicId: '', partitionData: [{ index: 0, records: batchOf(['?']) }] },
    ],
  })
  const { responses } = await plane.response<ProduceResponseInit>(asked)
  t.same(
    responses.map(({ name, partitionResponses }) => [
      name,
      partitionResponses.map(p => p.errorCode),
    ]),
    [
      ['a', [errorCode('CORRUPT_MESSAGE'), 0]],
      ['b', [errorCode('UNKNOWN_TOPIC_OR_PARTITION')]],
    ],
  )
})

t.test('records with bad timestamps are named one by one', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 1, { timestampBeforeMaxMs: 1000, log: { cleanupCompact: false } })
  const now = plane.env.clock.nowMs()
  const records = buildRecordBatch([
    { timestamp: now, key: 'k', value: '1' },
    { timestamp: now - 5000, key: 'k', value: '2' },
  ])
  const answer = await plane.produce('a', records)
  t.match(answer, { errorCode: errorCode('INVALID_TIMESTAMP'), recordErrors: [{ batchIndex: 1 }] })
})

t.test('a retried batch is not appended twice and gets its first offset', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  const timestamp = plane.env.clock.nowMs()
  const two = ['1', '2'].map(value => ({ timestamp, key: null, value }))
  const batch = (sequence: number, epoch = 0) =>
    buildRecordBatch(two, { producerId: 7, producerEpoch: epoch, baseSequence: sequence })
  t.match(await plane.produce('a', batch(0)), { errorCode: 0, baseOffset: 0 })
  t.match(await plane.produce('a', batch(2)), { errorCode: 0, baseOffset: 2 })
  t.match(await plane.produce('a', batch(0)), { errorCode: 0, baseOffset: 0 })
  t.match(await plane.produce('a', batch(6)), {
    errorCode: errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER'),
  })
  t.match(await plane.produce('a', batch(0, 1)), { errorCode: 0, baseOffset: 4 })
  t.match(await plane.produce('a', batch(4)), { errorCode: errorCode('INVALID_PRODUCER_EPOCH') })
  await plane.restart()
  t.match(await plane.produce('a', batch(0, 1)), { errorCode: 0, baseOffset: 4 })
  t.match(await plane.produce('a', batch(2, 1)), { errorCode: 0, baseOffset: 6 })
})

t.test('a duplicate whose first copy is not written yet waits with it', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  const batch = () => batchOf(['1'], { producerId: 7, producerEpoch: 0, baseSequence: 0 })
  const first = plane.askProduce('a', batch())
  const second = plane.askProduce('a', batch())
  t.equal(first.answer, null)
  t.equal(second.answer, null)
  await plane.sim.run(() => first.answer !== null && second.answer !== null)
  t.equal(plane.partition('a').log.logEndOffset, 1)
})

t.test('topics are found by id from version 13 on', async t => {
  const plane = await DataPlane.open()
  const topicId = plane.createTopic('a')
  t.match(await plane.produce('a', batchOf(['1']), { version: 13, topicId }), { errorCode: 0 })
  const unknown = await plane.produce('a', batchOf(['1']), {
    version: 13,
    topicId: 'BBBBBBBBBBBBBBBBBBBBBQ',
  })
  t.match(unknown, { errorCode: errorCode('UNKNOWN_TOPIC_ID') })
})

t.test('who sends to the wrong broker is told the leader', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('elsewhere', 1, { leader: 2 })
  const asked = plane.askProduce('elsewhere', batchOf(['1']), { version: 10 })
  t.match(await plane.response(asked), {
    responses: [{ partitionResponses: [{ currentLeader: { leaderId: 2, leaderEpoch: 3 } }] }],
    nodeEndpoints: [{ nodeId: 2, host: 'other', port: 9092 }],
  })
})

t.test('acks=0 with an error closes the connection', async t => {
  const plane = await DataPlane.open()
  const asked = plane.askProduce('none', batchOf(['1']), { acks: 0 })
  t.match(asked.answer, { kind: 'closed', reason: /UNKNOWN_TOPIC_OR_PARTITION/ })
})

t.test('an ack that cannot come ends in REQUEST_TIMED_OUT', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  const image = plane.image.topic('a')?.partitions[0]
  // The follower never fetches.
  const changed = { replicas: [1, 2], isr: [1, 2], partitionEpoch: 1 }
  plane.image.replay({ kind: 'partition', ...image!, ...changed })
  plane.services.replicaManager.applyImage(plane.image)
  const before = plane.sim.nowMs
  const answer = await plane.produce('a', batchOf(['1']), { timeoutMs: 700 })
  t.equal(answer.errorCode, errorCode('REQUEST_TIMED_OUT'))
  t.ok(plane.sim.nowMs - before >= 700 && plane.sim.nowMs - before < 1000)
  t.equal(plane.partition('a').highWatermark, 0)
  plane.services.replicaManager
    .getPartition('a', 0)
    ?.onFollowerFetch({ replicaId: 2, fetchOffset: 1, logStartOffset: 0, brokerEpoch: 1 })
  t.equal(plane.partition('a').highWatermark, 1)
})

t.test('log append time is the time of the broker', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 1, { log: { isLogAppendTime: true } })
  const answer = await plane.produce('a', batchOf(['1']))
  t.equal(answer.errorCode, 0)
  t.ok(answer.logAppendTimeMs > 1_700_000_000_000)
})

t.test('batches behind one that is validated in a worker keep their order', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  const sequence = (baseSequence: number) => ({ producerId: 7, producerEpoch: 0, baseSequence })
  const large = batchOf(['z'.repeat(900_000)], { codec: 'zstd', ...sequence(0) })
  const bomb = batchOf(['z'.repeat(6_000_000)], { codec: 'zstd', ...sequence(1) })
  const asked = [
    plane.askProduce('a', large),
    plane.askProduce('a', bomb),
    plane.askProduce('a', batchOf(['small'], sequence(2))),
    plane.askProduce('a', batchOf(['small'], sequence(3))),
  ]
  t.equal(plane.partition('a').appendQueue.isBusy, true)
  const offsets = []
  for (const each of asked) {
    const { responses } = await plane.response<ProduceResponseInit>(each)
    const partition = responses[0]?.partitionResponses[0]
    offsets.push([partition?.errorCode, partition?.baseOffset])
  }
  t.same(offsets, [
    [0, 0],
    [0, 1],
    [0, 2],
    [0, 3],
  ])
  t.equal(plane.partition('a').appendQueue.isBusy, false)
})
