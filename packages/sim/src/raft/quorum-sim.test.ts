import t from 'tap'
import { runQuorumSeed } from './quorum-sim.ts'

const SEEDS = 4

t.test(
  `the real driver, storage and transport: seeds 1 to ${SEEDS} keep every promise`,
  async t => {
    let committed = 0
    let fatals = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await runQuorumSeed(seed)
      t.equal(result.violation, null, `seed ${seed}`)
      committed += result.committed
      fatals += result.fatals
    }
    t.ok(committed > SEEDS * 30, `${committed} entries were committed`)
    t.ok(fatals > 0, `${fatals} nodes ended by a disk error and came back`)
  },
)

t.test('the same seed gives the same trace, twice', async t => {
  t.same(await runQuorumSeed(2), await runQuorumSeed(2))
})

t.test('a file of an empty log that was recovered is durable with its first entries', async t => {
  // Its directory entry was not synced: a crash took everything that was promised since.
  t.equal((await runQuorumSeed(27)).violation, null)
})
