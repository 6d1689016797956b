// The bound on the bytes of requests: who may read, who waits, and that half frames cannot block each
// other for ever.

import t from 'tap'
import { type MemoryUser, RequestMemory } from './request-memory.ts'

class Reader implements MemoryUser {
  resumed = 0

  resumeReading(): void {
    this.resumed++
  }
}

t.test('below the limit everybody reads', t => {
  const memory = new RequestMemory(100)
  memory.hold(100)
  t.equal(memory.mayRead(new Reader()), true)
  t.end()
})

t.test('above the limit readers wait until bytes are given back', t => {
  const memory = new RequestMemory(100)
  const [a, b] = [new Reader(), new Reader()]
  memory.requestStarted()
  memory.hold(101)
  t.equal(memory.mayRead(a), false)
  t.equal(memory.mayRead(b), false)
  memory.requestEnded()
  memory.release(60)
  t.same([a.resumed, b.resumed], [1, 1])
  t.end()
})

t.test('when only half frames hold the memory one of them may go on, then the next', t => {
  const memory = new RequestMemory(100)
  const [a, b] = [new Reader(), new Reader()]
  memory.hold(150)
  t.equal(memory.mayRead(a), true)
  t.equal(memory.mayRead(b), false)
  t.equal(memory.mayRead(a), true, 'the one that was chosen reads until its frame is whole')
  memory.frameCompleted(a)
  t.equal(b.resumed, 1)
  t.equal(memory.mayRead(b), true)
  t.end()
})

t.test('a reader that is gone gives up its turn and its place', t => {
  const memory = new RequestMemory(100)
  const [a, b, c] = [new Reader(), new Reader(), new Reader()]
  memory.hold(150)
  t.equal(memory.mayRead(a), true)
  t.equal(memory.mayRead(b), false)
  t.equal(memory.mayRead(c), false)
  memory.leave(b)
  memory.leave(a)
  t.same([b.resumed, c.resumed], [0, 1])
  t.end()
})
