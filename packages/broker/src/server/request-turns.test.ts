import type { Clock } from '@weir/core'
import t from 'tap'
import { RequestTurns } from './request-turns.ts'

function world() {
  const soon: (() => void)[] = []
  const done: string[] = []
  const turns = new RequestTurns({ soon: (fn: () => void) => soon.push(fn) } as unknown as Clock)
  /** A user whose work takes so long; `begin` says whether it may work at once. */
  const user = (name: string, takesMs: number) => ({
    onTurn() {
      done.push(name)
      turns.worked(0, takesMs)
    },
    begin() {
      if (turns.mayWork(this)) this.onTurn()
    },
  })
  const nextTurn = () => {
    for (const run of soon.splice(0)) run()
  }
  return { turns, done, user, nextTurn }
}

t.test('a turn begins work for four milliseconds, and the rest waits in order', async t => {
  const { done, user, nextTurn } = world()
  for (const name of ['a', 'b', 'c', 'd', 'e']) user(name, 2).begin()
  t.same(done, ['a', 'b'])
  user('short', 0.01).begin()
  nextTurn()
  t.same(done, ['a', 'b', 'c', 'd'])
  nextTurn()
  t.same(done, ['a', 'b', 'c', 'd', 'e', 'short'])
})

t.test('work that is spread over turns waits for nothing', async t => {
  const { done, user, nextTurn } = world()
  for (let i = 0; i < 10; i++) {
    user('x', 3).begin()
    nextTurn()
    t.equal(done.length, i + 1)
  }
})

t.test('who leaves is not called', async t => {
  const { turns, done, user, nextTurn } = world()
  user('long', 5).begin()
  const gone = user('gone', 1)
  gone.begin()
  user('stays', 1).begin()
  turns.leave(gone)
  nextTurn()
  t.same(done, ['long', 'stays'])
})

t.test('who has more to do than its turn comes after those who wait', async t => {
  const { turns, done, user, nextTurn } = world()
  user('long', 5).begin()
  const greedy = {
    onTurn() {
      done.push('greedy')
      turns.mayWork(greedy)
    },
  }
  turns.mayWork(greedy)
  user('other', 1).begin()
  nextTurn()
  t.same(done, ['long', 'greedy', 'other'])
  nextTurn()
  t.same(done, ['long', 'greedy', 'other', 'greedy'])
})
