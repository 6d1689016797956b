import t from 'tap'
import { type PlacedPartition, placeReplicas } from './replica-placement.ts'

const brokers = (...racks: (string | null)[]) =>
  racks.map((rack, index) => ({ nodeId: index + 1, rack }))

const partitions = (...replicas: number[][]): PlacedPartition[] =>
  replicas.map((list, partition) => ({ topic: 't', partition, replicas: list }))

const place = (
  from: number[][],
  options: { brokers: ReturnType<typeof brokers>; replicationFactor?: number },
) =>
  placeReplicas(partitions(...from), { replicationFactor: null, ...options }).map(p => p.replicas)

function loads(plan: readonly (readonly number[])[]): number[] {
  const counts = new Map<number, number>()
  for (const nodeId of plan.flat()) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => a - b).map(([, count]) => count)
}

t.test('what is placed well stays where it is', t => {
  const well = [
    [1, 2],
    [2, 3],
    [3, 1],
  ]
  t.same(place(well, { brokers: brokers(null, null, null) }), well)
  t.end()
})

t.test('a new broker gets its share, and nothing moves between the old ones', t => {
  const from = [
    [1, 2],
    [2, 3],
    [3, 1],
    [1, 2],
    [2, 3],
    [3, 1],
  ]
  const plan = place(from, { brokers: brokers(null, null, null, null) })
  t.same(loads(plan), [3, 3, 3, 3])
  const arrivals = plan.flatMap((list, index) =>
    list.filter(nodeId => !(from[index] ?? []).includes(nodeId)),
  )
  t.same(arrivals, [4, 4, 4])
  t.end()
})

t.test('a broker that is not named is left', t => {
  const plan = place(
    [
      [3, 1],
      [1, 3],
      [3, 2],
    ],
    { brokers: brokers(null, null) },
  )
  t.same(loads(plan), [3, 3])
  t.notOk(plan.flat().includes(3))
  t.end()
})

t.test('replicas of a partition are in different racks while there are enough', t => {
  const four = brokers('a', 'a', 'b', 'b')
  const rackOf = (nodeId: number) => four[nodeId - 1]?.rack
  for (const plan of [
    place(
      [
        [1, 2],
        [3, 4],
        [2, 1],
        [4, 3],
      ],
      { brokers: four },
    ),
    place([[1], [2], [3], [4]], { brokers: four, replicationFactor: 2 }),
  ]) {
    for (const list of plan) t.equal(new Set(list.map(rackOf)).size, 2, list.join())
    t.same(loads(plan), [2, 2, 2, 2])
  }
  const three = place([[1, 2, 3]], { brokers: four, replicationFactor: 4 })
  t.equal(three[0]?.length, 4, 'more replicas than racks')
  t.end()
})

t.test('leaders are spread, too', t => {
  const plan = place(
    [
      [1, 2],
      [1, 3],
      [1, 2],
      [1, 3],
      [1, 2],
      [1, 3],
    ],
    {
      brokers: brokers(null, null, null),
    },
  )
  t.same(loads(plan.map(list => list.slice(0, 1))), [2, 2, 2])
  t.end()
})

t.test('the replication factor changes to what is asked for, up to the number of brokers', t => {
  const three = brokers(null, null, null)
  t.same(place([[2, 1, 3]], { brokers: three, replicationFactor: 1 }), [[2]])
  t.same(place([[2]], { brokers: three, replicationFactor: 3 }), [[2, 1, 3]])
  t.same(place([[2]], { brokers: three, replicationFactor: 9 })[0]?.length, 3)
  t.same(placeReplicas([], { brokers: three, replicationFactor: null }), [])
  t.end()
})
