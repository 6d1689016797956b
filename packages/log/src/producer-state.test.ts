import fc from 'fast-check'
import t from 'tap'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'
import { append, batch, marker, openWorld, reopen, START_MS, settle } from './testing/test-kit.ts'

function produce(producerId: number, producerEpoch: number, baseSequence: number, count = 1) {
  return batch({
    producerId,
    producerEpoch,
    baseSequence,
    values: Array.from({ length: count }, () => 'v'),
  })
}

const refused = (error: string) => ({ kind: 'failed', error })
const appended = (baseOffset: number) => ({ kind: 'appended', baseOffset })
const duplicate = (baseOffset: number, lastOffset: number) => ({
  kind: 'duplicate',
  baseOffset,
  lastOffset,
})

const CASES: {
  readonly name: string
  readonly steps: readonly (readonly [batch: Buffer, outcome: object])[]
}[] = [
  {
    name: 'an unknown producer may begin with any sequence',
    steps: [
      [produce(1, 0, 77), appended(0)],
      [produce(1, 0, 78), appended(1)],
    ],
  },
  {
    name: 'a gap in the sequence is refused and changes nothing',
    steps: [
      [produce(1, 0, 0), appended(0)],
      [produce(1, 0, 2), refused('OUT_OF_ORDER_SEQUENCE_NUMBER')],
      [produce(1, 0, 1), appended(1)],
    ],
  },
  {
    name: 'a retry of one of the last five batches gives its first offsets',
    steps: [
      ...[0, 1, 2, 3, 4, 5].map(each => [produce(1, 0, each * 2, 2), appended(each * 2)] as const),
      [produce(1, 0, 2, 2), duplicate(2, 3)],
      [produce(1, 0, 10, 2), duplicate(10, 11)],
      [produce(1, 0, 0, 2), refused('OUT_OF_ORDER_SEQUENCE_NUMBER')],
      [produce(1, 0, 10, 1), refused('OUT_OF_ORDER_SEQUENCE_NUMBER')],
    ],
  },
  {
    name: 'a new epoch begins with sequence 0, an older one is fenced',
    steps: [
      [produce(1, 3, 0), appended(0)],
      [produce(1, 4, 5), refused('OUT_OF_ORDER_SEQUENCE_NUMBER')],
      [produce(1, 4, 0), appended(1)],
      [produce(1, 3, 1), refused('INVALID_PRODUCER_EPOCH')],
      [produce(1, 3, 0), refused('INVALID_PRODUCER_EPOCH')],
    ],
  },
  {
    name: 'sequences wrap from 2^31-1 to 0, inside a batch too',
    steps: [
      [produce(1, 0, 2147483645, 2), appended(0)],
      [produce(1, 0, 2147483647, 3), appended(2)],
      [produce(1, 0, 2, 1), appended(5)],
      [produce(1, 0, 2147483647, 3), duplicate(2, 4)],
    ],
  },
  {
    name: 'sequences wrap from 2^31-1 to 0, between two batches too',
    steps: [
      [produce(1, 0, 2147483646, 2), appended(0)],
      [produce(1, 0, 1), refused('OUT_OF_ORDER_SEQUENCE_NUMBER')],
      [produce(1, 0, 0), appended(2)],
    ],
  },
  {
    name: 'a batch of a new epoch is no duplicate of one with its sequence in the old epoch',
    steps: [
      [produce(1, 3, 0), appended(0)],
      [produce(1, 3, 1), appended(1)],
      [produce(1, 4, 0), appended(2)],
      [produce(1, 4, 1), appended(3)],
    ],
  },
  {
    name: 'two producers do not know each other',
    steps: [
      [produce(1, 0, 0), appended(0)],
      [produce(2, 0, 0), appended(1)],
      [produce(1, 0, 1), appended(2)],
    ],
  },
]

for (const { name, steps } of CASES) {
  t.test(name, async t => {
    const world = await openWorld()
    for (const [records, outcome] of steps) t.match(append(world.log, records), outcome)
  })
}

t.test('the last stable offset follows transactions and the high watermark', async t => {
  const world = await openWorld()
  const { log } = world
  const write = (producerId: number, baseSequence: number) =>
    append(log, batch({ producerId, producerEpoch: 0, baseSequence, isTransactional: true }))
  const end = (kind: 'commit' | 'abort', producerId: number, coordinatorEpoch = 0) =>
    append(log, marker({ kind, producerId, producerEpoch: 0, coordinatorEpoch }), {
      origin: 'coordinator',
    })
  append(log, batch())
  write(1, 0)
  write(2, 0)
  await settle(world)
  log.updateHighWatermark(2)
  t.equal(log.lastStableOffset, 1)
  t.match(
    append(log, batch({ producerId: 1, producerEpoch: 0, baseSequence: 1 })),
    refused('INVALID_TXN_STATE'),
  )
  end('abort', 1, 7)
  t.equal(log.lastStableOffset, 1)
  log.updateHighWatermark(3)
  t.equal(log.lastStableOffset, 1, 'the marker itself is not below it')
  log.updateHighWatermark(4)
  t.equal(log.lastStableOffset, 2)
  end('commit', 2, 7)
  log.updateHighWatermark(5)
  t.equal(log.lastStableOffset, 5)
  t.match(end('commit', 2, 6), refused('TRANSACTION_COORDINATOR_FENCED'))
  const aborted = (fromOffset: number, limitOffset: number) => {
    const outcome = log.read({
      fromOffset,
      limitOffset,
      maxBytes: 9999,
      minOneBatch: true,
      withAborted: true,
    })
    if (outcome instanceof Promise || outcome.kind === 'failed') throw new Error('not in memory')
    return outcome.abortedTransactions
  }
  t.same(aborted(0, 5), [{ producerId: 1, firstOffset: 1 }])
  t.same(aborted(0, 1), [])
  t.same(aborted(4, 5), [])
  await settle(world)
  world.sim.kill('one')
  await reopen(world)
  world.log.updateHighWatermark(5)
  t.equal(world.log.lastStableOffset, 5)
  t.match(world.log.activeProducers(), [{ producerId: 1 }, { producerId: 2, coordinatorEpoch: 7 }])
})

t.test(
  'silent producers are forgotten by the time of the log, never with an open transaction',
  async t => {
    const state = new ProducerState()
    state.update(produce(1, 0, 0), 0, null)
    state.update(
      batch({ producerId: 2, producerEpoch: 0, baseSequence: 0, isTransactional: true }),
      0,
      null,
    )
    t.equal(state.expire(START_MS + 999, 1000), false)
    t.equal(state.expire(START_MS + 1000, 1000), true)
    t.same(
      state.active().map(each => each.producerId),
      [2],
    )
  },
)

t.test(
  'five batches of a producer are known again after a clean stop and after kill -9',
  async t => {
    for (const isClean of [true, false]) {
      const world = await openWorld()
      for (let sequence = 0; sequence < 5; sequence++) append(world.log, produce(9, 0, sequence))
      await settle(world)
      if (isClean) await world.sim.complete(world.manager.close())
      else world.sim.kill('one')
      await reopen(world)
      for (let sequence = 0; sequence < 5; sequence++) {
        t.match(append(world.log, produce(9, 0, sequence)), duplicate(sequence, sequence))
      }
    }
  },
)

t.test('a snapshot gives the state back, and a damaged one nothing', async () => {
  const entry = fc.record({
    id: fc.integer({ min: 0, max: 1e9 }),
    epoch: fc.integer({ min: 0, max: 32767 }),
    sequence: fc.integer({ min: 0, max: 2147483647 }),
    count: fc.integer({ min: 1, max: 5 }),
    offset: fc.integer({ min: 0, max: 2 ** 50 }),
    isTransactional: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), fc.nat(), (entries, flip) => {
      const state = new ProducerState()
      for (const { id, epoch, sequence, count, offset, isTransactional } of entries) {
        const values = Array.from({ length: count }, () => 'v')
        const options = {
          producerId: id,
          producerEpoch: epoch,
          baseSequence: sequence,
          isTransactional,
        }
        state.update(batch({ ...options, values, baseOffset: offset }), 0, null)
      }
      const bytes = encodeProducerSnapshot(state)
      const again = decodeProducerSnapshot(bytes)
      if (JSON.stringify(again?.active()) !== JSON.stringify(state.active())) return false
      const at = flip % (bytes.length * 8)
      bytes[at >> 3] = bytes[at >> 3]! ^ (1 << (at & 7))
      return decodeProducerSnapshot(bytes) === null
    }),
    { numRuns: 200 },
  )
})

t.test(
  'a clock that jumps forgets silent producers, but none with an open transaction',
  async t => {
    const world = await openWorld({ retentionMs: Number.POSITIVE_INFINITY })
    append(world.log, produce(1, 0, 0))
    append(
      world.log,
      batch({ producerId: 2, producerEpoch: 0, baseSequence: 0, isTransactional: true }),
    )
    await settle(world)
    world.sim.skewWallClock('one', 30 * 86_400_000)
    await world.sim.complete(world.manager.applyRetention())
    t.same(
      world.log.activeProducers().map(each => each.producerId),
      [2],
    )
    t.match(append(world.log, produce(1, 0, 55)), { kind: 'appended' })
  },
)

t.test('silent producers are forgotten when a segment is closed', async t => {
  const world = await openWorld({ segmentBytes: 400, producerIdExpirationMs: 1000 })
  append(world.log, produce(1, 0, 0))
  const nowMs = START_MS + 2000
  const values = ['x'.repeat(300)]
  for (const producerId of [2, 3]) {
    const last = { producerId, producerEpoch: 0, baseSequence: 0, timestamp: nowMs, values }
    append(world.log, batch(last), { nowMs })
  }
  t.same(
    world.log.activeProducers().map(each => each.producerId),
    [2, 3],
  )
})

t.test(
  'a duplicate is answered with the time of its first append where the log sets the time',
  async t => {
    const world = await openWorld({ isLogAppendTime: true })
    t.match(append(world.log, produce(1, 0, 0)), { logAppendTimeMs: START_MS })
    const again = append(world.log, produce(1, 0, 0), { nowMs: START_MS + 5 })
    t.match(again, { kind: 'duplicate', logAppendTimeMs: START_MS })
  },
)
