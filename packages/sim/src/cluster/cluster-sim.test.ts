import t from 'tap'
import {
  ADDED_KINDS,
  clusterOptionsOf,
  FAULT_KINDS,
  type FaultKind,
  SCENE_KINDS,
} from './cluster-options.ts'
import { runClusterSeed } from './cluster-sim.ts'
import { PLANTED_CLUSTER_BUGS } from './planted-bugs.ts'

const SEEDS = [4]

/** Some of docs/cluster-simulation.md, with the faults that go after them, from the first seed that notices. */
const PLANTED: readonly (readonly [
  name: string,
  fromSeed: number,
  faults: readonly FaultKind[],
  noticed: RegExp,
])[] = [
  ['acks-unwritten', 1, ['isolate', 'kill'], /is in the ISR of|was committed/],
  ['not-here-after-append', 3, ['slowNetwork', 'electLeaders', 'reassign'], /was refused and is/],
  ['no-pause-guard', 2, ['pause'], /stood still and then served/],
]
const PLANTED_SEEDS = 10

t.test(`a cluster under faults: seeds ${SEEDS} keep every promise, and replay`, async t => {
  const results = []
  for (const seed of SEEDS) {
    const result = await runClusterSeed(seed)
    t.equal(result.violation, null, `seed ${seed}`)
    results.push(result)
  }
  const acked = results.reduce((sum, result) => sum + result.acked, 0)
  t.ok(acked > SEEDS.length * 100, `${acked} records were acknowledged`)
  t.same(
    await runClusterSeed(SEEDS[0] ?? 0),
    results[0],
    'the same seed gives the same trace, twice',
  )
})

t.test('each fault is on in some seeds and off in others', async t => {
  const all = Array.from({ length: 100 }, (_, seed) => clusterOptionsOf(seed))
  for (const kind of [...FAULT_KINDS, ...SCENE_KINDS, ...ADDED_KINDS]) {
    const on = all.filter(options => options.faults.includes(kind)).length
    t.ok(on > 20 && on < 80, `${kind} in ${on} of 100`)
  }
})

for (const [name, fromSeed, faults, noticed] of PLANTED)
  t.test(`${name} is noticed`, async t => {
    const bug = PLANTED_CLUSTER_BUGS.find(each => each.name === name)
    const restore = bug?.plant()
    let violation: string | null = null
    try {
      for (let seed = fromSeed; seed < fromSeed + PLANTED_SEEDS && violation === null; seed++)
        ({ violation } = await runClusterSeed(seed, { faults }))
    } finally {
      restore?.()
    }
    t.match(violation, noticed)
  })
