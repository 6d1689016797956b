import { apiVersionsApi, buildRecordBatch, fetchApi, listOffsetsApi } from '@weir/protocol'
import t from 'tap'
import { Fetcher, type FetcherOptions } from './fetcher.ts'
import {
  type FakeBroker,
  fakeCluster,
  Later,
  like,
  SILENCE,
  serveMetadata,
} from './testing/fake-broker.ts'

interface Script {
  /** Error codes of partitions; 0 for those that are not named. */
  readonly errors: Map<number, number>
  /** Offsets that were asked for, by partition. */
  readonly asked: [partition: number, offset: number][]
}

/** One record at offset 5 of each partition, and nothing after it. */
function serveFetch(broker: FakeBroker): Script {
  const script: Script = { errors: new Map(), asked: [] }
  broker.on(fetchApi, body => {
    const responses = body.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition, fetchOffset }) => {
        script.asked.push([partition, fetchOffset])
        const errorCode = script.errors.get(partition) ?? 0
        const hasRecord = errorCode === 0 && fetchOffset <= 5
        return {
          partitionIndex: partition,
          errorCode,
          highWatermark: 6,
          abortedTransactions: null,
          records: hasRecord ? recordAt(5, `${partition}`) : null,
        }
      }),
    }))
    const hasNews = responses.some(({ partitions }) =>
      partitions.some(({ errorCode, records }) => errorCode !== 0 || records !== null),
    )
    return hasNews ? { responses } : new Later(body.maxWaitMs, { responses })
  })
  return script
}

function recordAt(offset: number, value: string): Buffer {
  const batch = buildRecordBatch([{ timestamp: 1, key: null, value }])
  batch.writeBigInt64BE(BigInt(offset), 0)
  return batch
}

async function setUp(leaders: number[], options: FetcherOptions = {}) {
  const world = await fakeCluster(1)
  serveMetadata(world.brokers, () => [{ name: 'orders', leaders }])
  const broker = world.brokers[0]!
  const script = serveFetch(broker)
  const fetcher = new Fetcher(world.cluster, options)
  const poll = (timeoutMs: number) => world.sim.complete(fetcher.poll(timeoutMs))
  const assign = (...partitions: number[]) =>
    fetcher.assign(partitions.map(partition => ({ topic: 'orders', partition, offset: 5 })))
  return { ...world, broker, script, fetcher, poll, assign }
}

t.test('a partition that fails each time does not keep the others from being read', async t => {
  const { script, poll, assign, fetcher } = await setUp([1, 1, 1])
  assign(0, 1, 2)
  script.errors.set(0, 2)
  const records = [...(await poll(1_000)), ...(await poll(1_000))]
  t.same(records.map(record => `${record.value}`).sort(), ['1', '2'])
  t.match(fetcher.trouble()?.error, { errorName: 'CORRUPT_MESSAGE' })
  script.errors.clear()
  t.same(
    (await poll(1_000)).map(record => `${record.value}`),
    ['0'],
  )
})

t.test('a leader that is elected while poll waits is found within its time', async t => {
  const leaders = [-1]
  const { sim, poll, assign } = await setUp(leaders)
  assign(0)
  const { clock } = sim.env('client')
  clock.after(2_000, () => {
    leaders[0] = 1
  })
  t.equal((await poll(60_000)).length, 1)
  t.ok(clock.monotonicMs() < 3_000, `after ${clock.monotonicMs()} ms`)
})

t.test('poll keeps its time, and can be woken, while nobody answers', async t => {
  const { sim, broker, poll, assign, fetcher } = await setUp([1])
  broker.on(apiVersionsApi, () => SILENCE)
  assign(0)
  const { clock } = sim.env('client')
  t.same(await poll(200), [])
  t.equal(Math.round(clock.monotonicMs()), 200)
  for (const stop of [() => fetcher.wakeUp(), () => fetcher.close()]) {
    const beganMs = clock.monotonicMs()
    clock.after(300, stop)
    t.same(await poll(60_000), [])
    t.equal(Math.round(clock.monotonicMs() - beganMs), 300)
  }
})

t.test('an offset out of range is an error, or where the log begins or ends', async t => {
  for (const policy of ['none', 'earliest'] as const) {
    const { broker, script, poll, assign } = await setUp([1], { onOutOfRange: policy })
    assign(0)
    script.errors.set(0, 1)
    broker.on(listOffsetsApi, body => {
      script.errors.clear()
      t.equal(body.topics[0]?.partitions[0]?.timestamp, -2)
      const partition = { partitionIndex: 0, errorCode: 0, offset: 3, timestamp: -1 }
      return { topics: [{ name: 'orders', partitions: [partition] }] }
    })
    if (policy === 'none') {
      await t.rejects(poll(1_000), like({ errorName: 'OFFSET_OUT_OF_RANGE' }))
      continue
    }
    t.equal((await poll(1_000)).length, 1)
    t.same(script.asked.at(-1), [0, 3])
  }
})

t.test('the answer for a partition that was taken away is dropped', async t => {
  const { sim, script, poll, assign, fetcher } = await setUp([1, 1])
  assign(0)
  const first = fetcher.poll(1_000)
  await sim.run(() => script.asked.length === 1)
  assign(1)
  t.same(
    (await sim.complete(first)).map(record => `${record.value}`),
    ['1'],
  )
  t.same(await poll(100), [])
  t.same(
    fetcher.positions().map(({ partition, offset }) => [partition, offset]),
    [[1, 6]],
  )
})
