import t from 'tap'
import { assignRanges } from './range-assignor.ts'

const member = (memberId: string, topics: string[], groupInstanceId: string | null = null) => {
  return { memberId, topics, groupInstanceId }
}

t.test('partitions go to members in ranges, the first members get one more', async t => {
  const assignment = assignRanges(
    [member('b', ['orders', 'bills']), member('a', ['orders'])],
    new Map([
      ['orders', 3],
      ['bills', 2],
    ]),
  )
  t.same(assignment.get('a'), [
    { topic: 'orders', partition: 0 },
    { topic: 'orders', partition: 1 },
  ])
  t.same(assignment.get('b'), [
    { topic: 'bills', partition: 0 },
    { topic: 'bills', partition: 1 },
    { topic: 'orders', partition: 2 },
  ])
})

t.test('every partition has exactly one owner, also with more members than partitions', async t => {
  const members = ['m3', 'm1', 'm4', 'm2'].map(id => member(id, ['orders']))
  const assignment = assignRanges(members, new Map([['orders', 3]]))
  const owned = [...assignment.values()].flat().map(({ partition }) => partition)
  t.same(owned.sort(), [0, 1, 2])
  t.same(assignment.get('m4'), [])
})

t.test('static members come first, in the order of their instance ids', async t => {
  const assignment = assignRanges(
    [member('z', ['orders'], 'first'), member('a', ['orders']), member('b', ['orders'], 'second')],
    new Map([['orders', 3]]),
  )
  t.same(assignment.get('z'), [{ topic: 'orders', partition: 0 }])
  t.same(assignment.get('b'), [{ topic: 'orders', partition: 1 }])
  t.same(assignment.get('a'), [{ topic: 'orders', partition: 2 }])
})

t.test('a topic that the cluster does not have is assigned to nobody', async t => {
  const assignment = assignRanges([member('a', ['gone'])], new Map())
  t.same(assignment.get('a'), [])
})
