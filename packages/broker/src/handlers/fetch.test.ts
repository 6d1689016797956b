// Fetch and its sessions against real logs and partitions on a simulated disk.

import { MetadataDelta } from '@weir/controller'
import { errorCode, type FetchResponseInit, records } from '@weir/protocol'
import t from 'tap'
import { type Asked, batchOf, DataPlane } from '../testing/data-plane.ts'

type Partition = FetchResponseInit['responses'][number]['partitions'][number]

async function fetched(plane: DataPlane, asked: Asked): Promise<FetchResponseInit> {
  return await plane.response<FetchResponseInit>(asked)
}

function values(partition: Partition | undefined): string[] {
  const result: string[] = []
  for (const chunk of (partition?.records ?? []) as Buffer[]) {
    for (let at = 0; at < chunk.length; at += chunk.readInt32BE(at + 8) + 12) {
      for (const record of records(chunk, at)) result.push(`${record.offset}:${record.value}`)
    }
  }
  return result
}

async function planeWith(
  topic: string,
  batches: readonly (readonly string[])[],
): Promise<DataPlane> {
  const plane = await DataPlane.open()
  plane.createTopic(topic)
  for (const batch of batches) await plane.produce(topic, batchOf(batch))
  return plane
}

const one = (topic: string, fetchOffset: number, more = {}) => ({
  topics: [{ topic, partitions: [{ fetchOffset, ...more }] }],
})

t.test('a fetch answers from the batch that holds its offset', async t => {
  const plane = await planeWith('a', [['x', 'y'], ['z']])
  const { responses } = await fetched(plane, plane.askFetch(11, one('a', 1)))
  const partition = responses[0]?.partitions[0]
  t.same(values(partition), ['0:x', '1:y', '2:z'])
  t.match(partition, {
    errorCode: 0,
    highWatermark: 3,
    lastStableOffset: 3,
    logStartOffset: 0,
    abortedTransactions: null,
    preferredReadReplica: -1,
  })
})

t.test('every version is answered', async t => {
  const plane = await DataPlane.open()
  const topicId = plane.createTopic('a')
  await plane.produce('a', batchOf(['x']))
  for (let version = 4; version <= 18; version++) {
    const named = version >= 13 ? { topicId } : { topic: 'a' }
    for (const fetchOffset of [0, 9]) {
      const asked = plane.askFetch(version, {
        topics: [{ ...named, partitions: [{ fetchOffset }] }],
      })
      const partition = (await fetched(plane, asked)).responses[0]?.partitions[0]
      t.equal(partition?.errorCode, fetchOffset === 0 ? 0 : errorCode('OFFSET_OUT_OF_RANGE'))
    }
  }
})

t.test('the first batch comes whole, others only within the limits', async t => {
  const plane = await planeWith('a', [['x'.repeat(500)], ['y'.repeat(500)], ['z'.repeat(500)]])
  const count = async (change: object, partitionMaxBytes: number) => {
    const asked = plane.askFetch(11, { ...one('a', 0, { partitionMaxBytes }), ...change })
    return values((await fetched(plane, asked)).responses[0]?.partitions[0]).length
  }
  t.equal(await count({}, 1), 1)
  t.equal(await count({ maxBytes: 1 }, 10_000), 1)
  t.equal(await count({}, 1200), 2)
  t.equal(await count({ maxBytes: 1200 }, 10_000), 2)
  t.equal(await count({}, 10_000), 3)
})

t.test('no answer is larger than fetch.max.bytes, but for its first batch', async t => {
  const plane = await DataPlane.open(1, ['fetch.max.bytes=1024'])
  plane.createTopic('a')
  for (const value of ['x', 'y', 'z']) await plane.produce('a', batchOf([value.repeat(400)]))
  const { responses } = await fetched(plane, plane.askFetch(11, one('a', 0)))
  t.equal(values(responses[0]?.partitions[0]).length, 2)
})

t.test('the byte budget is shared by the partitions of a request', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 3)
  for (const index of [0, 1, 2]) await plane.produce('a', batchOf(['x'.repeat(500)]), { index })
  const partitions = [0, 1, 2].map(partition => ({ partition }))
  const asked = plane.askFetch(11, { maxBytes: 700, topics: [{ topic: 'a', partitions }] })
  const { responses } = await fetched(plane, asked)
  t.same(
    responses[0]?.partitions.map(p => [p.errorCode, values(p).length, p.highWatermark]),
    [
      [0, 1, 1],
      [0, 0, 1],
      [0, 0, 1],
    ],
  )
})

t.test('a long poll is answered in the turn in which data arrives', async t => {
  const plane = await planeWith('a', [['x']])
  const asked = plane.askFetch(11, { ...one('a', 1), maxWaitMs: 5000 })
  await plane.sim.run({ forMs: 100 })
  t.equal(asked.answer, null)
  const produced = plane.askProduce('a', batchOf(['y']))
  await plane.sim.run(() => produced.answer !== null)
  t.not(asked.answer, null)
  t.equal(asked.answeredAtMs, produced.answeredAtMs)
  t.same(values((await fetched(plane, asked)).responses[0]?.partitions[0]), ['1:y'])
})

t.test('a long poll without news ends empty at its deadline', async t => {
  const plane = await planeWith('a', [['x']])
  const before = plane.sim.nowMs
  const { responses } = await fetched(plane, plane.askFetch(11, { ...one('a', 1), maxWaitMs: 500 }))
  t.same(values(responses[0]?.partitions[0]), [])
  t.ok(plane.sim.nowMs - before >= 500 && plane.sim.nowMs - before < 510)
})

t.test('min_bytes counts what is new in all partitions together', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 2)
  const partitions = [{ partition: 0 }, { partition: 1 }]
  const asked = plane.askFetch(11, {
    minBytes: 900,
    maxWaitMs: 5000,
    topics: [{ topic: 'a', partitions }],
  })
  await plane.produce('a', batchOf(['x'.repeat(300)]))
  t.equal(asked.answer, null)
  await plane.produce('a', batchOf(['x'.repeat(300)]), { index: 1 })
  t.equal(asked.answer, null)
  await plane.produce('a', batchOf(['x'.repeat(300)]))
  const { responses } = await fetched(plane, asked)
  t.same(
    responses[0]?.partitions.map(p => values(p).length),
    [2, 1],
  )
})

const errors = [
  { name: 'an unknown topic', topic: 'none', error: 'UNKNOWN_TOPIC_OR_PARTITION' },
  { name: 'an unknown partition', partition: 5, error: 'UNKNOWN_TOPIC_OR_PARTITION' },
  { name: 'an offset beyond the end', fetchOffset: 3, error: 'OFFSET_OUT_OF_RANGE' },
  { name: 'a negative offset', fetchOffset: -1, error: 'OFFSET_OUT_OF_RANGE' },
  { name: 'an old leader epoch', currentLeaderEpoch: 2, error: 'FENCED_LEADER_EPOCH' },
  { name: 'a leader epoch of the future', currentLeaderEpoch: 4, error: 'UNKNOWN_LEADER_EPOCH' },
  { name: 'another broker leads', topic: 'elsewhere', error: 'NOT_LEADER_OR_FOLLOWER' },
] as const

t.test('less than min_bytes is answered when the time is up, and enough at once', async t => {
  const plane = await planeWith('a', [['x'.repeat(200)]])
  const startMs = plane.env.clock.monotonicMs()
  const asked = plane.askFetch(11, { ...one('a', 0), minBytes: 1_000, maxWaitMs: 300 })
  t.equal(values((await fetched(plane, asked)).responses[0]?.partitions[0]).length, 1)
  t.ok(asked.answeredAtMs - startMs >= 300, `after ${asked.answeredAtMs - startMs} ms`)
  for (const limits of [{ minBytes: 100 }, { minBytes: 1_000_000, maxBytes: 100 }]) {
    const enough = plane.askFetch(11, { ...one('a', 0), ...limits, maxWaitMs: 300 })
    t.not(enough.answer, null, 'also if more than the answer may hold is asked for')
  }
})

t.test('errors are answered at once, without waiting', async t => {
  const plane = await planeWith('a', [['x'], ['y']])
  plane.createTopic('elsewhere', 1, { leader: 2 })
  for (const { name, error, ...given } of errors) {
    const { topic, ...partition } = { topic: 'a', ...given }
    const asked = plane.askFetch(12, {
      minBytes: 100,
      maxWaitMs: 5000,
      topics: [{ topic, partitions: [partition] }],
    })
    t.not(asked.answer, null, name)
    const answer = (await fetched(plane, asked)).responses[0]?.partitions[0]
    t.match(answer, { errorCode: errorCode(error), highWatermark: -1 }, name)
  }
})

t.test('a reader with another past is told where it diverges', async t => {
  const plane = await planeWith('a', [['x'], ['y']])
  const asked = plane.askFetch(12, one('a', 2, { lastFetchedEpoch: 3 }))
  await plane.sim.run({ forMs: 10 })
  t.equal(asked.answer, null)
  const unknown = plane.askFetch(12, one('a', 2, { lastFetchedEpoch: 9 }))
  t.match((await fetched(plane, unknown)).responses[0]?.partitions[0], {
    errorCode: errorCode('OFFSET_OUT_OF_RANGE'),
  })
  const diverged = plane.askFetch(12, one('a', 5, { lastFetchedEpoch: 3 }))
  const partition = (await fetched(plane, diverged)).responses[0]?.partitions[0]
  t.match(partition, { errorCode: 0, divergingEpoch: { epoch: 3, endOffset: 2 } })
})

t.test('zstd batches are not sent to clients before version 10', async t => {
  const plane = await planeWith('a', [])
  await plane.produce('a', batchOf(['x'], { codec: 'zstd' }))
  const old = (await fetched(plane, plane.askFetch(9, one('a', 0)))).responses[0]?.partitions[0]
  t.match(old, { errorCode: errorCode('UNSUPPORTED_COMPRESSION_TYPE') })
  const current = (await fetched(plane, plane.askFetch(10, one('a', 0)))).responses[0]
  t.same(values(current?.partitions[0]), ['0:x'])
})

t.test('read_committed names aborted transactions, none here', async t => {
  const plane = await planeWith('a', [['x']])
  const asked = plane.askFetch(11, { ...one('a', 0), isolationLevel: 1 })
  t.match((await fetched(plane, asked)).responses[0]?.partitions[0], {
    abortedTransactions: [],
    lastStableOffset: 1,
  })
})

t.test('topics are found by id from version 13 on', async t => {
  const plane = await DataPlane.open()
  const topicId = plane.createTopic('a')
  await plane.produce('a', batchOf(['x']))
  const asked = plane.askFetch(13, { topics: [{ topicId, partitions: [{}] }] })
  t.same(values((await fetched(plane, asked)).responses[0]?.partitions[0]), ['0:x'])
  const unknown = plane.askFetch(13, {
    topics: [{ topicId: 'BBBBBBBBBBBBBBBBBBBBBQ', partitions: [{}] }],
  })
  t.match((await fetched(plane, unknown)).responses[0]?.partitions[0], {
    errorCode: errorCode('UNKNOWN_TOPIC_ID'),
  })
})

t.test('data survives a restart and is read from the disk', async t => {
  const plane = await planeWith('a', [['x'], ['y']])
  await plane.restart()
  const { responses } = await fetched(plane, plane.askFetch(11, one('a', 0)))
  t.same(values(responses[0]?.partitions[0]), ['0:x', '1:y'])
})

t.test(
  'what is committed while the disk is read is answered at once, not at the deadline',
  async t => {
    const plane = await planeWith('a', [['x'.repeat(200)]])
    await plane.restart()
    const image = plane.image.topic('a')?.partitions[0]
    const replicated = { replicas: [1, 2], isr: [1, 2], partitionEpoch: 1 }
    plane.image.replay({ kind: 'partition', ...image!, ...replicated })
    plane.services.replicaManager.applyImage(plane.image)
    const partition = plane.partition('a')
    const follow = (fetchOffset: number) =>
      partition.onFollowerFetch({ replicaId: 2, fetchOffset, logStartOffset: 0, brokerEpoch: 1 })
    follow(1)
    await plane.produce('a', batchOf(['y'.repeat(200)]), { acks: 1 })
    t.equal(partition.highWatermark, 1)
    const startMs = plane.env.clock.monotonicMs()
    const asked = plane.askFetch(11, { ...one('a', 0), minBytes: 300, maxWaitMs: 5_000 })
    t.equal(asked.answer, null)
    follow(2)
    t.equal(partition.highWatermark, 2)
    const { responses } = await fetched(plane, asked)
    t.equal(values(responses[0]?.partitions[0]).length, 2)
    t.ok(asked.answeredAtMs - startMs < 1_000, `after ${asked.answeredAtMs - startMs} ms`)
  },
)

t.test('a session answers news only', async t => {
  const plane = await DataPlane.open()
  plane.createTopic('a', 3)
  const partitions = [0, 1, 2].map(partition => ({ partition }))
  await plane.produce('a', batchOf(['x']), { index: 1 })
  const full = await fetched(
    plane,
    plane.askFetch(12, { sessionEpoch: 0, topics: [{ topic: 'a', partitions }] }),
  )
  const sessionId = full.sessionId ?? 0
  t.not(sessionId, 0)
  t.equal(full.responses[0]?.partitions.length, 3)
  // What was sent and not taken over is sent again.
  const again = await fetched(plane, plane.askFetch(12, { sessionId, sessionEpoch: 1 }))
  t.same(
    again.responses[0]?.partitions.map(p => [p.partitionIndex, values(p)]),
    [[1, ['0:x']]],
  )
  const topics = [{ topic: 'a', partitions: [{ partition: 1, fetchOffset: 1 }] }]
  const waiting = plane.askFetch(12, { sessionId, sessionEpoch: 2, topics, maxWaitMs: 5000 })
  await plane.sim.run({ forMs: 50 })
  t.equal(waiting.answer, null)
  await plane.produce('a', batchOf(['y']), { index: 2 })
  const news = await fetched(plane, waiting)
  t.same(
    news.responses[0]?.partitions.map(p => [p.partitionIndex, values(p)]),
    [[2, ['0:y']]],
  )
  const forgottenTopicsData = [{ topic: 'a', topicId: '', partitions: [2] }]
  const empty = await fetched(
    plane,
    plane.askFetch(12, { sessionId, sessionEpoch: 3, forgottenTopicsData, maxWaitMs: 10 }),
  )
  t.same(empty.responses, [])
})

t.test(
  'a partition of a session that gets news while another is read is in the next answer',
  async t => {
    const plane = await DataPlane.open()
    plane.createTopic('a', 2)
    await plane.produce('a', batchOf(['x']))
    await plane.restart()
    const image = plane.image.topic('a')?.partitions[1]
    const replicated = { replicas: [1, 2], isr: [1, 2], partitionEpoch: 1 }
    plane.image.replay({ kind: 'partition', ...image!, ...replicated })
    plane.services.replicaManager.applyImage(plane.image)
    await plane.produce('a', batchOf(['y']), { acks: 1, index: 1 })
    const both = [{ partition: 1 }, { partition: 0 }]
    const asked = plane.askFetch(12, {
      topics: [{ topic: 'a', partitions: both }],
      sessionEpoch: 0,
    })
    t.equal(asked.answer, null, 'the disk is read for partition 0')
    const follow = { replicaId: 2, fetchOffset: 1, logStartOffset: 0, brokerEpoch: 1 }
    plane.partition('a', 1).onFollowerFetch(follow)
    const { sessionId } = await fetched(plane, asked)
    const partitions = [{ partition: 0, fetchOffset: 1 }]
    const next = plane.askFetch(12, {
      topics: [{ topic: 'a', partitions }],
      sessionId: sessionId ?? 0,
      sessionEpoch: 1,
      maxWaitMs: 5_000,
    })
    t.not(next.answer, null)
    const news = (await fetched(plane, next)).responses[0]?.partitions.at(-1)
    t.equal(news?.partitionIndex, 1)
    t.same(values(news), ['0:y'])
  },
)

t.test('sessions are checked: id, epoch, kind of topic', async t => {
  const plane = await planeWith('a', [['x']])
  const { sessionId } = await fetched(
    plane,
    plane.askFetch(12, { ...one('a', 0), sessionEpoch: 0 }),
  )
  const ask = async (version: number, change: object) =>
    (await fetched(plane, plane.askFetch(version, change))).errorCode
  t.equal(
    await ask(12, { sessionId: 12345, sessionEpoch: 1 }),
    errorCode('FETCH_SESSION_ID_NOT_FOUND'),
  )
  t.equal(await ask(12, { sessionId, sessionEpoch: 5 }), errorCode('INVALID_FETCH_SESSION_EPOCH'))
  t.equal(await ask(13, { sessionId, sessionEpoch: 1 }), errorCode('FETCH_SESSION_TOPIC_ID_ERROR'))
  t.equal(await ask(12, { sessionId, sessionEpoch: 1 }), 0)
  // -1 closes it.
  t.equal(await ask(12, { ...one('a', 0), sessionId, sessionEpoch: -1 }), 0)
  t.equal(await ask(12, { sessionId, sessionEpoch: 2 }), errorCode('FETCH_SESSION_ID_NOT_FOUND'))
})

t.test('the number of sessions is bounded, and one client cannot take them all', async t => {
  const plane = await planeWith('a', [['x']])
  const open = async (connectionId: number) => {
    const asked = plane.askFetch(12, { ...one('a', 0), sessionEpoch: 0, connectionId })
    return (await fetched(plane, asked)).sessionId
  }
  for (let count = 0; count < 10; count++) t.not(await open(1), 0)
  t.equal(plane.services.fetchSessions.size, 1)
  for (const connectionId of [2, 3, 4]) t.not(await open(connectionId), 0)
  t.equal(await open(5), 0)
  plane.services.fetchSessions.onConnectionClosed(2)
  t.not(await open(5), 0)
  await plane.sim.run({ forMs: 121_000 })
  t.not(await open(6), 0)
  t.equal(plane.services.fetchSessions.size, 4)
})

t.test('a follower takes the slot of a consumer, and no consumer that of a follower', async t => {
  const plane = await planeWith('a', [['x']])
  plane.registerBroker(2, 7)
  const { topicId } = plane.partition('a')
  const open = async (connectionId: number, replicaId: number) => {
    const topics = [{ topicId, partitions: [{ fetchOffset: 0 }] }]
    const replicaState = { replicaId, replicaEpoch: 7 }
    const asked = plane.askFetch(17, { topics, sessionEpoch: 0, connectionId, replicaState })
    return (await fetched(plane, asked)).sessionId
  }
  for (const connectionId of [1, 2, 3, 4]) t.not(await open(connectionId, -1), 0)
  for (const connectionId of [5, 6, 7, 8]) t.not(await open(connectionId, 2), 0)
  t.equal(await open(9, -1), 0)
  t.equal(plane.services.fetchSessions.size, 4)
})

t.test('what sessions remember is bounded', async t => {
  const plane = await planeWith('a', [['x']])
  const { fetchSessions } = plane.services
  const open = async (connectionId: number, count: number) => {
    const partitions = Array.from({ length: count }, (_, partition) => ({ partition }))
    const change = { sessionEpoch: 0, connectionId, topics: [{ topic: 'a', partitions }] }
    return (await fetched(plane, plane.askFetch(12, change))).sessionId ?? 0
  }
  t.equal(await open(1, 1001), 0)
  t.equal(fetchSessions.entryCount, 0)
  const sessionId = await open(2, 500)
  t.not(sessionId, 0)
  t.equal(fetchSessions.entryCount, 500)
  const partitions = Array.from({ length: 600 }, (_, index) => ({ partition: index + 500 }))
  const grown = { sessionId, sessionEpoch: 1, topics: [{ topic: 'a', partitions }] }
  const answer = await fetched(plane, plane.askFetch(12, grown))
  t.equal(answer.errorCode, errorCode('FETCH_SESSION_ID_NOT_FOUND'))
  t.equal(fetchSessions.entryCount, 0)
})

t.test('a topic that is deleted while a session watches it becomes an error', async t => {
  const plane = await planeWith('a', [['x']])
  const { sessionId } = await fetched(
    plane,
    plane.askFetch(12, { ...one('a', 1), sessionEpoch: 0, maxWaitMs: 0 }),
  )
  const asked = plane.askFetch(12, { sessionId: sessionId ?? 0, sessionEpoch: 1, maxWaitMs: 5000 })
  const delta = new MetadataDelta()
  plane.image.replay({ kind: 'removeTopic', topicId: plane.image.topic('a')!.topicId }, delta)
  plane.services.replicaManager.applyImage(plane.image, delta)
  t.match((await fetched(plane, asked)).responses[0]?.partitions[0], {
    errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'),
  })
})

t.test('a fetch of a client that has gone is given up', async t => {
  const plane = await planeWith('a', [['x']])
  const asked = plane.askFetch(11, { ...one('a', 1), maxWaitMs: 0x7fff_ffff })
  await plane.sim.run({ forMs: 30_000 })
  t.equal(asked.answer, null)
  asked.isOpen = false
  await plane.sim.run({ forMs: 30_000 })
  t.not(asked.answer, null)
})

t.test('when the memory for answers is used up a fetch gets its first batch only', async t => {
  const plane = await planeWith('a', [['x'], ['y'], ['z']])
  const { responseMemory } = plane.services
  const all = responseMemory.availableBytes
  responseMemory.hold(all)
  const { responses } = await fetched(plane, plane.askFetch(11, one('a', 0)))
  t.same(values(responses[0]?.partitions[0]), ['0:x'])
  responseMemory.release(all)
  const later = await fetched(plane, plane.askFetch(11, one('a', 0)))
  t.same(values(later.responses[0]?.partitions[0]), ['0:x', '1:y', '2:z'])
  t.equal(responseMemory.heldBytes, 0, 'sent answers hold nothing')
})
