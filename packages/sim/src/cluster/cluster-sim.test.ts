import t from 'tap'
import { clusterOptionsOf, FAULT_KINDS } from './cluster-options.ts'
import { runClusterSeed } from './cluster-sim.ts'

const SEEDS = 4

t.test(`a cluster under faults: seeds 1 to ${SEEDS} keep every promise`, async t => {
  let acked = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, ...result } = await runClusterSeed(seed)
    t.equal(violation, null, `seed ${seed}`)
    acked += result.acked
  }
  t.ok(acked > SEEDS * 100, `${acked} records were acknowledged`)
})

t.test('the same seed gives the same trace, twice', async t => {
  t.same(await runClusterSeed(2), await runClusterSeed(2))
})

t.test('each fault is on in some seeds and off in others', async t => {
  const all = Array.from({ length: 100 }, (_, seed) => clusterOptionsOf(seed))
  for (const kind of FAULT_KINDS) {
    const on = all.filter(options => options.faults.includes(kind)).length
    t.ok(on > 20 && on < 80, `${kind} in ${on} of 100`)
  }
})
