// The set of partitions against a plain Set, and copies of it.

import fc from 'fast-check'
import t from 'tap'
import { PartitionSet } from './partition-set.ts'

const seed = Number(process.env['WEIR_TEST_SEED'] ?? 5)
const step = fc.tuple(
  fc.constantFrom('add', 'delete', 'copy'),
  fc.constantFrom('a', 'b', 'c'),
  fc.nat({ max: 100 }),
)

function describe(members: ReadonlySet<string>): string {
  return [...members].sort().join(' ')
}

t.test('a set has what was put in and not taken out, and a copy goes its own way', async t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      let set = new PartitionSet()
      let expected = new Set<string>()
      let other = set.copy()
      let otherExpected = new Set(expected)
      for (const [what, topicId, index] of steps) {
        const key = `${topicId}-${index}`
        if (what === 'add') {
          set.add(topicId, index)
          expected.add(key)
        } else if (what === 'delete') {
          set.delete(topicId, index)
          expected.delete(key)
        } else {
          // The older one goes on half of the time.
          const copy = set.copy()
          const isOlder = index % 2 === 0
          other = isOlder ? copy : set
          otherExpected = new Set(expected)
          if (!isOlder) set = copy
          expected = new Set(expected)
        }
        const isRight = set.has(topicId, index) === expected.has(key)
        if (!isRight || set.size !== expected.size) throw new Error(`${key}: ${what}`)
        if (set.describe() !== describe(expected)) throw new Error('members differ')
        if (other.describe() !== describe(otherExpected)) throw new Error('the copy has changed')
      }
    }),
    { seed, numRuns: 300 },
  )
  t.pass(`seed ${seed}`)
})

t.test('a set may change while it is walked', async t => {
  const set = new PartitionSet()
  for (let index = 0; index < 100; index++) set.add('a', index)
  const met: number[] = []
  for (const { partitionIndex } of set) {
    met.push(partitionIndex)
    set.delete('a', partitionIndex)
    set.delete('a', partitionIndex + 1)
    if (partitionIndex === 50) set.add('a', 1_000)
  }
  t.same(met, [...Array.from({ length: 50 }, (_, half) => 2 * half), 1_000])
  t.equal(set.size, 0)
})
