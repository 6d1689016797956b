import fc from 'fast-check'
import t from 'tap'
import { DeadlineQueue } from './deadline-queue.ts'

t.test('an empty queue has no next deadline and nothing to take', async t => {
  const queue = new DeadlineQueue<string>()
  t.equal(queue.nextDeadlineMs(), Number.POSITIVE_INFINITY)
  t.equal(queue.takeExpired(Number.MAX_SAFE_INTEGER), undefined)
})

t.test('a deadline is taken at its time, not before', async t => {
  const queue = new DeadlineQueue<string>()
  queue.add(100, 'a')
  t.equal(queue.takeExpired(99), undefined)
  t.equal(queue.takeExpired(100), 'a')
  t.equal(queue.size, 0)
})

t.test('a removed deadline is never taken and can be removed only once', async t => {
  const queue = new DeadlineQueue<string>()
  queue.add(1, 'a')
  const handle = queue.add(2, 'b')
  t.equal(queue.remove(handle), true)
  t.equal(queue.remove(handle), false)
  t.equal(queue.takeExpired(10), 'a')
  t.equal(queue.takeExpired(10), undefined)
})

t.test('after clear, old handles remove nothing', async t => {
  const queue = new DeadlineQueue<string>()
  const handle = queue.add(1, 'a')
  queue.clear()
  queue.add(5, 'b')
  t.equal(queue.remove(handle), false)
  t.equal(queue.nextDeadlineMs(), 5)
})

t.test('values come out by deadline, then by insertion, whatever was removed between', async () => {
  const operation = fc.record({
    deadlineMs: fc.integer({ min: 0, max: 20 }),
    isRemoved: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), operations => {
      const queue = new DeadlineQueue<number>()
      const handles = operations.map((each, index) => queue.add(each.deadlineMs, index))
      const removed = handles.filter((_, index) => operations[index]!.isRemoved)
      for (const handle of removed) if (!queue.remove(handle)) return false
      const expected = operations
        .map((each, index) => ({ ...each, index }))
        .filter(each => !each.isRemoved)
        .sort((a, b) => a.deadlineMs - b.deadlineMs || a.index - b.index)
        .map(each => each.index)
      const taken: number[] = []
      for (;;) {
        const value = queue.takeExpired(20)
        if (value === undefined) break
        taken.push(value)
      }
      return taken.join() === expected.join()
    }),
  )
})
