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
