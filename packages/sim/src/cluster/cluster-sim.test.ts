import t from 'tap'
import { clusterOptionsOf, FAULT_KINDS } from './cluster-options.ts'
import { runClusterSeed } from './cluster-sim.ts'

const SEEDS = [1, 2, 4]

t.test(`a cluster under faults: seeds ${SEEDS} keep every promise, and replay`, async t => {
  const results = []
  for (const seed of SEEDS) {
    const result = await runClusterSeed(seed)
    t.equal(result.violation, null, `seed ${seed}`)
    results.push(result)
  }
  const acked = results.reduce((sum, result) => sum + result.acked, 0)
  t.ok(acked > SEEDS.length * 100, `${acked} records were acknowledged`)
  t.same(await runClusterSeed(1), results[0], 'the same seed gives the same trace, twice')
})

t.test('each fault is on in some seeds and off in others', async t => {
  const all = Array.from({ length: 100 }, (_, seed) => clusterOptionsOf(seed))
  for (const kind of FAULT_KINDS) {
    const on = all.filter(options => options.faults.includes(kind)).length
    t.ok(on > 20 && on < 80, `${kind} in ${on} of 100`)
  }
})
