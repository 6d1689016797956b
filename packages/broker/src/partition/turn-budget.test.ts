import { Simulation } from '@weir/core/sim'
import t from 'tap'
import { TurnBudget } from './turn-budget.ts'

function newBudget() {
  const sim = new Simulation({ seed: 1 })
  const { clock } = sim.env('node')
  const done: string[] = []
  const budget = new TurnBudget(clock, 100)
  let turn = 0
  const count = () => {
    turn++
    if (turn < 20) clock.soon(count)
  }
  const work = async (name: string, bytes: number) => {
    const wait = budget.take(bytes)
    if (wait !== null) await wait
    done.push(`${name} in turn ${turn}`)
  }
  return { sim, clock, done, budget, count, work }
}

t.test('what is within the share of a turn is done at once', async t => {
  const { done, work } = newBudget()
  void work('a', 50)
  void work('b', 49)
  void work('c', 1_000)
  t.same(done, ['a in turn 0', 'b in turn 0', 'c in turn 0'])
})

t.test('what is beyond it gets turns of its own, in order', async t => {
  const { sim, clock, done, count, work } = newBudget()
  clock.soon(count)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) void work(name, 60)
  t.same(done, ['a in turn 0', 'b in turn 0'])
  await sim.run({ forMs: 1 })
  t.same(done.slice(2), ['c in turn 1', 'd in turn 1', 'e in turn 2', 'f in turn 2'])
})

t.test('who comes later does not overtake those who wait', async t => {
  const { sim, clock, done, count, work } = newBudget()
  clock.soon(count)
  for (const name of ['a', 'b', 'c', 'd', 'e']) void work(name, 100)
  clock.soon(() => void work('late', 1))
  await sim.run({ forMs: 1 })
  t.same(
    done.map(line => line.split(' ')[0]),
    ['a', 'b', 'c', 'd', 'e', 'late'],
  )
})

t.test('a quiet turn gives the whole share back', async t => {
  const { sim, done, budget, work } = newBudget()
  void work('a', 500)
  await sim.run({ forMs: 1 })
  t.equal(budget.take(1), null)
  t.equal(done.length, 1)
})
