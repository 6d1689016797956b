import fc from 'fast-check'
import t from 'tap'
import type { PartitionSet } from '../partitions.ts'
import type { Assignor, AssignorInput, AssignorMember } from './assignor.ts'
import { assignRanges } from './range.ts'
import { assignUniformly } from './uniform.ts'

type Subscriptions = Readonly<Record<string, readonly string[]>>
type Counts = Readonly<Record<string, number>>

function inputOf(
  counts: Counts,
  subscriptions: Subscriptions,
  former: ReadonlyMap<string, PartitionSet> = new Map(),
  racks: Readonly<Record<string, string>> = {},
): AssignorInput {
  const topics = new Map(
    Object.entries(counts).map(([topicId, partitionCount]) => [
      topicId,
      // Partition n has its replicas in rack n mod 2.
      { topicId, partitionCount, racksOf: (index: number) => [`rack-${index % 2}`] },
    ]),
  )
  const members: AssignorMember[] = Object.entries(subscriptions).map(([memberId, topicIds]) => ({
    memberId,
    instanceId: null,
    rackId: racks[memberId] ?? null,
    topicIds: [...topicIds].filter(each => topics.has(each)).sort(),
    target: former.get(memberId) ?? new Map(),
  }))
  return { members, topics }
}

function format(targets: ReadonlyMap<string, PartitionSet>): Record<string, string> {
  return Object.fromEntries(
    [...targets].map(([memberId, target]) => [
      memberId,
      [...target]
        .sort()
        .map(([topicId, indexes]) => `${topicId}:${[...indexes].sort((a, b) => a - b).join('+')}`)
        .join(' '),
    ]),
  )
}

t.test('range gives contiguous ranges, the first members one more', async t => {
  const input = inputOf({ t: 5, u: 2 }, { a: ['t', 'u'], b: ['t', 'u'], c: ['t'] })
  t.same(format(assignRanges(input)), { a: 't:0+1 u:0', b: 't:2+3 u:1', c: 't:4' })
})

t.test('range goes by instance id, so that a static member keeps its place', async t => {
  const { members, topics } = inputOf({ t: 2 }, { zz: ['t'], m: ['t'] })
  const statics = members.map(each =>
    each.memberId === 'zz' ? { ...each, instanceId: 'a' } : each,
  )
  t.same(format(assignRanges({ members: statics, topics })), { zz: 't:0', m: 't:1' })
})

t.test('uniform keeps what members have and moves no more than it must', async t => {
  const first = assignUniformly(inputOf({ t: 6 }, { a: ['t'], b: ['t'] }))
  t.same(format(first), { a: 't:0+1+2', b: 't:3+4+5' })
  const second = assignUniformly(inputOf({ t: 6 }, { a: ['t'], b: ['t'], c: ['t'] }, first))
  t.same(format(second), { a: 't:0+1', b: 't:3+4', c: 't:2+5' })
  const third = assignUniformly(inputOf({ t: 6 }, { b: ['t'], c: ['t'] }, second))
  t.same(format(third), { b: 't:0+3+4', c: 't:1+2+5' })
})

t.test('uniform respects different subscriptions and evens out within them', async t => {
  const input = inputOf({ t: 4, u: 4 }, { a: ['t'], b: ['t', 'u'], c: ['u'] })
  const targets = assignUniformly(input)
  checkComplete(input, targets)
  t.same([...targets.values()].map(countOf).sort(), [2, 3, 3])
})

t.test('uniform prefers members in a rack of the partition', async t => {
  const racks = { a: 'rack-1', b: 'rack-0' }
  const input = inputOf({ t: 4 }, { a: ['t'], b: ['t'] }, new Map(), racks)
  t.same(format(assignUniformly(input)), { a: 't:1+3', b: 't:0+2' })
})

function countOf(target: PartitionSet): number {
  return [...target.values()].reduce((sum, each) => sum + each.size, 0)
}

/** Every partition that somebody subscribes to has exactly one owner, a subscriber. */
function checkComplete(input: AssignorInput, targets: ReadonlyMap<string, PartitionSet>): void {
  const owners = new Map<string, string>()
  for (const { memberId, topicIds } of input.members) {
    for (const [topicId, indexes] of targets.get(memberId) ?? []) {
      if (!topicIds.includes(topicId)) throw new Error(`${memberId} does not want ${topicId}`)
      for (const index of indexes) {
        const key = `${topicId}-${index}`
        if (owners.has(key)) throw new Error(`${key} has two owners`)
        if (index >= input.topics.get(topicId)!.partitionCount) throw new Error(`no ${key}`)
        owners.set(key, memberId)
      }
    }
  }
  for (const { topicId, partitionCount } of input.topics.values()) {
    if (!input.members.some(each => each.topicIds.includes(topicId))) continue
    for (let index = 0; index < partitionCount; index++) {
      if (!owners.has(`${topicId}-${index}`)) throw new Error(`${topicId}-${index} has no owner`)
    }
  }
}

const names = ['a', 'b', 'c', 'd', 'e']
const counts = fc.record({ t: fc.nat({ max: 9 }), u: fc.nat({ max: 9 }), v: fc.nat({ max: 9 }) })
const topics = fc.subarray(['t', 'u', 'v', 'missing'])
const different = fc
  .subarray(names, { minLength: 1 })
  .chain(ids => fc.record(Object.fromEntries(ids.map(id => [id, topics]))))
const equal = fc
  .tuple(fc.subarray(names, { minLength: 1 }), topics)
  .map(([ids, wanted]) => Object.fromEntries(ids.map(id => [id, wanted])))

for (const [name, assign] of [
  ['range', assignRanges],
  ['uniform', assignUniformly],
] as readonly [string, Assignor][]) {
  t.test(`${name} gives every partition to one subscriber, whatever was before`, async () => {
    fc.assert(
      fc.property(counts, different, counts, different, (count, before, laterCount, later) => {
        const first = inputOf(count, before)
        const targets = assign(first)
        checkComplete(first, targets)
        const second = inputOf(laterCount, later, targets)
        checkComplete(second, assign(second))
      }),
    )
  })
}

t.test(
  'uniform gives equal subscribers equal shares and takes from nobody without need',
  async () => {
    fc.assert(
      fc.property(counts, equal, fc.subarray(names, { minLength: 1 }), (count, before, ids) => {
        const wanted = Object.values(before)[0] ?? []
        const first = assignUniformly(inputOf(count, before))
        const later = inputOf(count, Object.fromEntries(ids.map(id => [id, wanted])), first)
        const targets = assignUniformly(later)
        const sizes = ids.map(id => countOf(targets.get(id)!))
        if (Math.max(...sizes) - Math.min(...sizes) > 1) throw new Error('uneven')
        // Who stays and has no more than the largest share keeps at least the smallest one of its own.
        const least = Math.min(...sizes)
        for (const id of ids) {
          const had = first.get(id) ?? new Map()
          const kept = [...(targets.get(id) ?? [])].reduce((sum, [topicId, indexes]) => {
            const former = had.get(topicId)
            return sum + [...indexes].filter(index => former?.has(index) === true).length
          }, 0)
          if (kept < Math.min(countOf(had), least)) throw new Error(`${id} lost without need`)
        }
      }),
    )
  },
)

t.test('uniform gives also the odd partitions to members in their rack', async t => {
  const racks = { a: 'rack-0', b: 'rack-1', c: 'rack-1' }
  const input = inputOf({ t: 2 }, { a: ['t'], b: ['t'], c: ['t'] }, new Map(), racks)
  t.same(format(assignUniformly(input)), { a: 't:0', b: 't:1', c: '' })
})

t.test(
  'uniform leaves the target of a member as it is, the same object, if it keeps all',
  async t => {
    const first = assignUniformly(inputOf({ t: 6 }, { a: ['t'], b: ['t'] }))
    const before = format(first)
    const second = assignUniformly(inputOf({ t: 6, u: 1 }, { a: ['t', 'u'], b: ['t', 'u'] }, first))
    t.equal(second.get('b'), first.get('b'))
    t.same(format(first), before, 'the former targets are not written to')
    t.same(format(second), { a: 't:0+1+2 u:0', b: 't:3+4+5' })
  },
)

t.test('a thousand members over a thousand partitions are assigned quickly', async t => {
  const ids = Array.from({ length: 1000 }, (_, index) => `m${index}`)
  const subscriptions = Object.fromEntries(ids.map(id => [id, ['t']]))
  const targets = assignUniformly(inputOf({ t: 1000 }, subscriptions))
  t.ok([...targets.values()].every(each => countOf(each) === 1))
  const fewer = Object.fromEntries(ids.slice(1).map(id => [id, ['t']]))
  const next = assignUniformly(inputOf({ t: 1000 }, fewer, targets))
  const moved = ids.slice(1).filter(id => countOf(next.get(id)!) === 2)
  t.equal(moved.length, 1)
})
