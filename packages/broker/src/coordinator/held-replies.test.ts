import { Simulation } from '@weir/core/sim'
import t from 'tap'
import { HeldReplies } from './held-replies.ts'

t.test(
  'replies that are not committed in time end, at whatever fraction of a millisecond',
  async t => {
    const sim = new Simulation({ seed: 1 })
    let ended = 0
    const held = new HeldReplies(
      sim.env('a'),
      () => 5000,
      () => ended++,
    )
    for (let i = 0; i < 200; i++) {
      await sim.run({ forMs: 0.1 + sim.random.fraction() })
      held.hold(1, { resolve: () => {}, reject: () => {} } as never, null)
    }
    const before = sim.eventCount
    await sim.run({ forMs: 6000 })
    t.equal(ended, 200)
    t.ok(sim.eventCount - before < 1000, 'and no timer spins')
  },
)

t.test(
  'a reply goes out when all that was written before it is committed, and not before',
  async t => {
    const sim = new Simulation({ seed: 1 })
    const held = new HeldReplies(
      sim.env('a'),
      () => 5000,
      () => t.fail('in time'),
    )
    const sent: unknown[] = []
    const waiting = { resolve: (response: unknown) => sent.push(response), reject: () => t.fail() }
    for (const endOffset of [5, 5, 6]) held.hold(endOffset, waiting, endOffset)
    held.release(4)
    t.same(sent, [])
    held.release(5)
    t.same(sent, [5, 5])
    held.release(9)
    t.same(sent, [5, 5, 6])
  },
)
