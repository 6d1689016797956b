// Requests of arbitrary numbers and damaged records: each is answered, in its version's table, and the
// partition serves on.

import { writeBatchCrc } from '@weir/protocol'
import fc from 'fast-check'
import t from 'tap'
import { batchOf, DataPlane } from '../testing/data-plane.ts'
import { handleDeleteRecords } from './delete-records.ts'
import { handleListOffsets } from './list-offsets.ts'
import { handleOffsetForLeaderEpoch } from './offset-for-leader-epoch.ts'

const int32 = fc.oneof(
  fc.integer({ min: -7, max: 7 }),
  fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 1_000_000),
)
const int64 = fc.oneof(int32, fc.maxSafeInteger())
const RUNS = { numRuns: 150 }

async function plane(): Promise<DataPlane> {
  const opened = await DataPlane.open()
  opened.createTopic('a', 2)
  for (const codec of ['none', 'zstd', 'lz4'] as const) {
    await opened.produce('a', batchOf(['x', 'y'], { codec }))
  }
  return opened
}

async function stillServes(opened: DataPlane): Promise<boolean> {
  const answer = await opened.produce('a', batchOf(['z']), { index: 1 })
  return answer.errorCode === 0
}

t.test('damaged batches are refused or appended, never half', async t => {
  const opened = await plane()
  const batch = fc.record({
    codec: fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    producerId: fc.constantFrom(-1, 7, 2 ** 53 - 1),
    baseSequence: fc.constantFrom(-1, 0, 2 ** 31 - 1),
    isTransactional: fc.boolean(),
    isControl: fc.boolean(),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    cut: fc.nat(3),
    fixCrc: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(batch, fc.integer({ min: 3, max: 12 }), async (given, version) => {
      const whole = batchOf(['one', 'two', 'three'], { ...given, producerEpoch: 0 })
      for (const [at, value] of given.changes) whole[12 + (at % (whole.length - 12))] = value
      if (given.fixCrc) writeBatchCrc(whole, 0)
      const records = whole.subarray(0, whole.length - given.cut)
      const before = opened.partition('a').log.logEndOffset
      const { errorCode, baseOffset } = await opened.produce('a', records, { version })
      const after = opened.partition('a').log.logEndOffset
      return errorCode === 0 ? baseOffset <= before && after >= before : after === before
    }),
    RUNS,
  )
  t.ok(await stillServes(opened))
})

t.test('any numbers in a fetch are answered', async t => {
  const opened = await plane()
  const partition = fc.record({
    partition: int32,
    fetchOffset: int64,
    currentLeaderEpoch: int32,
    lastFetchedEpoch: int32,
    partitionMaxBytes: int32,
  })
  const request = fc.record({
    minBytes: int32,
    maxBytes: int32,
    isolationLevel: fc.integer({ min: -1, max: 2 }),
    replicaId: int32,
    sessionEpoch: int32,
    sessionId: fc.integer({ min: 0, max: 3 }),
    partitions: fc.array(partition, { maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(
      request,
      fc.constantFrom(4, 9, 12),
      async ({ partitions, ...given }, version) => {
        // Versions before sessions and epochs decode to these.
        const known = version >= 7 ? given : { ...given, sessionId: 0, sessionEpoch: -1 }
        const topics = [{ topic: 'a', partitions }]
        const asked = opened.askFetch(version, { ...known, topics, maxWaitMs: 20 })
        await opened.sim.run({ forMs: 60 })
        return asked.answer?.kind === 'response'
      },
    ),
    RUNS,
  )
  t.ok(await stillServes(opened))
})

t.test('any numbers in the offset APIs are answered', async t => {
  const opened = await plane()
  await fc.assert(
    fc.asyncProperty(int32, int64, int32, async (index, value, epoch) => {
      const listed = opened.ask(handleListOffsets, 11, {
        replicaId: epoch,
        isolationLevel: index & 3,
        timeoutMs: 0,
        topics: [
          {
            name: 'a',
            partitions: [{ partitionIndex: index, currentLeaderEpoch: epoch, timestamp: value }],
          },
        ],
      })
      const ended = opened.ask(handleOffsetForLeaderEpoch, 4, {
        replicaId: -1,
        topics: [
          {
            topic: 'a',
            partitions: [{ partition: index, currentLeaderEpoch: -1, leaderEpoch: epoch }],
          },
        ],
      })
      const deleted = opened.ask(handleDeleteRecords, 2, {
        timeoutMs: 0,
        topics: [{ name: 'a', partitions: [{ partitionIndex: index, offset: value }] }],
      })
      const asked = [listed, ended, deleted]
      await opened.sim.run({ forMs: 50 })
      return asked.every(each => each.answer?.kind === 'response')
    }),
    RUNS,
  )
  t.ok(await stillServes(opened))
})
