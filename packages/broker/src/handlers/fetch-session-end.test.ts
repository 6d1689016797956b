// A session that ends while one of its requests reads from the disk, or waits for its turn to answer.

import t from 'tap'
import type { PartitionSubscriber } from '../partition/partition-types.ts'
import { batchOf, DataPlane } from '../testing/data-plane.ts'

/** Who watches a partition now. */
function watch(plane: DataPlane, topic: string): Set<PartitionSubscriber> {
  const { watchers } = plane.partition(topic)
  const watching = new Set<PartitionSubscriber>()
  const subscribe = watchers.subscribe.bind(watchers)
  const unsubscribe = watchers.unsubscribe.bind(watchers)
  watchers.subscribe = (subscriber, isReplica) => {
    watching.add(subscriber)
    subscribe(subscriber, isReplica)
  }
  watchers.unsubscribe = subscriber => {
    watching.delete(subscriber)
    unsubscribe(subscriber)
  }
  return watching
}

/** Two topics whose records are on the disk only. */
async function openPlane(): Promise<DataPlane> {
  const plane = await DataPlane.open()
  for (const topic of ['a', 'b']) {
    plane.createTopic(topic)
    await plane.produce(topic, batchOf(['x']))
  }
  await plane.restart()
  return plane
}

const both = ['a', 'b'].map(topic => ({ topic, partitions: [{}] }))

t.test('a client that goes while its first fetch is read leaves nothing behind', async t => {
  const plane = await openPlane()
  const watching = watch(plane, 'a')
  const asked = plane.askFetch(12, { sessionEpoch: 0, topics: both, minBytes: 1 })
  t.equal(asked.answer, null, 'it is read from the disk')
  asked.isOpen = false
  plane.services.fetchSessions.onConnectionClosed(1)
  await plane.sim.run(() => asked.answer !== null)
  t.equal(watching.size, 0)
})

t.test('a session that ends while a fetch of it goes on waiting leaves nothing behind', async t => {
  const plane = await openPlane()
  const watching = watch(plane, 'a')
  const asked = plane.askFetch(12, { sessionEpoch: 0, topics: both, minBytes: 10_000 })
  plane.services.fetchSessions.onConnectionClosed(1)
  await plane.sim.run(() => asked.answer !== null)
  t.equal(watching.size, 0)
})

t.test(
  'a partition that is forgotten while it is read is not watched, nor served again',
  async t => {
    const plane = await openPlane()
    const watching = watch(plane, 'a')
    const first = plane.askFetch(12, { sessionEpoch: 0, topics: both, maxWaitMs: 0 })
    const { sessionId } = await plane.response<{ sessionId: number }>(first)
    t.equal(watching.size, 1)
    await plane.produce('b', batchOf(['y']))
    const reading = plane.askFetch(12, { sessionId, sessionEpoch: 1, topics: both })
    const forgottenTopicsData = [{ topic: 'a', topicId: '', partitions: [0] }]
    const next = { sessionId, sessionEpoch: 2, connectionId: 2, maxWaitMs: 0 }
    const forgetting = plane.askFetch(12, { ...next, forgottenTopicsData })
    for (const asked of [reading, forgetting]) await plane.response(asked)
    t.equal(watching.size, 0)
    const last = plane.askFetch(12, { ...next, sessionEpoch: 3 })
    const { responses } = await plane.response<{ responses: { topic: string }[] }>(last)
    t.notMatch(responses, [{ topic: 'a' }])
  },
)
