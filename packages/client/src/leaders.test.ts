import { listOffsetsApi } from '@weir/protocol'
import t from 'tap'
import { listOffsets, OFFSET_LATEST } from './admin/offsets.ts'
import { fakeCluster, serveMetadata } from './testing/fake-broker.ts'

const QUERY = { topic: 'orders', partition: 0, timestamp: OFFSET_LATEST }

/** Brokers 1 and 2; both say that the partition ends at 7. */
async function setUp() {
  const world = await fakeCluster(2, { connectTimeoutMs: 100, requestTimeoutMs: 500 })
  const live = [...world.brokers]
  const state = { leader: 2 }
  const serve = () => serveMetadata(live, () => [{ name: 'orders', leaders: [state.leader] }])
  serve()
  for (const broker of world.brokers) {
    broker.on(listOffsetsApi, body => ({
      topics: body.topics.map(({ name }) => {
        const partition = { partitionIndex: 0, errorCode: 0, offset: 7, timestamp: -1 }
        return { name, partitions: [partition] }
      }),
    }))
  }
  const ask = async () => (await world.sim.complete(listOffsets(world.cluster, [QUERY])))[0]?.value
  return { ...world, live, state, serve, ask }
}

t.test('a leader that died is asked no more once another one leads', async t => {
  const { sim, state, ask } = await setUp()
  t.equal((await ask())?.offset, 7)
  sim.kill('broker2')
  state.leader = 1
  t.equal((await ask())?.offset, 7)
})

t.test('a leader that was away when the brokers were asked for is found again', async t => {
  const { sim, brokers, cluster, live, serve, ask } = await setUp()
  t.equal((await ask())?.offset, 7)
  live.splice(1, 1)
  serve()
  await sim.complete(cluster.refreshMetadata([]))
  t.same([...cluster.brokers.keys()], [1])
  live.push(brokers[1]!)
  serve()
  t.equal((await ask())?.offset, 7)
})

t.test('a leader that is gone takes no answer away from the partitions of others', async t => {
  const { sim, brokers, cluster } = await fakeCluster(2, { retryTimeoutMs: 500 })
  const [there] = brokers
  // The second one has left, and its partition is still said to be its.
  serveMetadata([there!], () => [{ name: 'orders', leaders: [1, 2] }])
  there!.on(listOffsetsApi, body => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        return { partitionIndex, errorCode: 0, offset: 7, timestamp: -1 }
      }),
    })),
  }))
  const queries = [0, 1].map(partition => ({ ...QUERY, partition }))
  const [first, second] = await sim.complete(listOffsets(cluster, queries))
  t.equal(first?.value?.offset, 7)
  t.match(second?.error, { errorName: 'LEADER_NOT_AVAILABLE' })
  t.equal(there!.countOf(listOffsetsApi), 1, 'what was answered is not asked again')
})
