import { DecisionRuntime } from '@weir/quorum'
import t from 'tap'
import { runControllerSeed } from './controller-sim.ts'

const SEEDS = 3
/** A busy machine must not fail the test. */
const options = { timeout: 180_000 }
t.setTimeout(options.timeout)

t.test(`controllers on the quorum: seeds 1 to ${SEEDS} keep every promise`, options, async t => {
  let decisions = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await runControllerSeed(seed)
    t.equal(result.violation, null, `seed ${seed}`)
    decisions += result.decisions
  }
  t.ok(decisions > SEEDS * 50, `${decisions} decisions were acknowledged`)
})

t.test('the same seed gives the same trace, twice', options, async t => {
  t.same(await runControllerSeed(2), await runControllerSeed(2))
})

t.test(
  'planted: a controller that keeps its state after losing its office is noticed',
  options,
  async t => {
    const original = DecisionRuntime.prototype.leadershipChanged
    DecisionRuntime.prototype.leadershipChanged = function (leadership) {
      if (leadership.isActive || this.machine === null) original.call(this, leadership)
    }
    try {
      let violation: string | null = null
      for (let seed = 1; seed <= 10 && violation === null; seed++)
        violation = (await runControllerSeed(seed)).violation
      t.not(violation, null)
    } finally {
      DecisionRuntime.prototype.leadershipChanged = original
    }
  },
)
