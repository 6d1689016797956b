// Epochs in which a broker led and wrote nothing, when it follows somebody else afterwards (R4).

import t from 'tap'
import { append, batch, openWorld, reopen, settle } from './testing/test-kit.ts'

t.test(
  'a follower takes batches that are older than the epoch in which it led and wrote nothing',
  async t => {
    const world = await openWorld()
    const fetched = (leaderEpoch: number, baseOffset: number) =>
      append(world.log, batch({ leaderEpoch, baseOffset }), {
        origin: 'replication',
        leaderEpoch: 7,
      })
    t.match(fetched(3, 0), { kind: 'appended' })
    world.log.assignEpoch(5)
    t.match(fetched(3, 1), { kind: 'appended' }, 'as in the log of the leader')
    t.match(fetched(7, 2), { kind: 'appended' })
    t.match(
      fetched(3, 3),
      { kind: 'failed', error: 'CORRUPT_MESSAGE' },
      'epochs with records count',
    )
    await settle(world)
    world.sim.kill('one')
    await reopen(world)
    t.same(
      [0, 1, 2].map(offset => world.log.epochForOffset(offset)),
      [3, 3, 7],
    )
    t.equal(world.log.endOffsetForEpoch(5).leaderEpoch, 3)
  },
)
