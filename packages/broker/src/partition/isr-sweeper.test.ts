import { ManualClock } from '@weir/core/memory'
import t from 'tap'
import { IsrSweeper } from './isr-sweeper.ts'
import type { Partition } from './partition.ts'

/** Partitions that write down when they are looked at. */
function looked(count: number) {
  const looks: number[] = []
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex }))
  const look = ({ partitionIndex }: Partition) => {
    looks.push(partitionIndex)
  }
  return { looks, look, partitions: partitions as Partition[] }
}

/** A clock whose turns are taken by hand. */
function turns() {
  const due: (() => void)[] = []
  const clock = new ManualClock({ startMs: 0, soon: fn => due.push(fn) })
  const next = () => due.splice(0).forEach(fn => void fn())
  return { clock, due, next }
}

t.test('few partitions are looked at in the turn of the call', async t => {
  const { looks, look, partitions } = looked(3)
  new IsrSweeper(turns().clock, () => partitions.values(), look).start()
  t.same(looks, [0, 1, 2])
})

t.test('many are looked at in turns, and again if something changes meanwhile', async t => {
  const { clock, due, next } = turns()
  const { looks, look, partitions } = looked(5_000)
  const sweeper = new IsrSweeper(clock, () => partitions.values(), look)
  sweeper.start()
  const firstCount = looks.length
  t.ok(firstCount > 0 && firstCount < 5_000)
  sweeper.start()
  t.equal(looks.length, firstCount, 'not twice at the same time')
  while (due.length > 0) next()
  t.equal(looks.length, 10_000)
  t.equal(looks[0], 0)
  t.equal(looks[5_000], 0)
})

t.test('a sweeper that is closed looks at nothing any more', async t => {
  const { clock, due, next } = turns()
  const { looks, look, partitions } = looked(5_000)
  const sweeper = new IsrSweeper(clock, () => partitions.values(), look)
  sweeper.start()
  sweeper.start()
  const count = looks.length
  sweeper.close()
  while (due.length > 0) next()
  t.equal(looks.length, count)
})
