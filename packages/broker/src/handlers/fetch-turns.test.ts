// Many consumers that get much at the same time do not hold the event loop up for all the others.

import type { FetchResponseInit } from '@weir/protocol'
import t from 'tap'
import { type Asked, batchOf, DataPlane } from '../testing/data-plane.ts'

const CONSUMERS = 12
const RECORD_BYTES = 600_000
/** The share of a turn, 1 MiB here, is used up by the second answer. */
const AT_ONCE = 2

const fromStart = (connectionId: number) => ({
  connectionId,
  topics: [{ topic: 'a', partitions: [{ fetchOffset: 0 }] }],
})

async function planeWith(records: string): Promise<DataPlane> {
  const plane = await DataPlane.open()
  plane.createTopic('a')
  await plane.produce('a', batchOf([records]))
  return plane
}

function bytesOf(asked: Asked): number {
  if (asked.answer?.kind !== 'response') return -1
  const { responses } = asked.answer.response as FetchResponseInit
  const chunks = responses[0]?.partitions[0]?.records as Buffer[] | undefined
  return (chunks ?? []).reduce((sum, chunk) => sum + chunk.length, 0)
}

t.test('large answers beyond the share of a turn go out in the next ones, in order', async t => {
  const plane = await planeWith('x'.repeat(RECORD_BYTES))
  const order: number[] = []
  const asked = Array.from({ length: CONSUMERS }, (_, i) => plane.askFetch(11, fromStart(i)))
  const answered = () => asked.filter(each => each.answer !== null).length
  t.equal(answered(), AT_ONCE)
  let turns = 0
  const count = () => {
    turns++
    asked.forEach((each, i) => {
      if (each.answer !== null && !order.includes(i)) order.push(i)
    })
    if (answered() < CONSUMERS) plane.env.clock.soon(count)
  }
  count()
  await plane.sim.run(() => answered() === CONSUMERS)
  t.ok(turns >= CONSUMERS / AT_ONCE - 1, `${turns} turns`)
  t.same(
    order,
    [...order].sort((a, b) => a - b),
  )
  t.ok(asked.every(each => bytesOf(each) > RECORD_BYTES))
  t.equal(plane.services.responseMemory.heldBytes, 0)
})

t.test('small answers wait for nobody', async t => {
  const plane = await planeWith('small')
  // Somebody has used the turn up.
  plane.services.answerTurns.use(100_000_000)
  const asked = plane.askFetch(11, fromStart(1))
  t.ok(bytesOf(asked) > 0)
})

t.test('who has gone while his answer waited gives its memory back', async t => {
  const plane = await planeWith('x'.repeat(RECORD_BYTES))
  plane.services.answerTurns.use(100_000_000)
  const asked = plane.askFetch(11, fromStart(1))
  t.equal(asked.answer, null)
  t.ok(plane.services.responseMemory.heldBytes > RECORD_BYTES)
  asked.isOpen = false
  await plane.sim.run({ forMs: 10 })
  t.equal(plane.services.responseMemory.heldBytes, 0)
})

t.test('a follower does not wait behind consumers', async t => {
  const plane = await DataPlane.open()
  const topicId = plane.createTopic('a')
  await plane.produce('a', batchOf(['x'.repeat(RECORD_BYTES)]))
  plane.registerBroker(2, 9)
  const image = plane.image.topic('a')?.partitions[0]
  plane.image.replay({ kind: 'partition', ...image!, replicas: [1, 2], partitionEpoch: 1 })
  plane.services.replicaManager.applyImage(plane.image)
  plane.services.answerTurns.use(100_000_000)
  const partitions = [{ fetchOffset: 0, currentLeaderEpoch: 3 }]
  const asked = plane.askFetch(16, {
    replicaState: { replicaId: 2, replicaEpoch: 9 },
    topics: [{ topicId, partitions }],
  })
  t.ok(bytesOf(asked) > RECORD_BYTES)
})
