// ListOffsets, OffsetForLeaderEpoch, DeleteRecords, InitProducerId and DescribeProducers.

import { DiskError } from '@weir/core'
import {
  buildRecordBatch,
  type DeleteRecordsResponseInit,
  type DescribeProducersResponseInit,
  errorCode,
  type InitProducerIdResponseInit,
  type ListOffsetsResponseInit,
  type OffsetForLeaderEpochResponseInit,
} from '@weir/protocol'
import t from 'tap'
import { batchOf, DataPlane } from '../testing/data-plane.ts'
import { handleDeleteRecords } from './delete-records.ts'
import { handleDescribeProducers } from './describe-producers.ts'
import { handleInitProducerId } from './init-producer-id.ts'
import { handleListOffsets } from './list-offsets.ts'
import { handleOffsetForLeaderEpoch } from './offset-for-leader-epoch.ts'

async function planeWithTimes(): Promise<{ plane: DataPlane; now: number }> {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  const now = plane.env.clock.nowMs()
  for (const times of [[-500, -900], [-100], [-300, -200]]) {
    const batch = times.map(time => ({ timestamp: now + time, key: 'k', value: `${time}` }))
    await plane.produce('a', buildRecordBatch(batch))
  }
  return { plane, now }
}

async function listOffsets(plane: DataPlane, version: number, timestamp: number, more = {}) {
  const asked = plane.ask(handleListOffsets, version, {
    replicaId: -1,
    isolationLevel: 0,
    timeoutMs: 0,
    topics: [
      {
        name: 'a',
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp, ...more }],
      },
    ],
  })
  return (await plane.response<ListOffsetsResponseInit>(asked)).topics[0]?.partitions[0]
}

/** A second replica that follows by hand: the high watermark is where it has come to. */
function addReplica(plane: DataPlane, leaderEpoch: number) {
  const image = plane.image.topic('a')?.partitions[0]
  const partitionEpoch = (image?.partitionEpoch ?? 0) + 1
  const changed = { replicas: [1, 2], isr: [1, 2], leaderEpoch, partitionEpoch }
  plane.image.replay({ kind: 'partition', ...image!, ...changed })
  plane.services.replicaManager.applyImage(plane.image)
}

t.test('no offset at or above the high watermark is found by time', async t => {
  const { plane, now } = await planeWithTimes()
  addReplica(plane, 3)
  const batch = buildRecordBatch([{ timestamp: now, key: 'k', value: 'new' }])
  await plane.produce('a', batch, { acks: 1 })
  t.match(await listOffsets(plane, 11, now - 100), { offset: 2 })
  t.match(await listOffsets(plane, 11, now), { offset: -1, timestamp: -1 })
  t.match(await listOffsets(plane, 11, -3), { offset: -1, timestamp: -1 })
})

t.test('a new leader that does not know the end says so, in words of the version', async t => {
  const { plane, now } = await planeWithTimes()
  addReplica(plane, 3)
  await plane.produce('a', batchOf(['x']), { acks: 1 })
  addReplica(plane, 4)
  for (const timestamp of [-1, now - 450]) {
    const later = await listOffsets(plane, 5, timestamp)
    t.equal(later?.errorCode, errorCode('OFFSET_NOT_AVAILABLE'))
    const earlier = await listOffsets(plane, 4, timestamp)
    t.equal(earlier?.errorCode, errorCode('LEADER_NOT_AVAILABLE'))
  }
  t.match(await listOffsets(plane, 5, -2), { errorCode: 0, offset: 0 })
})

t.test('offsets are found by all special timestamps and by time', async t => {
  const { plane, now } = await planeWithTimes()
  const cases = [
    { timestamp: -1, answer: { offset: 5, timestamp: -1, leaderEpoch: 3 } },
    { timestamp: -2, answer: { offset: 0, timestamp: -1, leaderEpoch: 3 } },
    { timestamp: -3, answer: { offset: 2, timestamp: now - 100 } },
    { timestamp: -4, answer: { offset: 0 } },
    { timestamp: -5, answer: { offset: -1 } },
    { timestamp: -6, answer: { offset: -1 } },
    { timestamp: 0, answer: { offset: 0, timestamp: now - 500 } },
    { timestamp: now - 450, answer: { offset: 2, timestamp: now - 100, leaderEpoch: 3 } },
    { timestamp: now - 99, answer: { offset: -1, timestamp: -1 } },
  ]
  for (const { timestamp, answer } of cases) {
    t.match(await listOffsets(plane, 11, timestamp), { errorCode: 0, ...answer }, `${timestamp}`)
  }
})

t.test('the largest timestamp may be inside a batch', async t => {
  const { plane, now } = await planeWithTimes()
  const batch = [-60, -40, -50].map(time => ({ timestamp: now + time, key: 'k', value: 'v' }))
  await plane.produce('a', buildRecordBatch(batch))
  t.match(await listOffsets(plane, 11, -3), { errorCode: 0, offset: 6, timestamp: now - 40 })
})

t.test('every version of ListOffsets is answered', async t => {
  const { plane } = await planeWithTimes()
  for (let version = 1; version <= 11; version++) {
    const leaderEpoch = version < 4 ? -1 : 3
    t.match(await listOffsets(plane, version, -1), { errorCode: 0, offset: 5, leaderEpoch })
  }
})

t.test('a disk that fails is an error of the partition, not of the connection', async t => {
  const { plane, now } = await planeWithTimes()
  const failing = () => Promise.reject(new DiskError('EMFILE', '/data/a-0', 'open failed'))
  plane.partition('a').log.offsetForTimestamp = failing
  t.match(await listOffsets(plane, 9, now), { errorCode: errorCode('KAFKA_STORAGE_ERROR') })
})

t.test('special timestamps that a version does not know are refused', async t => {
  const { plane } = await planeWithTimes()
  for (const [timestamp, version] of [
    [-3, 6],
    [-4, 7],
    [-5, 8],
    [-6, 10],
    [-7, 11],
  ] as const) {
    const answer = await listOffsets(plane, version, timestamp)
    t.match(answer, { errorCode: errorCode('UNSUPPORTED_VERSION'), offset: -1 }, `${timestamp}`)
  }
})

t.test('ListOffsets checks the leader epoch and the partition', async t => {
  const { plane } = await planeWithTimes()
  t.match(await listOffsets(plane, 11, -1, { currentLeaderEpoch: 2 }), {
    errorCode: errorCode('FENCED_LEADER_EPOCH'),
  })
  t.match(await listOffsets(plane, 11, -1, { currentLeaderEpoch: 3 }), { errorCode: 0 })
  t.match(await listOffsets(plane, 11, -1, { currentLeaderEpoch: 9 }), {
    errorCode: errorCode('UNKNOWN_LEADER_EPOCH'),
  })
  t.match(await listOffsets(plane, 11, -1, { partitionIndex: 4 }), {
    errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'),
  })
})

t.test('the end of a leader epoch is the end of the log for the current one', async t => {
  const { plane } = await planeWithTimes()
  const ask = async (leaderEpoch: number, currentLeaderEpoch = -1) => {
    const topics = [{ topic: 'a', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }]
    const asked = plane.ask(handleOffsetForLeaderEpoch, 4, { replicaId: -1, topics })
    return (await plane.response<OffsetForLeaderEpochResponseInit>(asked)).topics[0]?.partitions[0]
  }
  t.match(await ask(3), { errorCode: 0, leaderEpoch: 3, endOffset: 5 })
  t.match(await ask(4), { errorCode: 0, leaderEpoch: -1, endOffset: -1 })
  // Below the first epoch: the asked epoch and where the first one starts (R2).
  t.match(await ask(1), { errorCode: 0, leaderEpoch: 1, endOffset: 0 })
  t.match(await ask(3, 1), { errorCode: errorCode('FENCED_LEADER_EPOCH') })
})

t.test('DeleteRecords moves the start of the log, within its bounds', async t => {
  const { plane } = await planeWithTimes()
  plane.createTopic('__consumer_offsets')
  plane.createTopic('compacted', 1, { log: { cleanupDelete: false, cleanupCompact: true } })
  const ask = async (offset: number, name = 'a') => {
    const topics = [{ name, partitions: [{ partitionIndex: 0, offset }] }]
    const asked = plane.ask(handleDeleteRecords, 2, { timeoutMs: 1000, topics })
    return (await plane.response<DeleteRecordsResponseInit>(asked)).topics[0]?.partitions[0]
  }
  t.match(await ask(2), { errorCode: 0, lowWatermark: 2 })
  t.match(await listOffsets(plane, 11, -2), { offset: 2 })
  t.match(await ask(1), { errorCode: 0, lowWatermark: 2 })
  t.match(await ask(6), { errorCode: errorCode('OFFSET_OUT_OF_RANGE'), lowWatermark: -1 })
  t.match(await ask(-5), { errorCode: errorCode('OFFSET_OUT_OF_RANGE') })
  t.match(await ask(-1), { errorCode: 0, lowWatermark: 5 })
  t.match(await ask(0, 'none'), { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') })
  t.match(await ask(0, '__consumer_offsets'), { errorCode: errorCode('INVALID_TOPIC_EXCEPTION') })
  t.match(await ask(0, 'compacted'), { errorCode: errorCode('POLICY_VIOLATION') })
})

t.test('of a partition that DeleteRecords names again the last offset counts', async t => {
  const { plane } = await planeWithTimes()
  const { log } = plane.partition('a')
  const advance = log.advanceLogStartOffset.bind(log)
  const wanted: number[] = []
  log.advanceLogStartOffset = offset => {
    wanted.push(offset)
    return advance(offset)
  }
  const topics = [[1, 2], [3]].map(offsets => ({
    name: 'a',
    partitions: offsets.map(offset => ({ partitionIndex: 0, offset })),
  }))
  const asked = plane.ask(handleDeleteRecords, 2, { timeoutMs: 1000, topics })
  const response = await plane.response<DeleteRecordsResponseInit>(asked)
  const partitions = [{ partitionIndex: 0, errorCode: 0, lowWatermark: 3 }]
  t.same(response.topics, [{ name: 'a', partitions }])
  t.same(wanted, [3], 'each would be written to the disk')
})

t.test('producer ids are never given twice', async t => {
  const plane = await DataPlane.open()
  const ask = async (transactionalId: string | null) => {
    const request = {
      transactionalId,
      transactionTimeoutMs: 1000,
      producerId: -1,
      producerEpoch: -1,
      enable2Pc: false,
      keepPreparedTxn: false,
    }
    const asked = plane.ask(handleInitProducerId, 5, request)
    return await plane.response<InitProducerIdResponseInit>(asked)
  }
  const ids = new Set<number | undefined>()
  for (let count = 0; count < 25; count++) {
    const answer = await ask(null)
    t.match(answer, { errorCode: 0, producerEpoch: 0 })
    ids.add(answer.producerId)
  }
  t.equal(ids.size, 25)
  t.match(await ask('mine'), { errorCode: errorCode('INVALID_REQUEST'), producerId: -1 })
})

t.test('DescribeProducers tells who has written', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  await plane.produce(
    'a',
    batchOf(['1', '2'], { producerId: 7, producerEpoch: 2, baseSequence: 5 }),
  )
  const topics = [{ name: 'a', partitionIndexes: [0, 3] }]
  const asked = plane.ask(handleDescribeProducers, 0, { topics })
  const { topics: answers } = await plane.response<DescribeProducersResponseInit>(asked)
  t.match(answers[0]?.partitions, [
    {
      errorCode: 0,
      activeProducers: [
        { producerId: 7, producerEpoch: 2, lastSequence: 6, currentTxnStartOffset: -1 },
      ],
    },
    { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'), activeProducers: [] },
  ])
})
